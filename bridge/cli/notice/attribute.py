"""`notice attribute`: record which processor has a parcel that could not be attributed."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.notice.notice_view import find_notice_item_or_exit
from bridge.cli.options import free_text_option
from bridge.cli.printing import show
from bridge.cli.shared.ids import ITEM_ID
from bridge.model import Fact, Principal, Waybill
from bridge.steps.evidence.record_facts import record_notice_fact
from bridge.steps.notices.open_notice_items import open_notice_items


@json_command(example="notice attribute ent_01M84N6EY20CZ9W2PB73FKRKAY delhivery --reason 'label of the parcel'")
@click.argument("item_id", type=ITEM_ID, metavar="ITEM")
@click.argument("processor")
@free_text_option("--reason", "How you know. It is recorded as evidence: no names.")
def attribute(item_id: str, processor: str, reason: str) -> None:
    """Record that PROCESSOR (an id of the merchant file) has this parcel on its account."""
    with open_command_context() as context:
        services = context.services
        known = [each.id for each in services.merchant.processors if each.applies_to == "parcels"]
        if processor not in known:
            raise click.BadParameter(f"must be one of {', '.join(known)}", param_hint="PROCESSOR")
        with context.store.transaction() as tx:
            item = find_notice_item_or_exit(tx, item_id)
            if item.notice_id or item.processor == processor:
                exit_with_error(f"{item_id} is attributed to {item.processor}, in notice {item.notice_id or '-'}.")
            request = tx.requests.get_request(item.request_id)
            if request is None:
                exit_with_error(f"The request of {item_id} no longer exists.")
            parcel = Waybill(
                number=item.reference,
                carrier=processor,
                order_id=item.order_id,
                order_name=item.order,
                shipped_at=item.shipped_at,
                status=item.status,
                status_at=item.status_at,
                cod=item.cod,
                matters=item.matters,
                clues=item.clues,
            )
            tx.notice_items.delete_item(item)
            open_notice_items(request, Principal(), [parcel], {}, tx=tx, services=services)
            fact, actor = Fact.NOTICE_ITEM_ATTRIBUTED, context.operator
            record_notice_fact(fact, [item], tx, actor=actor, to=processor, reason=reason)
            tx.notice_items.wake_requests_of_items(tx.notice_items.list_items(request_id=request.id))
    message = f"The parcel is attributed to {processor}, which receives a notice when it is due."
    show({"id": item_id, "processor": processor}, message)
