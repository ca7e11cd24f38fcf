"""Hold back: records that a processor was not told of yet wait for a matter to end: a claim, an operator's word.

What is in a letter that went out stays there; should it be told again, it waits. Decides nothing about time:
`rules/asking` does, from the matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model import NoticeItem, NoticeState, PrivacyRequest
from bridge.services import Services
from bridge.steps.evidence.record_facts import account_key

if TYPE_CHECKING:
    from bridge.store import Tx

UNSENT_STATES = (NoticeState.WAITING, NoticeState.QUEUED)
LEGAL_HOLD_PREFIX = "claim/"  # before the id of a claim: a matter that is open until the claim is released


def pause_items(items: Iterable[NoticeItem], blocker: str, *, tx: Tx, services: Services) -> int:
    """Add the matter; returns how many records wait for it. Raises ChangedMeanwhile."""
    held = [
        _reset_to_waiting(
            replace(entry, matters=tuple(sorted({*entry.matters, blocker})), released=False), services
        )
        for entry in items
        if entry.reference and blocker not in entry.matters
    ]
    return _save_and_wake_items(held, tx)


def resume_items(items: Iterable[NoticeItem], blocker: str, *, tx: Tx, services: Services) -> int:
    """Take the matter back; whatever else they wait for stays. Returns how many. Raises ChangedMeanwhile."""
    free = [
        _reset_to_waiting(replace(entry, matters=tuple(sorted({*entry.matters} - {blocker}))), services)
        for entry in items
        if blocker in entry.matters
    ]
    return _save_and_wake_items(free, tx)


def add_legal_hold_blockers(
    items: Sequence[NoticeItem], request: PrivacyRequest, *, tx: Tx
) -> Sequence[NoticeItem]:
    """New entries with the claims that live on their person or on their order."""
    claims = tx.legal_holds.find_legal_hold_ids_by_order_id(request, {entry.order_id for entry in items})
    return [
        replace(
            entry, matters=tuple(sorted({*entry.matters, *(LEGAL_HOLD_PREFIX + claim for claim in theirs)}))
        )
        if (theirs := claims[entry.order_id])
        else entry
        for entry in items
    ]


def _reset_to_waiting(item: NoticeItem, services: Services) -> NoticeItem:
    if item.state not in UNSENT_STATES:
        return item
    return replace(item, state=NoticeState.WAITING, notice_id="", look_at=services.clock.now())


def _save_and_wake_items(items: Sequence[NoticeItem], tx: Tx) -> int:
    tx.notice_items.save_items(items)
    waiting = [entry for entry in items if entry.state in UNSENT_STATES]
    for each in sorted({account_key(entry) for entry in waiting}):
        tx.notice_accounts.wake_account(each)
    tx.notice_items.wake_requests_of_items(waiting)
    return len(waiting)
