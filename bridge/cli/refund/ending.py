"""`refund settle`, `refund erase`: a refund was paid, or will not be."""

from __future__ import annotations

from datetime import datetime

import click

from bridge.bootstrap import make_services
from bridge.cli.context import AS_JSON, desk, operator, refuse
from bridge.cli.null_queue import NoBell
from bridge.cli.printing import emit
from bridge.cli.refund.refund_view import FAULTS, find, row
from bridge.errors import PayloadInvalid
from bridge.rules.refunds.settlement import settlement
from bridge.steps.refunds.erase_open_refund import drop
from bridge.steps.refunds.settle_refund import settle


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
@AS_JSON
def settle_(
    account_id: str, reference: str, amount: str, currency: str, day: datetime, as_json: bool
) -> None:
    """Say that a refund was paid and matched. Nobody reads its details any more; they go when their day has come."""
    with desk() as at:
        services = make_services(at.start, NoBell(), at.store)
        try:
            given = settlement(reference=reference, amount=amount, currency=currency, on=day.date())
            account = settle(account_id, given, actor=operator(), services=services)
        except PayloadInvalid as fault:
            raise click.UsageError(FAULTS[fault.reason]) from None
        with at.store.transaction() as tx:
            if account is None:
                refuse(f"Not settled: its state is {find(tx, account_id).state}.")
            told = row(tx, account)
    if as_json:
        emit(told)
    else:
        day_after = account.erase_at.isoformat() if account.erase_at else "a day that nobody can say yet"
        click.echo(f"{account.id} is settled; its details go from {day_after} on.")


@click.command()
@click.argument("account_id", metavar="ID")
@click.option("--reason", required=True, help="Why, for the evidence. No names.")
@AS_JSON
def erase(account_id: str, reason: str, as_json: bool) -> None:
    """Erase the details of a refund that will not be, or that were typed wrong."""
    with desk() as at:
        services = make_services(at.start, NoBell(), at.store)
        done = drop(account_id, actor=operator(), reason=reason, services=services)
        with at.store.transaction() as tx:
            told = row(tx, find(tx, account_id))
    if not done:
        refuse(
            f"Not erased: its state is {told['state']}{', held by a legal claim' if told['held'] else ''}."
        )
    if as_json:
        emit(told)
    else:
        click.echo(f"The details of {account_id} are erased.")
