"""Gives whatever a global id names: one of the shop's things, or a part of an order or of a customer.

Parts are looked for in the records of those who have them; no index is kept, for nothing asks often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.shopify.records import customers
from bridge.sandbox.shopify.records.lookups import THINGS
from bridge.sandbox.shopify.records.parts import Record, number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.sandbox.shopify.query_root import Roots

# Parts that every order has; all others are Asha's alone.
OF_ORDERS: Final = frozenset(
    {
        "Fulfillment",
        "FulfillmentEvent",
        "FulfillmentOrder",
        "LineItem",
        "OrderTransaction",
        "Refund",
        "Return",
        "ReturnLineItem",
        "ReverseDelivery",
        "ReverseFulfillmentOrder",
    }
)


def node(roots: Roots, global_id: str) -> Record | None:
    """Give the thing, or None where there is none, where it is out of sight, or where its kind is unknown."""
    number = number_of(global_id)
    kind = str(global_id).removeprefix("gid://shopify/").partition("/")[0]
    match kind:
        case "Customer":
            return roots.customer(number)
        case "Order":
            return roots.order(number)
        case "Metaobject":
            return roots.shop.metaobject_record(number)
        case "BulkOperation":
            return roots.shop.bulk.get(global_id)
    things = THINGS.get(kind)
    if things is not None:
        return next(_parts(things(roots.shop, number), global_id), None)
    return _part(roots, kind, global_id)


def _part(roots: Roots, kind: str, global_id: str) -> Record | None:
    shop = roots.shop
    if kind in OF_ORDERS or kind.endswith("Event"):
        for order in roots.visible(shop.world.orders):
            found = next(_parts(customers.order_of(shop, order), global_id), None)
            if found is not None:
                return found
    hers = [
        record
        for one in roots.rich()
        for record in (roots.customer(one), shop.order_record(shop.world.orders[0].id))
    ]
    return next(_parts(hers, global_id), None)


def _parts(found_in: Any, global_id: str) -> Iterator[Record]:
    """Yield the records with that id, inside records and lists; what is made on demand is not looked into."""
    if isinstance(found_in, dict):
        if found_in.get("id") == global_id and "__typename" in found_in:
            yield found_in
        for value in found_in.values():
            yield from _parts(value, global_id)
    elif isinstance(found_in, list):
        for one in found_in:
            yield from _parts(one, global_id)
