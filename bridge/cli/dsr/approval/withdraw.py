"""`dsr withdraw`: end a request that the person took back."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.dsr.approval.approval_view import DECISION_FAULTS
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.steps.requests.approval.end_early import withdraw_request


@json_command(
    example="dsr withdraw req_01M84N6EY20CZ9W2PB73FKRKAY --reason 'phone call of 12 Nov' --yes",
    irreversible="The request ends, and the person is told so. Only a new request begins again.",
)
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@REASON_OPTION
def withdraw(request_id: str, reason: str) -> None:
    """End a request that the person took back, before anything was done for it.

    The person can do the same by the link of the acknowledgement.
    """
    with (
        open_command_context() as context,
        exit_on_refusal(f"{request_id}: not withdrawn", DECISION_FAULTS, about=request_id),
    ):
        withdraw_request(request_id, actor=context.operator, reason=reason, services=context.services)
    show({"id": request_id, "ending": "withdrawn"}, f"{request_id}: withdrawn. Nothing was done for it.")
