"""`refund approve`: approve that another person reads the bank details of an open refund."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.refund.refund_view import find_refund_or_exit, refund_row
from bridge.cli.shared.ids import REFUND_ID
from bridge.steps.refunds.approve_reading import approve_bank_details_reading


@json_command(example="refund approve rfd_01M84N6EY20CZ9W2PB73FKRKAY --reason 'refund 99 is due'")
@click.argument("account_id", type=REFUND_ID, metavar="ID")
@REASON_OPTION
def approve(account_id: str, reason: str) -> None:
    """Approve, as a second person, that another user reads the details of a refund. It holds for 24 hours."""
    with open_command_context() as context:
        services, actor = context.services, context.operator
        is_approved = approve_bank_details_reading(account_id, actor=actor, reason=reason, services=services)
        with context.store.transaction() as tx:
            row = refund_row(tx, find_refund_or_exit(tx, account_id))
    if not is_approved:
        exit_with_error(f"Not approved: its state is {row['state']}.")
    show(row, f"Another user may read the details of {account_id} for 24 hours.")
