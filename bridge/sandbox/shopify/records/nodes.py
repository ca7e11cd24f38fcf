"""Resolve a global id: an object of the shop, or a part of an order or of a customer.

Parts are searched in the records of their owners, without an index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.shopify.records import customers
from bridge.sandbox.shopify.records.lookups import LOOKUPS_BY_TYPE
from bridge.sandbox.shopify.records.parts import Record, read_gid_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.sandbox.shopify.query_root import QueryRoot

# Parts that every order has; only Asha has the others.
ORDER_PART_TYPES: Final = frozenset(
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


def resolve_node(query_root: QueryRoot, global_id: str) -> Record | None:
    """Return the object; None if it does not exist, is not visible, or has an unknown kind."""
    number = read_gid_number(global_id)
    kind = str(global_id).removeprefix("gid://shopify/").partition("/")[0]
    match kind:
        case "Customer":
            return query_root.find_customer(number)
        case "Order":
            return query_root.find_order(number)
        case "Metaobject":
            return query_root.shop.find_metaobject_record(number)
        case "BulkOperation":
            return query_root.shop.bulk_operations.poll_operation(global_id)
    things = LOOKUPS_BY_TYPE.get(kind)
    if things is not None:
        return next(_walk_matching_records(things(query_root.shop, number), global_id), None)
    return _find_part(query_root, kind, global_id)


def _find_part(query_root: QueryRoot, kind: str, global_id: str) -> Record | None:
    shop = query_root.shop
    if kind in ORDER_PART_TYPES or kind.endswith("Event"):
        for order in query_root.filter_visible(shop.world.orders):
            found = next(_walk_matching_records(customers.get_order_record(shop, order), global_id), None)
            if found is not None:
                return found
    customer_records = [
        record
        for one in query_root.list_rich_customer_ids()
        for record in (query_root.find_customer(one), shop.find_order_record(shop.world.orders[0].id))
    ]
    return next(_walk_matching_records(customer_records, global_id), None)


def _walk_matching_records(container: Any, global_id: str) -> Iterator[Record]:
    """Yield the records with that id inside records and lists; lazy rows are not searched."""
    if isinstance(container, dict):
        if container.get("id") == global_id and "__typename" in container:
            yield container
        for value in container.values():
            yield from _walk_matching_records(value, global_id)
    elif isinstance(container, list):
        for one in container:
            yield from _walk_matching_records(one, global_id)
