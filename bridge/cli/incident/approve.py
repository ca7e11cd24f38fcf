"""`incident approve`: one of the two approvals that it needs."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.options import REASON_OPTION
from bridge.cli.shared.ids import REQUEST_ID
from bridge.cli.shared.two_person_command import approve_and_show


@json_command("approve", example="incident approve req_01M84N6EY20CZ9W2PB73FKRKAY --reason 'read and correct'")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@REASON_OPTION
def approve_incident_command(request_id: str, reason: str) -> None:
    """Approve, as one of two people, what an incident says now. Nothing goes out before; a change of it voids it."""
    approve_and_show(request_id, reason)
