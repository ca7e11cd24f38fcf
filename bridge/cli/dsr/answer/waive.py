"""`dsr waive`: record that the data subject gave the answer to a request up."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.dsr.answer.answer_view import ANSWER_FAULTS
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.steps.requests.record_answer_given import waive_answer


@json_command(
    example="dsr waive req_01M84N6EY20CZ9W2PB73FKRKAY --reason 'ticket 4711' --dry-run",
    irreversible="Nothing waits for the access package any more: an erasure destroys it.",
)
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@REASON_OPTION
def waive(request_id: str, reason: str) -> None:
    """Record that the data subject gave the answer up, for example because the erasure is wanted at once.

    Nothing waits for the access package any more: an erasure of the same data subject destroys it.
    """
    with (
        open_command_context() as context,
        exit_on_refusal(f"{request_id}: not recorded", ANSWER_FAULTS, about=request_id),
    ):
        waive_answer(request_id, actor=context.operator, reason=reason, services=context.services)
    show({"id": request_id, "waived": True}, f"{request_id}: the answer is waived. Nothing waits for it any more.")
