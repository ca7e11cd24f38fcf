"""`nomination decline`: end a nomination that is not proven, or the request of somebody who may not act for a person."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.nomination.nomination_view import NOMINATION_FAULTS
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.model import RequestKind
from bridge.steps.desk.admit_nominee import decline_nominee
from bridge.steps.desk.record_nomination import decline_nomination


@json_command("decline", example="nomination decline req_01M84N6EY20CZ9W2PB73FKRKAY --reason 'no nomination stands'")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@REASON_OPTION
def decline_nominee_command(request_id: str, reason: str) -> None:
    """End a nomination that nobody could prove, or a nominee's request: nothing is recorded or opened.

    Another may be opened later.
    """
    with open_command_context() as context, exit_on_refusal("Not declined", NOMINATION_FAULTS, about=request_id):
        with context.store.read() as tx:
            kind = find_request_or_exit(tx, request_id).kind
        decline = decline_nomination if kind is RequestKind.NOMINATION else decline_nominee
        decline(request_id, actor=context.operator, reason=reason, services=context.services)
    show({"id": request_id, "declined": True}, f"{request_id} ends within seconds; nothing was opened.")
