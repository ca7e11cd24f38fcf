"""How notices and notice items are found, refused and shown.

References are masked unless they are revealed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bridge.cli.context import exit_with_error
from bridge.cli.printing import select_fields, show
from bridge.cli.shared.ids import exit_with_unknown_id
from bridge.model import Fact, Notice, NoticeItem, NoticeState
from bridge.rules.notices.answers import ANSWERED_NOTICE_STATES
from bridge.steps.evidence.record_facts import account_key, record_notice_fact
from bridge.store import Tx

ANSWER_FAULTS = {
    "already_answered": "it was answered before",
    "entry_missing": "every item needs an answer: give --all, or --entry for each",
    "entry_unknown": "an --entry is not in this notice",
    "until_missing": "the answer retained needs --until",
    "until_not_ahead": "--until must lie in the future",
    "until_too_far": "--until lies more than a hundred years ahead",
    "law_missing": "the answer retained needs --law",
    "note_too_long": "the note is too long",
}
NOTICE_COLUMNS = (
    "id",
    "shop",
    "processor",
    "via",
    "state",
    "created_at",
    "sent_at",
    "due_at",
    "reminders",
    "answered_at",
    "answered_via",
    "reference",
    "last_error",
)
NOTICE_ITEM_COLUMNS = (
    "id",
    "request_id",
    "processor",
    "names",
    "state",
    "reason",
    "not_before",
    "look_at",
    "status",
    "status_at",
    "answer",
    "law",
    "until",
    "read_back",
)


def find_notice_or_exit(tx: Tx, notice_id: str) -> Notice:
    """Return the notice; exit with 1 if there is none."""
    notice = tx.notices.find_notice(notice_id)
    return notice or exit_with_unknown_id("ntc", notice_id)


def find_unanswered_notice_or_exit(tx: Tx, notice_id: str) -> Notice:
    """Return the notice; exit with 1 if there is none or if it was answered."""
    notice = find_notice_or_exit(tx, notice_id)
    if notice.state in ANSWERED_NOTICE_STATES:
        exit_with_error(f"{notice.id} was answered already: {notice.state}.")
    return notice


def find_notice_item_or_exit(tx: Tx, item_id: str) -> NoticeItem:
    """Return the notice item; exit with 1 if there is none."""
    item = tx.notice_items.find_item(item_id)
    return item or exit_with_unknown_id("ent", item_id)


def find_unsent_item_or_exit(tx: Tx, item_id: str) -> NoticeItem:
    """Return the notice item; exit with 1 if there is none or if it is in a notice already."""
    item = find_notice_item_or_exit(tx, item_id)
    if item.state not in (NoticeState.WAITING, NoticeState.QUEUED):
        exit_with_error(f"{item_id} is in notice {item.notice_id or '-'} already: {item.state}.")
    return item


def save_item_change(item: NoticeItem, fact: Fact, reason: str, tx: Tx, *, operator: str) -> None:
    """Save a changed notice item, record why, and wake what waits for it."""
    tx.notice_items.save_items([item])
    tx.notice_accounts.wake_account(account_key(item))
    tx.notice_items.wake_requests_of_items([item])
    record_notice_fact(fact, [item], tx, actor=operator, entry=item.id, reason=reason)


def show_item_change(item_id: str, change: str) -> None:
    """Print that a notice item was changed."""
    show({"id": item_id, change: True}, f"{item_id} is {change}.")


def notice_row(notice: Notice, item_count: int) -> dict[str, Any]:
    """Return a notice as it is shown."""
    is_late = notice.due_at is not None and notice.due_at < datetime.now(UTC)
    return {
        **select_fields(notice, NOTICE_COLUMNS),
        "entries": item_count,
        "overdue": is_late and notice.state not in ANSWERED_NOTICE_STATES,
        "reason": notice.last_error,
        "not_before": None,
    }


def notice_item_row(item: NoticeItem, *, reveal: bool = False) -> dict[str, Any]:
    """Return a notice item as it is shown."""
    return {
        **select_fields(item, NOTICE_ITEM_COLUMNS),
        "reference": item.reference if reveal else mask_reference(item.reference),
        "also": [number if reveal else mask_reference(number) for number in item.also],
        "order": item.order if reveal else mask_reference(item.order),
        **({"note": item.note} if reveal else {"has_note": bool(item.note)}),
    }


def mask_reference(text: str) -> str:
    """Return the last characters of a reference, at most four and at most a third of it."""
    return f"…{text[-min(4, len(text) // 3) :]}" if len(text) > 2 else "…" * bool(text)


def waiting_items_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a group of notice items that are in no notice yet, in the columns of a notice."""
    return {**dict.fromkeys(NOTICE_COLUMNS), **row, "overdue": False}
