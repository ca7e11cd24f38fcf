"""`refund settle`, `refund erase`: a refund was paid, or will not be."""

from __future__ import annotations

from datetime import datetime

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context
from bridge.cli.null_queue import NullQueue
from bridge.cli.printing import print_json
from bridge.cli.refund.refund_view import REFUND_FAULTS, find_refund_or_exit, refund_row
from bridge.errors import PayloadInvalid
from bridge.rules.refunds.settlement import validate_settlement
from bridge.steps.refunds.discard_bank_details import discard_bank_details
from bridge.steps.refunds.settle_refund import settle_refund


@click.command("settle")
@click.argument("account_id", metavar="ID")
@click.option("--reference", required=True, help="The bank's UTR or RRN.")
@click.option("--amount", required=True, help="What was paid, e.g. 1234.00.")
@click.option("--currency", default="INR", show_default=True)
@click.option(
    "--on",
    "day",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day on which both were matched.",
)
@JSON_OPTION
def settle_refund_command(
    account_id: str, reference: str, amount: str, currency: str, day: datetime, as_json: bool
) -> None:
    """Say that a refund was paid and matched. Nobody reads its details any more; they go when their day has come."""
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        try:
            given = validate_settlement(reference=reference, amount=amount, currency=currency, on=day.date())
            account = settle_refund(account_id, given, actor=get_operator(), services=services)
        except PayloadInvalid as fault:
            raise click.UsageError(REFUND_FAULTS[fault.reason]) from None
        with at.store.transaction() as tx:
            if account is None:
                exit_with_error(f"Not settled: its state is {find_refund_or_exit(tx, account_id).state}.")
            told = refund_row(tx, account)
    if as_json:
        print_json(told)
    else:
        day_after = account.erase_at.isoformat() if account.erase_at else "a day that nobody can say yet"
        click.echo(f"{account.id} is settled; its details go from {day_after} on.")


@click.command()
@click.argument("account_id", metavar="ID")
@click.option("--reason", required=True, help="Why, for the evidence. No names.")
@JSON_OPTION
def erase(account_id: str, reason: str, as_json: bool) -> None:
    """Erase the details of a refund that will not be, or that were typed wrong."""
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        done = discard_bank_details(account_id, actor=get_operator(), reason=reason, services=services)
        with at.store.transaction() as tx:
            told = refund_row(tx, find_refund_or_exit(tx, account_id))
    if not done:
        exit_with_error(
            f"Not erased: its state is {told['state']}{', held by a legal claim' if told['held'] else ''}."
        )
    if as_json:
        print_json(told)
    else:
        click.echo(f"The details of {account_id} are erased.")
