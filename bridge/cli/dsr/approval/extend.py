"""`dsr extend`: extend the term of a request where the law knows that."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.dsr.approval.approval_view import DECISION_FAULTS
from bridge.cli.printing import show
from bridge.cli.shared.dates import When, format_time, when_option
from bridge.cli.shared.ids import REQUEST_ID
from bridge.rules.requests.decisions.extension import EXTENSION_REASONS
from bridge.steps.requests.approval.extend import extend_request


@json_command(
    example="dsr extend req_01M84N6EY20CZ9W2PB73FKRKAY --until 2027-01-15 --reason complex --yes",
    irreversible="The person is told that the answer takes longer. A request is extended once.",
)
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@when_option("--until", meaning="The last day on which it is answered in time.", ahead=True, required=True)
@click.option("--reason", required=True, type=click.Choice(sorted(EXTENSION_REASONS)), help="The reason of the law.")
def extend(request_id: str, until: When, reason: str) -> None:
    """Extend the term of a request by at most two months, within the first month (GDPR Art 12(3)).

    Only for a person protected by the GDPR: Indian law knows no longer term. The clocks that were counted before stay.
    """
    with (
        open_command_context() as context,
        exit_on_refusal(f"{request_id}: not extended", DECISION_FAULTS, about=request_id),
    ):
        day = until.resolve_day(context.merchant_zone)
        due_at, is_beyond = extend_request(request_id, day, reason, actor=context.operator, services=context.services)
    result = {"id": request_id, "due_at": due_at, "beyond_promise": is_beyond}
    promise = " That is beyond the published promise." if is_beyond else ""
    show(result, f"{request_id}: due {format_time(due_at)}.{promise}")
