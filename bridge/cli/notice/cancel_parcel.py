"""`notice cancel-parcel`: an operator's confirmed deed: a shipment nobody picked up is cancelled at its carrier."""

from __future__ import annotations

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context
from bridge.cli.notice.notice_view import find_notice_item_or_exit
from bridge.cli.null_queue import NullQueue
from bridge.cli.printing import print_json
from bridge.errors import BridgeError
from bridge.model import Fact, ParcelStatus
from bridge.ports import Canceller, Tracker
from bridge.steps.evidence.record_facts import account_key, record_notice_fact

# Blue Dart does not know a waybill before its first scan; elsewhere an unknown one may be somebody else's
UNSCANNED_STATUS = {"bluedart": ParcelStatus.NOT_FOUND}


@click.command("cancel-parcel")
@click.argument("entry_id", metavar="ENTRY")
@click.option("--confirm", required=True, metavar="WAYBILL", help="The waybill, typed out.")
@click.option("--reason", required=True, help="Why, for the evidence. No names.")
@JSON_OPTION
def cancel_parcel(entry_id: str, confirm: str, reason: str, as_json: bool) -> None:
    """Cancel a shipment that nobody has picked up. What moves is never cancelled: it would come back."""
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        with at.store.transaction() as tx:
            entry = find_notice_item_or_exit(tx, entry_id)
        carrier = services.connectors.get(entry.system)
        if not entry.reference or confirm.strip() != entry.reference:
            exit_with_error("The waybill that you typed is not this entry's. Nothing was cancelled.")
        if not isinstance(carrier, Canceller) or not isinstance(carrier, Tracker) or not carrier.configured:
            exit_with_error(
                f"{entry.system or 'nobody'} has no interface for cancelling, or no credentials are set."
            )
        try:
            told = [one for batch in carrier.track_parcels([entry.reference]) for one in batch]
            status = told[0].status if told else ParcelStatus.UNKNOWN
            if status not in (ParcelStatus.BOOKED, UNSCANNED_STATUS.get(entry.system)):
                exit_with_error(
                    f"{entry.system} says {status}: only what nobody picked up yet can be cancelled."
                )
            carrier.cancel_shipment(entry.reference)
        except BridgeError as fault:
            exit_with_error(f"Not cancelled: {fault}.")
        with at.store.transaction() as tx:
            record_notice_fact(
                Fact.PARCEL_CANCELLED, [entry], tx, actor=get_operator(), entry=entry.id, reason=reason
            )
            tx.notices.wake_account(account_key(entry))
    if as_json:
        print_json({"id": entry_id, "cancelled": True})
    else:
        click.echo(f"{entry_id}: {entry.system} took the cancellation.")
