"""`notice list`: list the notices, and the items that are in no notice yet."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import name_shops, open_command_context
from bridge.cli.notice.notice_view import notice_row, waiting_items_row
from bridge.cli.options import LIMIT
from bridge.cli.printing import show_table
from bridge.model import NoticeState

LIST_COLUMNS = (
    "id",
    "shop",
    "processor",
    "state",
    "entries",
    "reason",
    "not_before",
    "sent_at",
    "due_at",
    "answered_at",
)


@json_command("list", example="notice list --overdue\nnotice list --state queued --json")
@click.option("--state", type=click.Choice([state.value for state in NoticeState]), help="Only notices in this state.")
@click.option("--processor", default="", help="Only notices to this processor, an id of the merchant file.")
@click.option("--overdue", is_flag=True, help="Only notices whose answer is overdue.")
@click.option("--limit", default=100, show_default=True, type=LIMIT, help="At most this many.")
def list_notices_command(state: str | None, processor: str, overdue: bool, limit: int) -> None:
    """List notices, newest first; then, without an id, the items that wait and are in no notice yet."""
    with open_command_context() as context, context.store.transaction() as tx:
        notices = tx.operator_queries.list_notices(state=state or "", processor=processor, limit=limit)
        unsent = tx.operator_queries.count_unsent_items(state=state or "", processor=processor)
        listed = [*(notice_row(notice, item_count) for notice, item_count in notices), *map(waiting_items_row, unsent)]
        rows = name_shops(listed, tx)
        if processor and not rows:
            context.require_known_processor(processor)
    if overdue:
        rows = [row for row in rows if row["overdue"]]
    show_table(rows, LIST_COLUMNS, empty="No notices.")
