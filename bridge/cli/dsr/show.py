"""`dsr show`: show one request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.dsr.dsr_view import REQUEST_COLUMNS, describe_request, find_request_or_exit
from bridge.cli.printing import print_fields, print_table, show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.rules.requests.progress_codec import REMAINING_PREFIX

TASK_COLUMNS = ("system", "action", "state", "outcome", "records", "attempts", "expected_by", "last_error")


@json_command("show", example="dsr show req_01M84N6EY20CZ9W2PB73FKRKAY")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
def show_request_command(request_id: str) -> None:
    """Show one request: its clocks, the task of each system, holds and facts. It never names the data subject."""
    with open_command_context() as context, context.store.transaction() as tx:
        request = describe_request(tx, find_request_or_exit(tx, request_id))
    show(request, _print_request)


def _print_request(request: Mapping[str, Any]) -> None:
    heading = {name: request[name] for name in REQUEST_COLUMNS}
    print_fields({**heading, "late": request["late"]}, width=18)
    if request["identity"]:
        click.echo("\nWho asks")
        print_fields(request["identity"], width=18)
    click.echo("\nTasks")
    several = len({task.get("customer", "") for task in request["tasks"]} - {""}) > 1
    rows = [{"customer": "", **task} for task in request["tasks"]]
    print_table(rows, (*TASK_COLUMNS, "customer") if several else TASK_COLUMNS, empty="none")
    for task in request["tasks"]:
        for gap in task["gaps"]:
            click.echo(f"  gap: {gap['system']}: {gap['what']} ({gap['absence']}, {gap['reason']})")
        for name, count in task["detail"].items():
            if name.startswith(REMAINING_PREFIX) and isinstance(count, int):
                click.echo(f"  kept: {count} {name.removeprefix(REMAINING_PREFIX).replace('_', ' ')}")
    click.echo("\nHolds")
    print_table(request["holds"], ("category", "what", "until"), empty="none")
    click.echo("\nFacts")
    print_table(request["facts"], ("seq", "at", "fact", "actor"), empty="none")
