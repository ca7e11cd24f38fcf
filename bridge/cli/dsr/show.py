"""`dsr show`."""

from __future__ import annotations

import click

from bridge.cli.context import JSON_OPTION, open_command_context
from bridge.cli.dsr.request_view import describe_request, find_request_or_exit
from bridge.cli.printing import print_json, print_table
from bridge.rules.shops.shop_erasure import REMAINING_COUNT_PREFIX


@click.command()
@click.argument("request_id", metavar="ID")
@JSON_OPTION
def show(request_id: str, as_json: bool) -> None:
    """Show one request: its clocks, each system's task, holds and facts. The person is never named."""
    with open_command_context() as at, at.store.transaction() as tx:
        shown = describe_request(tx, find_request_or_exit(tx, request_id))
    if as_json:
        print_json(shown)
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
    print_table(
        shown["tasks"],
        ("system", "action", "state", "outcome", "records", "attempts", "expected_by", "last_error"),
        empty="none",
    )
    for task in shown["tasks"]:
        for gap in task["gaps"]:
            click.echo(f"  gap: {gap['system']}: {gap['what']} ({gap['absence']}, {gap['reason']})")
        for name, count in task["detail"].items():
            if name.startswith(REMAINING_COUNT_PREFIX) and isinstance(count, int):
                click.echo(f"  kept: {count} {name.removeprefix(REMAINING_COUNT_PREFIX).replace('_', ' ')}")
    click.echo("\nHolds")
    print_table(shown["holds"], ("category", "what", "until"), empty="none")
    click.echo("\nFacts")
    print_table(shown["facts"], ("seq", "at", "fact", "actor"), empty="none")
