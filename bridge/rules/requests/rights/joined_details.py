"""Decides what a request asks for after a second one joined it. Pure."""

from __future__ import annotations

from dataclasses import replace

from bridge.model import CorrectionParticulars, ObjectionParticulars, Particulars, RequestDetails


def merge_details(known: RequestDetails, given: RequestDetails) -> RequestDetails:
    """Return the details of both: what is given later goes before, and what was asked for stays asked for."""
    return RequestDetails(
        particulars=_merge_particulars(known.particulars, given.particulars), contact=given.contact or known.contact
    )


def _merge_particulars(known: Particulars | None, given: Particulars | None) -> Particulars | None:
    if isinstance(known, ObjectionParticulars) and isinstance(given, ObjectionParticulars):
        purposes = tuple(dict.fromkeys((*known.purposes, *given.purposes)))
        return replace(given, purposes=purposes, grounds=given.grounds or known.grounds)
    if isinstance(known, CorrectionParticulars) and isinstance(given, CorrectionParticulars):
        changes = {change.field: change for change in known.changes}
        for change in given.changes:
            # asked for again in the same words: what was remembered of it stays
            same = changes.get(change.field)
            changes[change.field] = same if same and same.new == change.new else change
        return replace(given, changes=tuple(changes.values()), proof=given.proof or known.proof)
    return given or known
