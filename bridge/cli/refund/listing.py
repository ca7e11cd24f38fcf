"""`refund list`, `refund show`: masked, with no option that unmasks."""

from __future__ import annotations

from typing import Any

import click

from bridge.cli.context import JSON_OPTION, open_command_context
from bridge.cli.printing import print_json, print_table
from bridge.cli.refund.refund_view import REFUND_COLUMNS, find_refund_or_exit, refund_row
from bridge.model import RefundState

REFUND_TABLE_COLUMNS = ("id", "refund_id", "state", "to", "opened_at", "erase_at", "held")


@click.command("list")
@click.option("--state", type=click.Choice([state.value for state in RefundState]))
@click.option("--shop", default="")
@click.option("--order-id", default="", help="Shopify's number of an order; needs --shop.")
@JSON_OPTION
def list_refunds_command(state: str | None, shop: str, order_id: str, as_json: bool) -> None:
    """List the refunds whose bank details were kept, oldest first. Accounts show their last four digits."""
    if order_id and not shop:
        raise click.UsageError("--order-id needs --shop: each shop counts its orders for itself")
    with open_command_context() as at, at.store.transaction() as tx:
        found = tx.refunds.list_refund_accounts(
            shop=shop, state=RefundState(state) if state else None, order_id=order_id
        )
        shown = [refund_row(tx, account) for account in found]
    if as_json:
        print_json(shown)
    else:
        print_table(shown, REFUND_TABLE_COLUMNS, empty="No refunds.")


@click.command()
@click.argument("account_id", metavar="ID")
@JSON_OPTION
def show(account_id: str, as_json: bool) -> None:
    """Show one: its state, its days, the bank's reference once it is settled. Details are never shown here."""
    with open_command_context() as at, at.store.transaction() as tx:
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
    if as_json:
        print_json(shown)
        return
    for name in (*REFUND_COLUMNS, "request_id", "reference", "amount", "currency", "settled_on"):
        click.echo(f"{name.replace('_', ' '):12} {shown[name] or '-'}")
