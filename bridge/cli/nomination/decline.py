"""`nomination decline`: end the request of somebody who may not act for a person."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.nomination.nomination_view import NOMINATION_FAULTS
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.steps.desk.admit_nominee import decline_nominee


@json_command("decline", example="nomination decline req_01M84N6EY20CZ9W2PB73FKRKAY --reason 'no nomination stands'")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@REASON_OPTION
def decline_nominee_command(request_id: str, reason: str) -> None:
    """End a nominee's request: nothing is opened for the person. Another may be opened later."""
    with open_command_context() as context, exit_on_refusal("Not declined", NOMINATION_FAULTS, about=request_id):
        decline_nominee(request_id, actor=context.operator, reason=reason, services=context.services)
    show({"id": request_id, "declined": True}, f"{request_id} ends within seconds; nothing was opened.")
