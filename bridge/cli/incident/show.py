"""`incident show`: show where an incident stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.incident.incident_view import INCIDENT_FAULTS, describe_incident_state
from bridge.cli.printing import print_fields, print_table, show
from bridge.cli.shared.ids import REQUEST_ID

CLOCK_COLUMNS = ("to", "due_at", "left", "state", "reported_at", "late")


@json_command("show", example="incident show req_01M84N6EY20CZ9W2PB73FKRKAY")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
def show_incident_command(request_id: str) -> None:
    """Show who must be told by when, what is missing for each notice, how many persons, who approved."""
    with (
        open_command_context() as context,
        exit_on_refusal("Not shown", INCIDENT_FAULTS, about=request_id),
        context.store.transaction() as tx,
    ):
        request = find_request_or_exit(tx, request_id)
        result = describe_incident_state(request, now=context.store.now(), tx=tx, services=context.services)
    show(result, _print_incident)


def _print_incident(result: Mapping[str, Any]) -> None:
    plain = {name: value for name, value in result.items() if name not in ("clocks", "approved_by", "approvals_needed")}
    approvals = f"{len(result['approved_by'])} of {result['approvals_needed']}: {', '.join(result['approved_by'])}"
    print_fields({**plain, "approvals": approvals.rstrip(": ")}, width=18)
    click.echo("\nClocks")
    print_table(result["clocks"], CLOCK_COLUMNS, empty="none")
    for row in result["clocks"]:
        if row["missing"] and row["state"] == "open":
            click.echo(f"  missing for {row['to']}: {', '.join(row['missing'])}")
