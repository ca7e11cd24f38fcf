"""Hold back: records that a processor was not told of yet wait for a matter to end: a claim, an operator's word.

What is in a letter that went out stays there; should it be told again, it waits. Decides nothing about time:
`rules/asking` does, from the matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bridge.model import Entry, NoticeState, PrivacyRequest
from bridge.ports import Services, Tx
from bridge.steps.evidence.record_facts import account

NOT_OUT = (NoticeState.WAITING, NoticeState.QUEUED)
CLAIM = "claim/"  # before the id of a claim: a matter that is open until the claim is released


def hold_back(entries: Iterable[Entry], matter: str, *, tx: Tx, services: Services) -> int:
    """Add the matter; returns how many records wait for it. Raises ChangedMeanwhile."""
    held = [
        _looked_at(replace(entry, matters=tuple(sorted({*entry.matters, matter})), released=False), services)
        for entry in entries
        if entry.reference and matter not in entry.matters
    ]
    return _save(held, tx)


def let_go(entries: Iterable[Entry], matter: str, *, tx: Tx, services: Services) -> int:
    """Take the matter back; whatever else they wait for stays. Returns how many. Raises ChangedMeanwhile."""
    free = [
        _looked_at(replace(entry, matters=tuple(sorted({*entry.matters} - {matter}))), services)
        for entry in entries
        if matter in entry.matters
    ]
    return _save(free, tx)


def bound(entries: Sequence[Entry], request: PrivacyRequest, *, tx: Tx) -> Sequence[Entry]:
    """New entries with the claims that live on their person or on their order."""
    claims = tx.legal_claims.binding(request, {entry.order_id for entry in entries})
    return [
        replace(entry, matters=tuple(sorted({*entry.matters, *(CLAIM + claim for claim in theirs)})))
        if (theirs := claims[entry.order_id])
        else entry
        for entry in entries
    ]


def _looked_at(entry: Entry, services: Services) -> Entry:
    if entry.state not in NOT_OUT:
        return entry
    return replace(entry, state=NoticeState.WAITING, notice_id="", look_at=services.clock.now())


def _save(entries: Sequence[Entry], tx: Tx) -> int:
    tx.notices.save_entries(entries)
    waiting = [entry for entry in entries if entry.state in NOT_OUT]
    for each in sorted({account(entry) for entry in waiting}):
        tx.notices.wake(each)
    tx.notices.touch(waiting)
    return len(waiting)
