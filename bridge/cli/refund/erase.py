"""`refund erase`: erase the bank details of an open refund."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.refund.refund_view import find_refund_or_exit, refund_row
from bridge.cli.shared.ids import REFUND_ID
from bridge.steps.refunds.discard_bank_details import discard_bank_details


@json_command(
    example="refund erase rfd_01M84N6EY20CZ9W2PB73FKRKAY --reason 'typed wrong' --yes",
    irreversible="The bank details are destroyed.",
)
@click.argument("account_id", type=REFUND_ID, metavar="ID")
@REASON_OPTION
def erase(account_id: str, reason: str) -> None:
    """Erase the details of a refund that will not be paid, or that were typed wrong."""
    with open_command_context() as context:
        erased = discard_bank_details(account_id, actor=context.operator, reason=reason, services=context.services)
        with context.store.transaction() as tx:
            row = refund_row(tx, find_refund_or_exit(tx, account_id))
    if not erased:
        exit_with_error(f"Not erased: its state is {row['state']}{', kept by a legal hold' if row['held'] else ''}.")
    show(row, f"The details of {account_id} are erased.")
