"""`notice attribute`: a person says which processor has a parcel that nobody could attribute."""

from __future__ import annotations

import click

from bridge.bootstrap import make_services
from bridge.cli.context import AS_JSON, desk, operator, refuse
from bridge.cli.notice.notice_view import find_entry
from bridge.cli.null_queue import NoBell
from bridge.cli.printing import emit
from bridge.model import Fact, Principal, Waybill
from bridge.steps.evidence.record_facts import tell
from bridge.steps.notices.open_notice_items import note


@click.command()
@click.argument("entry_id", metavar="ENTRY")
@click.argument("processor")
@click.option("--reason", required=True, help="How you know, for the evidence. No names.")
@AS_JSON
def attribute(entry_id: str, processor: str, reason: str, as_json: bool) -> None:
    """Say which PROCESSOR (an id of the merchant's file) has this parcel on its account."""
    with desk() as at:
        services = make_services(at.start, NoBell(), at.store)
        known = [each.id for each in services.merchant.processors if each.applies_to == "parcels"]
        if processor not in known:
            raise click.BadParameter(f"must be one of {', '.join(known)}", param_hint="PROCESSOR")
        with at.store.transaction() as tx:
            entry = find_entry(tx, entry_id)
            if entry.notice_id or entry.processor == processor:
                refuse(f"{entry_id} is {entry.processor}'s, in notice {entry.notice_id or '-'}.")
            request = tx.requests.get(entry.request_id)
            if request is None:
                refuse(f"The request of {entry_id} is gone.")
            parcel = Waybill(
                number=entry.reference,
                carrier=processor,
                order_id=entry.order_id,
                order_name=entry.order,
                shipped_at=entry.shipped_at,
                status=entry.status,
                status_at=entry.status_at,
                cod=entry.cod,
                matters=entry.matters,
            )
            tx.notices.drop(entry)
            note(request, Principal(), [parcel], {}, tx=tx, services=services)
            tell(Fact.ENTRY_ATTRIBUTED, [entry], tx, actor=operator(), to=processor, reason=reason)
            tx.notices.touch(tx.notices.entries(request_id=request.id))
    if as_json:
        emit({"id": entry_id, "processor": processor})
    else:
        click.echo(f"The parcel is {processor}'s now; it is told when its time has come.")
