"""`notice list`: list the notices, and the items that are in no notice yet."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, name_shops, open_command_context
from bridge.cli.notice.notice_view import notice_row, waiting_items_row
from bridge.cli.selection.filter_options import filter_options
from bridge.cli.selection.paging import AFTER_FAULTS, show_page, show_reasons
from bridge.model import NoticeChannel, NoticeState
from bridge.store.selection.row_filter import RowFilter

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


@json_command("list", example="notice list --overdue\nnotice list --by-reason")
@filter_options(
    *("state", "system", "kind", "shop", "overdue", "failed", "reason_class", "since", "after"),
    choices={"state": tuple(NoticeState), "kind": tuple(NoticeChannel)},
    renamed={"system": "--processor"},
)
@click.option("--by-reason", is_flag=True, help="Count those that did not arrive or cannot go out instead.")
def list_notices_command(wanted: RowFilter, by_reason: bool) -> None:
    """List notices, newest first; then, without an id, the items that wait and are in no notice yet.

    A kind is the channel by which a notice goes out.
    """
    with open_command_context() as context, context.store.read() as tx, exit_on_refusal("Not listed", AFTER_FAULTS):
        if by_reason:
            show_reasons(tx.selection.count_notice_reasons(wanted), noun="notices")
            return
        page = tx.selection.select_notices(wanted)
        listed = [notice_row(notice, item_count) for notice, item_count in page.rows]
        if not page.has_more and wanted.list_given().keys() <= {"state", "system"}:
            unsent = tx.operator_queries.count_unsent_items(state=wanted.state, processor=wanted.system)
            listed += map(waiting_items_row, unsent)
        rows = name_shops(listed, tx)
        show_page(page, rows, LIST_COLUMNS, noun="notices", empty="No notices.", wanted=wanted)
