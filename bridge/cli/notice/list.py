"""`notice list`."""

from __future__ import annotations

import click

from bridge.cli.context import AS_JSON, desk
from bridge.cli.notice.notice_view import letter_row, waits
from bridge.cli.printing import emit, table
from bridge.model import NoticeState

COLUMNS = ("id", "processor", "state", "entries", "reason", "not_before", "sent_at", "due_at", "answered_at")


@click.command("list")
@click.option("--state", type=click.Choice([state.value for state in NoticeState]))
@click.option("--processor", default="")
@click.option("--overdue", is_flag=True, help="Only those whose answer is due and has not come.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000))
@AS_JSON
def list_(state: str | None, processor: str, overdue: bool, limit: int, as_json: bool) -> None:
    """List notices, newest first, then what waits for its day and is in none yet (without an id)."""
    with desk() as at, at.store.transaction() as tx:
        letters = tx.listing.notices(state=state or "", processor=processor, limit=limit)
        rows = [letter_row(notice, entries) for notice, entries in letters]
        rows += [waits(row) for row in tx.listing.waiting(state=state or "", processor=processor)]
    if overdue:
        rows = [row for row in rows if row["overdue"]]
    if as_json:
        emit(rows)
    else:
        table(rows, COLUMNS, empty="No notices.")
