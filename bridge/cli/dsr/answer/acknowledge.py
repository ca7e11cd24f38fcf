"""`dsr acknowledge`: record that the receipt of a request was acknowledged."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.dsr.answer.answer_view import ANSWER_FAULTS
from bridge.cli.options import free_text_option
from bridge.cli.printing import show
from bridge.cli.shared.dates import When, format_time, when_option
from bridge.cli.shared.ids import REQUEST_ID
from bridge.steps.requests.record_answer_given import record_receipt_acknowledgement

ACKNOWLEDGEMENT_FAULTS = ANSWER_FAULTS | {"delivered_before_ready": "--on lies before the request was received"}


@json_command(example="dsr acknowledge req_01M84N6EY20CZ9W2PB73FKRKAY --by e-mail --on 2026-11-30")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@free_text_option("--by", "How it went: 'e-mail', 'telephone'. It is evidence: no names.")
@when_option("--on", "acknowledged_on", meaning="When it was acknowledged. [default: now]")
def acknowledge(request_id: str, by: str, acknowledged_on: When | None) -> None:
    """Record that the receipt of a request was acknowledged to the data subject.

    The bridge sends nothing by itself. `evidence register` counts the hours from the receipt to the first acknowledgement.
    """
    with (
        open_command_context() as context,
        exit_on_refusal(f"{request_id}: not recorded", ACKNOWLEDGEMENT_FAULTS, about=request_id),
    ):
        on = acknowledged_on.resolve_day_or_time(context.merchant_zone) if acknowledged_on else None
        at, late = record_receipt_acknowledgement(
            request_id, channel=by, on=on, actor=context.operator, services=context.services
        )
    shown = {"id": request_id, "acknowledged_at": at, "late": late}
    show(shown, f"{request_id} was acknowledged at {format_time(at)}{', late' if late else ', in time'}.")
