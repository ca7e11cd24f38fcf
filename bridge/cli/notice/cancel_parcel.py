"""`notice cancel-parcel`: cancel a shipment at its carrier, if it was not picked up and the operator confirms."""

from __future__ import annotations

import click

from bridge.cli.command import is_dry_run, json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.notice.notice_view import find_notice_item_or_exit
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import ITEM_ID
from bridge.errors import BridgeError
from bridge.model import Fact, ParcelStatus
from bridge.ports import Canceller, Tracker
from bridge.steps.evidence.record_facts import account_key, record_notice_fact
from bridge.steps.index.doubt_parcels import is_under_review

# Blue Dart does not know a waybill before its first scan; elsewhere an unknown waybill may belong to others
UNSCANNED_STATUS = {"bluedart": ParcelStatus.NOT_FOUND}


@json_command(
    "cancel-parcel",
    example="notice cancel-parcel ent_01M84N6EY20CZ9W2PB73FKRKAY --confirm 1234567890123 --reason 'ticket 4711' --yes",
    irreversible="The carrier cancels the shipment; it cannot be booked again under this number.",
)
@click.argument("item_id", type=ITEM_ID, metavar="ITEM")
@click.option("--confirm", required=True, metavar="WAYBILL", help="The waybill number in full.")
@REASON_OPTION
def cancel_parcel(item_id: str, confirm: str, reason: str) -> None:
    """Cancel a shipment that was not picked up yet. A parcel on its way is never cancelled: it would come back."""
    with open_command_context() as context:
        with context.store.transaction() as tx:
            item = find_notice_item_or_exit(tx, item_id)
        if is_under_review(item):
            exit_with_error(f"{item_id} may be another person's parcel: `review close` decides. Nothing was cancelled.")
        carrier = context.services.connectors.get(item.system)
        if not item.reference or confirm.strip() != item.reference:
            exit_with_error("--confirm is not the waybill of this item. Nothing was cancelled.")
        if not isinstance(carrier, Canceller) or not isinstance(carrier, Tracker) or not carrier.configured:
            name = item.system or "The carrier"
            exit_with_error(f"{name} has no interface for cancelling, or its credentials are not set.")
        try:
            results = [result for batch in carrier.track_parcels([item.reference]) for result in batch]
            status = results[0].status if results else ParcelStatus.UNKNOWN
            if status not in (ParcelStatus.BOOKED, UNSCANNED_STATUS.get(item.system)):
                condition = "only a parcel that was not picked up yet can be cancelled"
                exit_with_error(f"{item.system} reports {status}: {condition}.")
            if is_dry_run():
                show({"id": item_id, "cancelled": False}, f"{item_id}: {item.system} is asked to cancel its shipment.")
                return
            carrier.cancel_shipment(item.reference)
        except BridgeError as fault:
            exit_with_error(f"Not cancelled: {fault}.")
        with context.store.transaction() as tx:
            record_notice_fact(Fact.PARCEL_CANCELLED, [item], tx, actor=context.operator, entry=item.id, reason=reason)
            tx.notice_accounts.wake_account(account_key(item))
    show({"id": item_id, "cancelled": True}, f"{item_id}: {item.system} accepted the cancellation.")
