"""`refund read`: read the bank details of an open refund, for their purpose only."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.options import reading_reason_option
from bridge.cli.printing import print_fields, show
from bridge.cli.refund.refund_view import READ_REFUSALS, UNKNOWN_REFUND
from bridge.cli.shared.ids import REFUND_ID, exit_with_unknown_id
from bridge.steps.refunds.read_bank_details import read_bank_details


@json_command(
    "read",
    example="refund read rfd_01M84N6EY20CZ9W2PB73FKRKAY --refund-id 99 --purpose xvi --reason 'to pay the refund'",
)
@click.argument("account_id", type=REFUND_ID, metavar="ID")
@click.option("--refund-id", required=True, help="The refund that is being paid.")
@click.option("--purpose", required=True, help="The purpose in the policy: xvi, to execute the refund.")
@reading_reason_option("Why you read it now. It is recorded as evidence: no names.")
def read_bank_details_command(account_id: str, refund_id: str, purpose: str, reason: str) -> None:
    """Read the details of an open refund, to pay it. Reading and refusal are both recorded as evidence."""
    with open_command_context() as context:
        services, actor = context.services, context.operator
        details, refusal = read_bank_details(
            account_id, refund=refund_id, purpose=purpose, reason=reason, actor=actor, services=services
        )
    if refusal == UNKNOWN_REFUND:
        exit_with_unknown_id("rfd", account_id)
    if details is None:
        exit_with_error(f"Refused, and recorded: {READ_REFUSALS[refusal]}.")
    fields = {name: value for name, value in asdict(details).items() if value}
    show(fields, partial(print_fields, width=15))
