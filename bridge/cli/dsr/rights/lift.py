"""`dsr lift`: end a restriction of processing; the person is told first."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.dates import When, format_time, when_option
from bridge.cli.shared.ids import REQUEST_ID
from bridge.steps.rights.end_restriction import LIFT_CODES, end_restriction

LIFTING_FAULTS = {
    "not_restricted": "it is no restriction that is in force: see `bridge dsr show`",
    "end_is_set": "its end is set already: see `bridge dsr show`",
    "informed_in_the_future": "--informed-at must not lie in the future",
}


@json_command(example="dsr lift req_01M84N6EY20CZ9W2PB73FKRKAY --code claims_settled --reason 'suit ended'")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@click.option("--code", required=True, type=click.Choice(LIFT_CODES), help="Why it ends, as the letter says.")
@when_option("--informed-at", meaning="When the person was told in another way; then no letter is written.")
@REASON_OPTION
def lift(request_id: str, code: str, informed_at: When | None, reason: str) -> None:
    """End a restriction. The person is told first, and it ends by itself after the days of the merchant file.

    It stays in force until the letter was sent. With --informed-at the days count from then.
    """
    with open_command_context() as context, exit_on_refusal("Not lifted", LIFTING_FAULTS):
        with context.store.read() as tx:
            find_request_or_exit(tx, request_id)
        informed = informed_at.resolve(context.merchant_zone) if informed_at else None
        services, actor = context.services, context.operator
        ends_at = end_restriction(
            request_id, code=code, actor=actor, reason=reason, services=services, informed_at=informed
        )
    result = {"id": request_id, "ends_at": ends_at, "code": code, "by_letter": informed is None}
    letter = "once the letter to the person was sent" if informed is None else "by itself"
    show(result, f"The restriction {request_id} ends on {format_time(ends_at)}, {letter}.")
