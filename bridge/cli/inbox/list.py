"""`inbox list`: list the deliveries."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.options import LIMIT
from bridge.cli.printing import show_table
from bridge.cli.shared.dates import When, when_option

DELIVERY_STATE = click.Choice(["received", "done", "failed", "rejected"])
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


@json_command("list", example="inbox list --state failed --since 3d\ninbox list --needs-action --json")
@click.option("--state", type=DELIVERY_STATE, help="Only deliveries in this state.")
@click.option("--needs-action", is_flag=True, help="Only mandatory webhooks that nobody has acted on.")
@click.option("--topic", help="Only this topic, for example customers/redact.")
@when_option("--since", "after", meaning="Only deliveries since then.")
@click.option("--limit", default=100, show_default=True, type=LIMIT, help="At most this many.")
def list_deliveries_command(
    state: str | None, needs_action: bool, topic: str | None, after: When | None, limit: int
) -> None:
    """List deliveries, newest first. Bodies are never shown here."""
    with open_command_context() as context, context.store.transaction() as tx:
        since = after.resolve(context.merchant_zone) if after else None
        deliveries = tx.operator_queries.list_deliveries(
            state=state or "", topic=topic or "", since=since, limit=limit, needs_action=needs_action
        )
    rows = [{name: delivery[name] for name in DELIVERY_COLUMNS} for delivery in deliveries]
    show_table(rows, DELIVERY_TABLE_COLUMNS, empty="The inbox is empty.")
