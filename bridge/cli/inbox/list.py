"""`inbox list`."""

from __future__ import annotations

import click

from bridge.cli.context import AS_JSON, desk, since
from bridge.cli.printing import emit, table

LISTED = (
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
@AS_JSON
def list_(state: str | None, topic: str | None, after: str | None, limit: int, as_json: bool) -> None:
    """List deliveries, newest first. Bodies are never shown here."""
    with desk() as at, at.store.transaction() as tx:
        rows = tx.listing.deliveries(state=state or "", topic=topic or "", since=since(after), limit=limit)
    shown = [{name: row[name] for name in LISTED} for row in rows]
    if as_json:
        emit(shown)
    else:
        columns = ("id", "topic", "shop", "state", "reason", "attempts", "received_at", "last_error")
        table(shown, columns, empty="The inbox is empty.")
