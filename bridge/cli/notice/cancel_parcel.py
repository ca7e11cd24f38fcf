"""`notice cancel-parcel`: an operator's confirmed deed: a shipment nobody picked up is cancelled at its carrier."""

from __future__ import annotations

import click

from bridge.bootstrap import make_services
from bridge.cli.context import AS_JSON, desk, operator, refuse
from bridge.cli.notice.notice_view import find_entry
from bridge.cli.null_queue import NoBell
from bridge.cli.printing import emit
from bridge.errors import BridgeError
from bridge.model import Fact, ParcelStatus
from bridge.ports import Canceller, Tracker
from bridge.steps.evidence.record_facts import account, tell

# Blue Dart does not know a waybill before its first scan; elsewhere an unknown one may be somebody else's
UNSCANNED = {"bluedart": ParcelStatus.NOT_FOUND}


@click.command("cancel-parcel")
@click.argument("entry_id", metavar="ENTRY")
@click.option("--confirm", required=True, metavar="WAYBILL", help="The waybill, typed out.")
@click.option("--reason", required=True, help="Why, for the evidence. No names.")
@AS_JSON
def cancel_parcel(entry_id: str, confirm: str, reason: str, as_json: bool) -> None:
    """Cancel a shipment that nobody has picked up. What moves is never cancelled: it would come back."""
    with desk() as at:
        services = make_services(at.start, NoBell(), at.store)
        with at.store.transaction() as tx:
            entry = find_entry(tx, entry_id)
        carrier = services.connectors.get(entry.system)
        if not entry.reference or confirm.strip() != entry.reference:
            refuse("The waybill that you typed is not this entry's. Nothing was cancelled.")
        if not isinstance(carrier, Canceller) or not isinstance(carrier, Tracker) or not carrier.configured:
            refuse(f"{entry.system or 'nobody'} has no interface for cancelling, or no credentials are set.")
        try:
            told = [one for batch in carrier.track([entry.reference]) for one in batch]
            status = told[0].status if told else ParcelStatus.UNKNOWN
            if status not in (ParcelStatus.BOOKED, UNSCANNED.get(entry.system)):
                refuse(f"{entry.system} says {status}: only what nobody picked up yet can be cancelled.")
            carrier.cancel(entry.reference)
        except BridgeError as fault:
            refuse(f"Not cancelled: {fault}.")
        with at.store.transaction() as tx:
            tell(Fact.PARCEL_CANCELLED, [entry], tx, actor=operator(), entry=entry.id, reason=reason)
            tx.notices.wake(account(entry))
    if as_json:
        emit({"id": entry_id, "cancelled": True})
    else:
        click.echo(f"{entry_id}: {entry.system} took the cancellation.")
