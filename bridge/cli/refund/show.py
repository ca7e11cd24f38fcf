"""`refund show`: show one refund, with masked bank details. No option unmasks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from bridge.cli.context import open_command_context
from bridge.cli.options import JSON_OPTION
from bridge.cli.printing import print_fields, show
from bridge.cli.refund.refund_view import REFUND_COLUMNS, find_refund_or_exit, refund_row

SETTLEMENT_FIELDS = ("request_id", "reference", "amount", "currency", "settled_on")


@click.command("show")
@click.argument("account_id", metavar="ID")
@JSON_OPTION
def show_refund_command(account_id: str, as_json: bool) -> None:
    """Show one refund: its state, its days, and the bank's reference once it is settled. Details stay masked."""
    with open_command_context() as context, context.store.transaction() as tx:
        account = find_refund_or_exit(tx, account_id)
        reference = tx.refunds.find_payment_reference(account_id)
        settlement = reference.settlement if reference else None
        shown: dict[str, Any] = refund_row(tx, account) | {
            "request_id": account.request_id,
            "reference": settlement.reference if settlement else "",
            "amount": str(settlement.amount) if settlement else "",
            "currency": settlement.currency if settlement else "",
            "settled_on": settlement.on.isoformat() if settlement else "",
        }
    show(shown, as_json, _print_refund)


def _print_refund(shown: Mapping[str, Any]) -> None:
    print_fields({name: shown[name] for name in (*REFUND_COLUMNS, *SETTLEMENT_FIELDS)}, width=12)
