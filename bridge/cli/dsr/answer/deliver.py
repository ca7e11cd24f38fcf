"""`dsr deliver`: record that the answer to a request reached the data subject."""

from __future__ import annotations

from datetime import date, datetime

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.dsr.answer.answer_view import ANSWER_FAULTS, DayOrTimeParam
from bridge.cli.options import free_text_option
from bridge.cli.printing import show
from bridge.steps.requests.record_answer_given import record_delivery


@json_command()
@click.argument("request_id", metavar="ID")
@free_text_option("--by", "How it went: 'e-mail', 'registered post', 'in person'. It is evidence: no names.")
@click.option(
    "--on",
    "delivered_on",
    type=DayOrTimeParam(),
    help="When it reached the data subject, where the merchant is: 2026-11-30 or 2026-11-30T14:00. [default: now]",
)
def deliver(request_id: str, by: str, delivered_on: date | datetime | None) -> None:
    """Record that the answer reached the data subject.

    Only then an access request, and an erasure that was opened by hand, counts as answered; whether it is late counts
    from here. An erasure of the same data subject that waited for the access package goes on.
    """
    with open_command_context() as context, exit_on_refusal(f"{request_id}: not recorded", ANSWER_FAULTS):
        at, late = record_delivery(
            request_id, channel=by, on=delivered_on, actor=context.operator, services=context.services
        )
    shown = {"id": request_id, "answered_at": at, "late": late}
    show(shown, f"{request_id} was answered at {at:%Y-%m-%d %H:%M} UTC{', late' if late else ', in time'}.")
