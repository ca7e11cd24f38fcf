"""`refund settle`: record that a refund was paid."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.printing import show
from bridge.cli.refund.refund_view import REFUND_FAULTS, find_refund_or_exit, refund_row
from bridge.cli.shared.dates import When, when_option
from bridge.cli.shared.ids import REFUND_ID
from bridge.errors import PayloadInvalid
from bridge.rules.refunds.settlement import validate_settlement
from bridge.steps.refunds.settle_refund import settle_refund


@json_command(
    "settle",
    example="refund settle rfd_01M84N6EY20CZ9W2PB73FKRKAY --reference UTR0012345678 --amount 1234.00 --on 2026-11-30 --yes",
    irreversible="The bank details can no longer be read, and are erased on their day.",
)
@click.argument("account_id", type=REFUND_ID, metavar="ID")
@click.option("--reference", required=True, help="The bank's UTR or RRN.")
@click.option("--amount", required=True, help="The sum that was paid, for example 1234.00.")
@click.option("--currency", default="INR", show_default=True, help="Three capital letters (ISO 4217).")
@when_option("--on", "day", required=True, meaning="The day on which payment and refund were matched.")
def settle_refund_command(account_id: str, reference: str, amount: str, currency: str, day: When) -> None:
    """Record that a refund was paid and matched. Its details can no longer be read, and are erased on their day."""
    with open_command_context() as context:
        try:
            settlement = validate_settlement(
                reference=reference, amount=amount, currency=currency, on=day.resolve_day(context.merchant_zone)
            )
            account = settle_refund(account_id, settlement, actor=context.operator, services=context.services)
        except PayloadInvalid as fault:
            raise click.UsageError(REFUND_FAULTS[fault.reason]) from None
        with context.store.transaction() as tx:
            if account is None:
                exit_with_error(f"Not settled: its state is {find_refund_or_exit(tx, account_id).state}.")
            row = refund_row(tx, account)
    erase_day = account.erase_at.isoformat() if account.erase_at else "a day that is not known yet"
    show(row, f"{account.id} is settled; its details are erased from {erase_day} on.")
