"""`dsr show`."""

from __future__ import annotations

import click

from bridge.cli.context import AS_JSON, desk
from bridge.cli.dsr.request_view import described, find
from bridge.cli.printing import emit, table
from bridge.rules.shops.shop_erasure import KEPT


@click.command()
@click.argument("request_id", metavar="ID")
@AS_JSON
def show(request_id: str, as_json: bool) -> None:
    """Show one request: its clocks, each system's task, holds and facts. The person is never named."""
    with desk() as at, at.store.transaction() as tx:
        shown = described(tx, find(tx, request_id))
    if as_json:
        emit(shown)
        return
    for name in (
        "id",
        "kind",
        "shop",
        "state",
        "complete",
        "received_at",
        "due_at",
        "due_governed_by",
        "closed_at",
    ):
        click.echo(f"{name.replace('_', ' '):18} {shown[name] if shown[name] is not None else '-'}")
    click.echo("\nTasks")
    table(
        shown["tasks"],
        ("system", "action", "state", "outcome", "records", "attempts", "expected_by", "last_error"),
        empty="none",
    )
    for task in shown["tasks"]:
        for gap in task["gaps"]:
            click.echo(f"  gap: {gap['system']}: {gap['what']} ({gap['absence']}, {gap['reason']})")
        for name, count in task["detail"].items():
            if name.startswith(KEPT) and isinstance(count, int):
                click.echo(f"  kept: {count} {name.removeprefix(KEPT).replace('_', ' ')}")
    click.echo("\nHolds")
    table(shown["holds"], ("category", "what", "until"), empty="none")
    click.echo("\nFacts")
    table(shown["facts"], ("seq", "at", "fact", "actor"), empty="none")
