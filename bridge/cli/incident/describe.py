"""`incident describe`: add to what is known of an incident."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.files.input_files import INPUT_FILE
from bridge.cli.files.particulars import read_mapping
from bridge.cli.incident.incident_view import INCIDENT_FAULTS
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.steps.desk.incidents.describe_incident import describe_incident

FIELDS_HELP = (
    "A JSON object, from a file or - for stdin, with any of: text, occurred, location, consequences, measures, advice, "
    "causes, culprit, prevention."
)


@json_command("describe", example="incident describe req_01M84N6EY20CZ9W2PB73FKRKAY --particulars - < facts.json")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@click.option("--particulars", "source", required=True, type=INPUT_FILE, help=FIELDS_HELP)
def describe_incident_command(request_id: str, source: Path) -> None:
    """Replace what is known of an incident by what you give; the rest stays. Approvals so far no longer count."""
    given = read_mapping(source)
    with open_command_context() as context, exit_on_refusal("Not changed", INCIDENT_FAULTS, about=request_id):
        changed = describe_incident(request_id, given, actor=context.operator, services=context.services)
    show({"id": request_id, "changed": changed}, f"{request_id}: changed {', '.join(changed) or 'nothing'}.")
