"""One notice and one entry as they are shown: what names a record is masked unless it is revealed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bridge.cli.context import exit_with_error
from bridge.model import Notice, NoticeItem
from bridge.rules.notices.answers import ANSWERED_NOTICE_STATES
from bridge.store.sql import SqlTx

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


def find_notice_or_exit(tx: SqlTx, notice_id: str) -> Notice:
    """The notice; ends the command with 1 where there is none."""
    notice = tx.notices.find_notice(notice_id)
    if notice is None:
        exit_with_error(f"There is no notice {notice_id}. `notice list` shows them.")
    return notice


def find_notice_item_or_exit(tx: SqlTx, item_id: str) -> NoticeItem:
    """The entry; ends the command with 1 where there is none."""
    entry = tx.notices.find_item(item_id)
    if entry is None:
        exit_with_error(f"There is no entry {item_id}. `notice show` of a notice lists its entries.")
    return entry


def notice_row(notice: Notice, item_count: int) -> dict[str, Any]:
    """A notice as shown."""
    late = (
        notice.due_at is not None
        and notice.due_at < datetime.now(UTC)
        and notice.state not in ANSWERED_NOTICE_STATES
    )
    told = {name: getattr(notice, name) for name in NOTICE_COLUMNS}
    return {**told, "entries": item_count, "overdue": late, "reason": notice.last_error, "not_before": None}


def notice_item_row(item: NoticeItem, *, reveal: bool = False) -> dict[str, Any]:
    """An entry as shown."""
    shown = {name: getattr(item, name) for name in NOTICE_ITEM_COLUMNS}
    return {
        **shown,
        "reference": item.reference if reveal else mask_reference(item.reference),
        "also": [number if reveal else mask_reference(number) for number in item.also],
        "order": item.order if reveal else mask_reference(item.order),
        **({"note": item.note} if reveal else {"has_note": bool(item.note)}),
    }


def mask_reference(text: str) -> str:
    """A few signs of the end, for telling two apart: at most a third."""
    return f"…{text[-min(4, len(text) // 3) :]}" if len(text) > 2 else "…" * bool(text)


def waiting_items_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A group of entries that are in no letter yet, in the same columns as a notice."""
    return {**dict.fromkeys(NOTICE_COLUMNS), **row, "overdue": False}
