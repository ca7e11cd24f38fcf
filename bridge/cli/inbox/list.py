"""`inbox list`: list the deliveries."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.selection.filter_options import filter_options
from bridge.cli.selection.paging import AFTER_FAULTS, show_page, show_reasons
from bridge.model import DeliveryState
from bridge.store.selection.row_filter import RowFilter

DELIVERY_COLUMNS = (
    "id",
    "shop",
    "topic",
    "webhook_id",
    "event_id",
    "state",
    "reason",
    "attempts",
    "received_at",
    "triggered_at",
    "last_error",
)
DELIVERY_TABLE_COLUMNS = ("id", "topic", "shop", "state", "reason", "attempts", "received_at", "last_error")


@json_command(
    "list", example="inbox list --state failed --since 3d\ninbox list --by-reason\ninbox list --needs-action --json"
)
@filter_options(
    *("state", "topic", "shop", "needs_action", "failed", "since", "reason_class", "after"),
    choices={"state": tuple(DeliveryState)},
    renamed={"reason_class": "--reason"},
)
@click.option("--by-reason", is_flag=True, help="Count the failed and rejected ones by their reason instead.")
def list_deliveries_command(wanted: RowFilter, by_reason: bool) -> None:
    """List deliveries, newest first. Bodies are never shown here."""
    with open_command_context() as context, context.store.read() as tx, exit_on_refusal("Not listed", AFTER_FAULTS):
        if by_reason:
            show_reasons(tx.selection.count_delivery_reasons(wanted), noun="deliveries", is_delivery=True)
            return
        page = tx.selection.select_deliveries(wanted)
        rows = [{name: delivery[name] for name in DELIVERY_COLUMNS} for delivery in page.rows]
        show_page(page, rows, DELIVERY_TABLE_COLUMNS, noun="deliveries", empty="The inbox is empty.", wanted=wanted)
