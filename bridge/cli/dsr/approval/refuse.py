"""`dsr refuse`: end a request with a reason of the law."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.dsr.approval.approval_view import DECISION_FAULTS
from bridge.cli.options import free_text_option
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.rules.requests.decisions.refusal_codes import REFUSAL_REASONS
from bridge.steps.requests.approval.end_early import refuse_request


@json_command(
    example="dsr refuse req_01M84N6EY20CZ9W2PB73FKRKAY --code manifestly_unfounded --reason 'ticket 4711' --yes",
    irreversible="The request ends as refused, and the person is told why and how to complain.",
)
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@click.option("--code", required=True, type=click.Choice(sorted(REFUSAL_REASONS)), help="The reason of the law.")
@free_text_option("--reason", "What you found, for the evidence. No names.")
def refuse(request_id: str, code: str, reason: str) -> None:
    """Refuse a request for which nothing was done yet.

    The letter to the person names the reason, the authority to complain to and that a court may be asked.
    """
    with (
        open_command_context() as context,
        exit_on_refusal(f"{request_id}: not refused", DECISION_FAULTS, about=request_id),
    ):
        laws = refuse_request(request_id, code, actor=context.operator, reason=reason, services=context.services)
    result = {"id": request_id, "ending": "refused", "code": code, "laws": laws}
    show(result, f"{request_id}: refused ({'; '.join(laws)}). Record with `dsr deliver` when the person was told.")
