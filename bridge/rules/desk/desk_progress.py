"""Turns the progress of nominations, nominees and incidents into what is stored, and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.model import (
    IncidentProgress,
    IncidentRecipient,
    IncidentReport,
    NominationProgress,
    NomineeProgress,
    TaskAction,
)

DeskProgress = NominationProgress | NomineeProgress | IncidentProgress


def encode_desk_detail(progress: DeskProgress) -> dict[str, Any]:
    """Return ids, counts and times of the progress, JSON-ready and without a personal value."""
    values: dict[str, Any]
    match progress:
        case NominationProgress():
            values = {
                "nomination": progress.nomination_id,
                "accepted": progress.accepted,
                "declined": progress.declined,
            }
        case NomineeProgress():
            values = {
                "nomination": progress.nomination_id,
                "opened": progress.opened_request_id,
                "declined": progress.declined,
            }
        case IncidentProgress():
            values = {"reports": list(map(_encode_report, progress.reports)), "letters": progress.letters}
            values |= {} if progress.persons is None else {"persons": str(progress.persons)}
    return {name: value for name, value in values.items() if value}


def decode_desk_progress(action: TaskAction, detail: Mapping[str, Any]) -> DeskProgress:
    """Return the progress of a task of one of these actions from what `encode_desk_detail` wrote."""
    if action is TaskAction.RECORD_NOMINATION:
        return NominationProgress(
            nomination_id=detail.get("nomination", ""),
            accepted=detail.get("accepted", False),
            declined=detail.get("declined", False),
        )
    if action is TaskAction.ADMIT_NOMINEE:
        return NomineeProgress(
            nomination_id=detail.get("nomination", ""),
            opened_request_id=detail.get("opened", ""),
            declined=detail.get("declined", False),
        )
    return IncidentProgress(
        reports=tuple(map(_decode_report, detail.get("reports", ()))),
        persons=int(detail["persons"]) if "persons" in detail else None,
        letters=detail.get("letters", 0),
    )


def _encode_report(report: IncidentReport) -> dict[str, Any]:
    return {"to": report.recipient.value, "at": report.at.isoformat(), "needed": report.is_needed}


def _decode_report(row: Mapping[str, Any]) -> IncidentReport:
    recipient, at = IncidentRecipient(row["to"]), datetime.fromisoformat(row["at"])
    return IncidentReport(recipient=recipient, at=at, is_needed=row["needed"])
