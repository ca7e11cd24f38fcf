"""`nomination accept`: let a nomination that came by page or mail be recorded."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.nomination.nomination_view import NOMINATION_FAULTS
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.steps.desk.record_nomination import accept_nomination


@json_command("accept", example="nomination accept req_01M84N6EY20CZ9W2PB73FKRKAY --reason 'called back'")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@REASON_OPTION
def accept_nomination_command(request_id: str, reason: str) -> None:
    """Record that you made sure who asked for a nomination, although no code to the address came back."""
    with open_command_context() as context, exit_on_refusal("Not accepted", NOMINATION_FAULTS, about=request_id):
        accept_nomination(request_id, actor=context.operator, reason=reason, services=context.services)
    show({"id": request_id, "accepted": True}, f"{request_id}: the nomination is recorded within seconds.")
