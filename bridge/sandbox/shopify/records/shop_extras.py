"""What stands beside customers and orders in a shop: disputes, tenders, metaobjects, segments, checkouts left.

Shopify cannot search most of it by customer: rows of everybody come, and whoever asks for one must drop the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records import customer_extras, customers
from bridge.sandbox.shopify.records.parts import Record, gid, moment, number_of
from bridge.sandbox.shopify.rich import beside as rich

if TYPE_CHECKING:
    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import Metaobject


def tie(shop: Shop) -> None:
    """Let records name each other: an order its customer, a dispute its order, a metafield its metaobject."""
    orders = shop.world.orders

    def customer(number: int) -> Record | None:
        return customers.customer_of(shop, number, [one for one in orders if one.person_id == number])

    def order(number: int) -> Record | None:
        return customers.order_of(shop, shop.world.order(number))

    def metaobject(number: int) -> Record | None:
        return next(
            (metaobject_record(shop, one) for one in shop.world.metaobjects if one.id == number), None
        )

    shop.customer_record, shop.order_record, shop.metaobject_record = customer, order, metaobject


def metaobject_record(shop: Shop, one: Metaobject) -> Record:
    """Write a metaobject that names a customer."""
    hidden = one.person_id in shop.redacted
    owner = gid("Customer", one.person_id)
    fields = [
        {"key": "customer", "type": "customer_reference", "value": owner, "jsonValue": owner},
        {"key": "words", "type": "single_line_text_field", "value": one.words, "jsonValue": one.words},
    ]
    record: Record = {
        "__typename": "Metaobject",
        "id": gid("Metaobject", one.id),
        "type": one.type,
        "handle": one.handle,
        "displayName": one.words,
        "fields": fields,
        "values": {str(field["key"]): field["value"] for field in fields},
        "createdAt": moment(one.created_at),
        "updatedAt": moment(one.created_at),
        "definition": metaobject_definition(one.type),
    }
    if one.rich and not hidden:
        record = rich.metaobject(shop.plant, record, one.person_id)
    at_hand = {str(field["key"]): field for field in record["fields"]}
    at_hand["customer"]["reference"] = lambda _: shop.customer_record(one.person_id)
    return record | {"field": lambda args: at_hand.get(str(args["key"]))}


def metaobject_definition(name: str) -> Record:
    """Write the definition of a kind of metaobjects."""
    fields = [
        {
            "key": "customer",
            "name": "Customer",
            "type": {"name": "customer_reference", "category": "REFERENCE"},
        },
        {"key": "words", "name": "Words", "type": {"name": "single_line_text_field", "category": "TEXT"}},
    ]
    return {
        "__typename": "MetaobjectDefinition",
        "id": gid("MetaobjectDefinition", sum(name.encode())),
        "type": name,
        "name": name.replace("_", " ").title(),
        "fieldDefinitions": fields,
    }


def abandonment(shop: Shop, number: int) -> Record | None:
    """Give what Shopify tells of a checkout that was left, asked for by either number; Asha's only."""
    for one in shop.world.checkouts:
        if one.rich and one.person_id not in shop.redacted:
            record = rich.abandonment(shop, one, customer_extras.checkout_record(shop, one))
            if number in {one.id, number_of(record["id"])}:
                return record
    return None
