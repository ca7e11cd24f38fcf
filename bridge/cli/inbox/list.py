"""`inbox list`: list the deliveries."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.options import parse_since
from bridge.cli.printing import show_table

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
@click.option("--state", type=click.Choice(["received", "done", "failed", "rejected"]))
@click.option("--needs-action", is_flag=True, help="Only mandatory webhooks that nobody has acted on.")
@click.option("--topic", help="Only this topic, for example customers/redact.")
@click.option("--since", "after", help="Only deliveries since then: 30m, 2h, 3d or a date.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000))
def list_deliveries_command(
    state: str | None, needs_action: bool, topic: str | None, after: str | None, limit: int
) -> None:
    """List deliveries, newest first. Bodies are never shown here."""
    with open_command_context() as context, context.store.transaction() as tx:
        deliveries = tx.operator_queries.list_deliveries(
            state=state or "", topic=topic or "", since=parse_since(after), limit=limit, needs_action=needs_action
        )
    rows = [{name: delivery[name] for name in DELIVERY_COLUMNS} for delivery in deliveries]
    show_table(rows, DELIVERY_TABLE_COLUMNS, empty="The inbox is empty.")
