"""`dsr approve`: approve the plan of a request, so that it may act."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.dsr.approval.approval_view import DECISION_FAULTS, build_approval_view, describe_next
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.steps.requests.approval.approve import approve_request


@json_command(
    example="dsr approve req_01M84N6EY20CZ9W2PB73FKRKAY --as devi",
    irreversible="What the plan says is carried out: what is erased does not come back.",
)
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@click.option("--plan", "plan_digest", default="", metavar="DIGEST", help="As `dsr plan` shows it. [default: the last]")
def approve(request_id: str, plan_digest: str) -> None:
    """Approve the plan of a request as `dsr plan` showed it last, so that the request may act.

    Refused if the plan has changed since. Where two people must approve, the second one approves the same plan. An
    erasure begins when the time in which the person can take it back is over.
    """
    with (
        open_command_context() as context,
        exit_on_refusal(f"{request_id}: not approved", DECISION_FAULTS, about=request_id),
    ):
        status = approve_request(request_id, actor=context.operator, plan_digest=plan_digest, services=context.services)
    result = {"id": request_id, "approval": build_approval_view(status)}
    show(result, f"{request_id}: approved by {context.operator}. {describe_next(request_id, status)}")
