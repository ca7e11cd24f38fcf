"""`notice attribute`: a person says which processor has a parcel that nobody could attribute."""

from __future__ import annotations

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context
from bridge.cli.notice.notice_view import find_notice_item_or_exit
from bridge.cli.null_queue import NullQueue
from bridge.cli.printing import print_json
from bridge.model import Fact, Principal, Waybill
from bridge.steps.evidence.record_facts import record_notice_fact
from bridge.steps.notices.open_notice_items import open_notice_items


@click.command()
@click.argument("entry_id", metavar="ENTRY")
@click.argument("processor")
@click.option("--reason", required=True, help="How you know, for the evidence. No names.")
@JSON_OPTION
def attribute(entry_id: str, processor: str, reason: str, as_json: bool) -> None:
    """Say which PROCESSOR (an id of the merchant's file) has this parcel on its account."""
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        known = [each.id for each in services.merchant.processors if each.applies_to == "parcels"]
        if processor not in known:
            raise click.BadParameter(f"must be one of {', '.join(known)}", param_hint="PROCESSOR")
        with at.store.transaction() as tx:
            entry = find_notice_item_or_exit(tx, entry_id)
            if entry.notice_id or entry.processor == processor:
                exit_with_error(f"{entry_id} is {entry.processor}'s, in notice {entry.notice_id or '-'}.")
            request = tx.requests.get_request(entry.request_id)
            if request is None:
                exit_with_error(f"The request of {entry_id} is gone.")
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
            tx.notices.delete_item(entry)
            open_notice_items(request, Principal(), [parcel], {}, tx=tx, services=services)
            record_notice_fact(
                Fact.NOTICE_ITEM_ATTRIBUTED, [entry], tx, actor=get_operator(), to=processor, reason=reason
            )
            tx.notices.wake_requests_of_items(tx.notices.list_items(request_id=request.id))
    if as_json:
        print_json({"id": entry_id, "processor": processor})
    else:
        click.echo(f"The parcel is {processor}'s now; it is told when its time has come.")
