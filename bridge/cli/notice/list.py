"""`notice list`."""

from __future__ import annotations

import click

from bridge.cli.context import JSON_OPTION, open_command_context
from bridge.cli.notice.notice_view import notice_row, waiting_items_row
from bridge.cli.printing import print_json, print_table
from bridge.model import NoticeState

NOTICE_LIST_COLUMNS = (
    "id",
    "processor",
    "state",
    "entries",
    "reason",
    "not_before",
    "sent_at",
    "due_at",
    "answered_at",
)


@click.command("list")
@click.option("--state", type=click.Choice([state.value for state in NoticeState]))
@click.option("--processor", default="")
@click.option("--overdue", is_flag=True, help="Only those whose answer is due and has not come.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000))
@JSON_OPTION
def list_notices_command(state: str | None, processor: str, overdue: bool, limit: int, as_json: bool) -> None:
    """List notices, newest first, then what waits for its day and is in none yet (without an id)."""
    with open_command_context() as at, at.store.transaction() as tx:
        letters = tx.operator_queries.list_notices(state=state or "", processor=processor, limit=limit)
        rows = [notice_row(notice, entries) for notice, entries in letters]
        rows += [
            waiting_items_row(row)
            for row in tx.operator_queries.count_unsent_items(state=state or "", processor=processor)
        ]
    if overdue:
        rows = [row for row in rows if row["overdue"]]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, NOTICE_LIST_COLUMNS, empty="No notices.")
