"""`refund list`: list the refunds, with masked bank details."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import name_shops, open_command_context
from bridge.cli.options import SHOP_HELP
from bridge.cli.printing import show_table
from bridge.cli.refund.refund_view import refund_row
from bridge.model import RefundState

REFUND_TABLE_COLUMNS = ("id", "refund_id", "state", "to", "opened_at", "erase_at", "held")


@json_command("list", example="refund list --state open")
@click.option("--state", type=click.Choice([state.value for state in RefundState]), help="Only refunds in this state.")
@click.option("--shop", default="", help=f"{SHOP_HELP} [default: all]")
@click.option("--order-id", default="", help="Shopify's number of an order; needs --shop.")
def list_refunds_command(state: str | None, shop: str, order_id: str) -> None:
    """List the refunds whose bank details were stored, oldest first. Accounts show their last four digits."""
    if order_id and not shop:
        raise click.UsageError("--order-id needs --shop: order numbers of different shops may be equal")
    with open_command_context() as context, context.store.transaction() as tx:
        only_state = RefundState(state) if state else None
        accounts = tx.refunds.list_refund_accounts(shop=shop, state=only_state, order_id=order_id)
        if order_id:
            context.record_search(tx, shop=shop, by="order", where="refunds", results=len(accounts))
        rows = name_shops((refund_row(tx, account) for account in accounts), tx)
    show_table(rows, REFUND_TABLE_COLUMNS, empty="No refunds.")
