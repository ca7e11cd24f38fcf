"""Pauses notice items that were not sent yet until a blocker ends: a legal hold, or an operator's decision.

An item of a notice that was sent stays as it is; should it be sent again, it waits. When an item is due, `rules/notices/timing`
decides by its blockers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model import NoticeItem, NoticeState
from bridge.services import Services
from bridge.steps.evidence.record_facts import account_key

if TYPE_CHECKING:
    from bridge.store import Tx

UNSENT_STATES = (NoticeState.WAITING, NoticeState.QUEUED)
LEGAL_HOLD_PREFIX = "claim/"  # before the id of a legal hold: a blocker until the hold is released


def pause_items(items: Iterable[NoticeItem], blocker: str, *, tx: Tx, services: Services) -> int:
    """Add the blocker. Return how many items wait for it. Raises ConcurrentChange."""
    paused = [
        _reset_to_waiting(replace(item, matters=tuple(sorted({*item.matters, blocker})), released=False), services)
        for item in items
        if item.reference and blocker not in item.matters
    ]
    return _save_and_wake_items(paused, tx)


def resume_items(items: Iterable[NoticeItem], blocker: str, *, tx: Tx, services: Services) -> int:
    """Remove the blocker; the items' other blockers stay. Return how many items it was on. Raises ConcurrentChange."""
    resumed = [
        _reset_to_waiting(replace(item, matters=tuple(sorted({*item.matters} - {blocker}))), services)
        for item in items
        if blocker in item.matters
    ]
    return _save_and_wake_items(resumed, tx)


def _reset_to_waiting(item: NoticeItem, services: Services) -> NoticeItem:
    if item.state not in UNSENT_STATES:
        return item
    return replace(item, state=NoticeState.WAITING, notice_id="", look_at=services.clock.now())


def _save_and_wake_items(items: Sequence[NoticeItem], tx: Tx) -> int:
    tx.notice_items.save_items(items)
    waiting = [item for item in items if item.state in UNSENT_STATES]
    for account in sorted({account_key(item) for item in waiting}):
        tx.notice_accounts.wake_account(account)
    tx.notice_items.wake_requests_of_items(waiting)
    return len(waiting)
