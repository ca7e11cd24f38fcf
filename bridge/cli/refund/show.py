"""`refund show`: show one refund, with masked bank details. No option unmasks them."""

from __future__ import annotations

from functools import partial

import click

from bridge.cli.command import json_command
from bridge.cli.context import name_shops, open_command_context
from bridge.cli.printing import print_fields, show
from bridge.cli.refund.refund_view import find_refund_or_exit, refund_row
from bridge.cli.shared.ids import REFUND_ID

SETTLEMENT_FIELDS = ("reference", "amount", "currency", "settled_on")


@json_command("show", example="refund show rfd_01M84N6EY20CZ9W2PB73FKRKAY")
@click.argument("account_id", type=REFUND_ID, metavar="ID")
def show_refund_command(account_id: str) -> None:
    """Show one refund: its state, its days, and the bank's reference once it is settled. Details stay masked."""
    with open_command_context() as context, context.store.transaction() as tx:
        account = find_refund_or_exit(tx, account_id)
        reference = tx.refunds.find_payment_reference(account_id)
        [row] = name_shops([refund_row(tx, account)], tx)
        shown = row | {"request_id": account.request_id} | dict.fromkeys(SETTLEMENT_FIELDS, "")
    if reference and (settlement := reference.settlement):
        figures = (settlement.reference, str(settlement.amount), settlement.currency, settlement.on.isoformat())
        shown.update(zip(SETTLEMENT_FIELDS, figures, strict=True))
    show(shown, partial(print_fields, width=12))
