"""`dsr acknowledge`: record that the receipt of a request was acknowledged."""

from __future__ import annotations

from datetime import date, datetime

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.dsr.answer.answer_view import ANSWER_FAULTS, DayOrTimeParam
from bridge.cli.options import free_text_option
from bridge.cli.printing import show
from bridge.steps.requests.record_answer_given import record_receipt_acknowledgement

ACKNOWLEDGEMENT_FAULTS = ANSWER_FAULTS | {"delivered_before_ready": "--on lies before the request was received"}


@json_command()
@click.argument("request_id", metavar="ID")
@free_text_option("--by", "How it went: 'e-mail', 'telephone'. It is evidence: no names.")
@click.option(
    "--on",
    "acknowledged_on",
    type=DayOrTimeParam(),
    help="When, where the merchant is: 2026-11-30 or 2026-11-30T14:00. [default: now]",
)
def acknowledge(request_id: str, by: str, acknowledged_on: date | datetime | None) -> None:
    """Record that the receipt of a request was acknowledged to the data subject.

    The bridge sends nothing by itself. `evidence register` counts the hours from the receipt to the first acknowledgement.
    """
    with open_command_context() as context, exit_on_refusal(f"{request_id}: not recorded", ACKNOWLEDGEMENT_FAULTS):
        at, late = record_receipt_acknowledgement(
            request_id, channel=by, on=acknowledged_on, actor=context.operator, services=context.services
        )
    shown = {"id": request_id, "acknowledged_at": at, "late": late}
    show(shown, f"{request_id} was acknowledged at {at:%Y-%m-%d %H:%M} UTC{', late' if late else ', in time'}.")
