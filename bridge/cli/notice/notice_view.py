"""One notice and one entry as they are shown: what names a record is masked unless it is revealed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bridge.cli.context import refuse
from bridge.model import Entry, Notice
from bridge.rules.notices.answers import ANSWERED
from bridge.store.sql import SqlTx

LETTER = (
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
LINE = (
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


def find(tx: SqlTx, notice_id: str) -> Notice:
    """The notice; ends the command with 1 where there is none."""
    notice = tx.notices.notice(notice_id)
    if notice is None:
        refuse(f"There is no notice {notice_id}. `notice list` shows them.")
    return notice


def find_entry(tx: SqlTx, entry_id: str) -> Entry:
    """The entry; ends the command with 1 where there is none."""
    entry = tx.notices.entry(entry_id)
    if entry is None:
        refuse(f"There is no entry {entry_id}. `notice show` of a notice lists its entries.")
    return entry


def letter_row(notice: Notice, entries: int) -> dict[str, Any]:
    """A notice as shown."""
    late = notice.due_at is not None and notice.due_at < datetime.now(UTC) and notice.state not in ANSWERED
    told = {name: getattr(notice, name) for name in LETTER}
    return {**told, "entries": entries, "overdue": late, "reason": notice.last_error, "not_before": None}


def entry_row(entry: Entry, *, reveal: bool = False) -> dict[str, Any]:
    """An entry as shown."""
    shown = {name: getattr(entry, name) for name in LINE}
    return {
        **shown,
        "reference": entry.reference if reveal else masked(entry.reference),
        "also": [number if reveal else masked(number) for number in entry.also],
        "order": entry.order if reveal else masked(entry.order),
        **({"note": entry.note} if reveal else {"has_note": bool(entry.note)}),
    }


def masked(text: str) -> str:
    """A few signs of the end, for telling two apart: at most a third."""
    return f"…{text[-min(4, len(text) // 3) :]}" if len(text) > 2 else "…" * bool(text)


def waits(row: Mapping[str, Any]) -> dict[str, Any]:
    """A group of entries that are in no letter yet, in the same columns as a notice."""
    return {**dict.fromkeys(LETTER), **row, "overdue": False}
