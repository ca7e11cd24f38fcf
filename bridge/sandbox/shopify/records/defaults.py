"""The values of Asha's records without seeded values.

The module is pure. The values are those that `orders.py`, `customers.py` and `customer_extras.py` write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.records.parts import format_utc_time, make_gid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.sandbox.world.models import World


def list_default_values(world: World) -> Mapping[str, str]:
    """Return the values of Asha's records without seeded values."""
    asha, order, box = world.asha, world.orders[0], world.orders[0].parcels[0]
    customer_return, paid, refund = order.returns[0], order.transactions[0], order.refunds[0]
    draft, card, checkout, comment = (world.drafts[0], world.gift_cards[0], world.checkouts[0], world.comments[0])
    at = str(format_utc_time(asha.created_at))
    values: dict[str, Any] = {
        "Customer": {
            **_build_head_fields("Customer", asha.id, asha.name, at),
            "displayName": asha.name,
            "firstName": asha.first,
            "lastName": asha.last,
            "note": asha.note,
            "tags": asha.tags[-1],
            "updatedAt": at,
        },
        "CustomerEmailAddress": {"emailAddress": asha.email},
        "CustomerPhoneNumber": {"phoneNumber": asha.phone},
        "Metafield": {"type": asha.metafields[0].type},
        "Order": {
            **_build_head_fields("Order", order.id, order.name, format_utc_time(order.created_at)),
            "confirmationNumber": f"Q{order.id % 10**8:08d}",
            "number": order.name[1:],
            "email": order.email,
            "phone": order.phone,
            "note": order.note,
            "clientIp": order.client_ip,
            "cartToken": f"c1-{order.id:x}",
            "checkoutToken": f"{order.id:032x}",
            "statusPageUrl": f"{order.id:x}/authenticate",
            "processedAt": format_utc_time(order.created_at),
            "updatedAt": format_utc_time(order.updated_at),
            "paymentGatewayNames": "razorpay",
        },
        "LineItem": {"title": order.lines[0].title, "name": order.lines[0].title, "sku": order.lines[0].sku},
        "OrderTransaction": {
            "id": make_gid("OrderTransaction", paid.id),
            "gateway": "razorpay",
            "formattedGateway": "Razorpay",
            "paymentId": f"{paid.id}.1",
            "processedAt": format_utc_time(paid.processed_at),
        },
        "TenderTransaction": {"processedAt": format_utc_time(paid.processed_at)},
        "Refund": {
            **_build_head_fields("Refund", refund.id, "", format_utc_time(refund.created_at)),
            "note": refund.note,
        },
        "Return": _build_head_fields(
            "Return", customer_return.id, customer_return.name, format_utc_time(customer_return.created_at)
        ),
        "ReturnLineItemType": {"customerNote": customer_return.customer_note},
        "ReverseDeliveryTrackingV2": {
            "carrierName": customer_return.company,
            "number": customer_return.waybill,
            "url": customer_return.url,
        },
        "Fulfillment": {
            **_build_head_fields("Fulfillment", box.id, f"{order.name}.1", format_utc_time(box.shipped_at)),
            "deliveredAt": format_utc_time(box.delivered_at),
            "inTransitAt": format_utc_time(box.shipped_at),
        },
        "FulfillmentTrackingInfo": {"company": box.company, "number": box.waybill, "url": box.url},
        "DraftOrder": {
            **_build_head_fields("DraftOrder", draft.id, draft.name, format_utc_time(draft.created_at)),
            "email": draft.email,
            "phone": draft.phone,
            "note2": draft.note,
        },
        "AbandonedCheckout": {
            **_build_head_fields("AbandonedCheckout", checkout.id, checkout.name, format_utc_time(checkout.created_at)),
            "abandonedCheckoutUrl": f"{checkout.id:x}/recover",
            "note": checkout.note,
        },
        "AbandonedCheckoutLineItem": {"title": checkout.lines[0].title},
        "GiftCard": {
            **_build_head_fields("GiftCard", card.id, "", format_utc_time(card.created_at)),
            "lastCharacters": card.last_characters,
            "maskedCode": card.last_characters,
            "note": card.note,
        },
        "Comment": {
            "body": comment.body,
            "bodyHtml": comment.body,
            "ip": comment.ip,
            "createdAt": format_utc_time(comment.created_at),
        },
        "CommentAuthor": {"email": comment.email, "name": comment.author},
    }
    return {f"{kind}.{name}": str(value) for kind, one in values.items() for name, value in one.items() if value}


def _build_head_fields(kind: str, number: int, name: str, created_at: str | None) -> dict[str, Any]:
    return {"id": make_gid(kind, number), "legacyResourceId": str(number), "name": name, "createdAt": created_at}
