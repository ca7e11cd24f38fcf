"""`dsr deliver`: record that the answer to a request reached the data subject."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.dsr.answer.answer_view import ANSWER_FAULTS
from bridge.cli.options import free_text_option
from bridge.cli.printing import show
from bridge.cli.shared.dates import When, format_time, when_option
from bridge.cli.shared.ids import REQUEST_ID
from bridge.steps.requests.record_answer_given import record_delivery


@json_command(example="dsr deliver req_01M84N6EY20CZ9W2PB73FKRKAY --by 'registered post' --on 2026-11-30")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@free_text_option("--by", "How it went: 'e-mail', 'registered post', 'in person'. It is evidence: no names.")
@when_option("--on", "delivered_on", meaning="When it reached the data subject. [default: now]")
def deliver(request_id: str, by: str, delivered_on: When | None) -> None:
    """Record that the answer reached the data subject.

    Only then an access request, and an erasure that was opened by hand, counts as answered; whether it is late counts
    from here. An erasure of the same data subject that waited for the access package goes on.
    """
    with (
        open_command_context() as context,
        exit_on_refusal(f"{request_id}: not recorded", ANSWER_FAULTS, about=request_id),
    ):
        on = delivered_on.resolve_day_or_time(context.merchant_zone) if delivered_on else None
        at, late = record_delivery(request_id, channel=by, on=on, actor=context.operator, services=context.services)
    shown = {"id": request_id, "answered_at": at, "late": late}
    show(shown, f"{request_id} was answered at {format_time(at)}{', late' if late else ', in time'}.")
