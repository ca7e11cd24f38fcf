"""`inbox list`."""

from __future__ import annotations

import click

from bridge.cli.context import JSON_OPTION, open_command_context, parse_since
from bridge.cli.printing import print_json, print_table

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


@click.command("list")
@click.option("--state", type=click.Choice(["received", "done", "failed", "rejected"]))
@click.option("--topic", help="Only this topic, e.g. customers/redact.")
@click.option("--since", "after", help="Only newer ones: 30m, 2h, 3d or a date.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000))
@JSON_OPTION
def list_deliveries_command(
    state: str | None, topic: str | None, after: str | None, limit: int, as_json: bool
) -> None:
    """List deliveries, newest first. Bodies are never shown here."""
    with open_command_context() as at, at.store.transaction() as tx:
        rows = tx.operator_queries.list_deliveries(
            state=state or "", topic=topic or "", since=parse_since(after), limit=limit
        )
    shown = [{name: row[name] for name in DELIVERY_COLUMNS} for row in rows]
    if as_json:
        print_json(shown)
    else:
        columns = ("id", "topic", "shop", "state", "reason", "attempts", "received_at", "last_error")
        print_table(shown, columns, empty="The inbox is empty.")
