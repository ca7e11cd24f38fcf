"""Further records of a shop: disputes, tenders, metaobjects, segments, abandoned checkouts.

Shopify cannot search most of them by customer: the rows of all customers are returned, and the client must filter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records import customer_extras, customers
from bridge.sandbox.shopify.records.parts import Record, format_utc_time, make_gid, read_gid_number
from bridge.sandbox.shopify.rich import related_records as rich

if TYPE_CHECKING:
    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import Metaobject


def link_records(shop: Shop) -> None:
    """Link records to each other: an order to its customer, a dispute to its order, a metafield to its metaobject."""
    orders = shop.world.orders

    def customer(number: int) -> Record | None:
        return customers.get_customer_record(shop, number, [one for one in orders if one.person_id == number])

    def order(number: int) -> Record | None:
        return customers.get_order_record(shop, shop.world.get_order(number))

    def metaobject(number: int) -> Record | None:
        return next((metaobject_record(shop, one) for one in shop.world.metaobjects if one.id == number), None)

    shop.find_customer_record, shop.find_order_record, shop.find_metaobject_record = (customer, order, metaobject)


def metaobject_record(shop: Shop, metaobject: Metaobject) -> Record:
    """Return a metaobject that names a customer."""
    hidden = metaobject.person_id in shop.redacted_customer_ids
    owner = make_gid("Customer", metaobject.person_id)
    fields = [
        {"key": "customer", "type": "customer_reference", "value": owner, "jsonValue": owner},
        {"key": "words", "type": "single_line_text_field", "value": metaobject.words, "jsonValue": metaobject.words},
    ]
    record: Record = {
        "__typename": "Metaobject",
        "id": make_gid("Metaobject", metaobject.id),
        "type": metaobject.type,
        "handle": metaobject.handle,
        "displayName": metaobject.words,
        "fields": fields,
        "values": {str(field["key"]): field["value"] for field in fields},
        "createdAt": format_utc_time(metaobject.created_at),
        "updatedAt": format_utc_time(metaobject.created_at),
        "definition": metaobject_definition(metaobject.type),
    }
    if metaobject.rich and not hidden:
        record = rich.seed_metaobject(shop.seeder, record, metaobject.person_id)
    fields_by_key = {str(field["key"]): field for field in record["fields"]}
    fields_by_key["customer"]["reference"] = lambda _: shop.find_customer_record(metaobject.person_id)
    return record | {"field": lambda args: fields_by_key.get(str(args["key"]))}


def metaobject_definition(type_name: str) -> Record:
    """Return the definition of a kind of metaobjects."""
    fields = [
        {"key": "customer", "name": "Customer", "type": {"name": "customer_reference", "category": "REFERENCE"}},
        {"key": "words", "name": "Words", "type": {"name": "single_line_text_field", "category": "TEXT"}},
    ]
    return {
        "__typename": "MetaobjectDefinition",
        "id": make_gid("MetaobjectDefinition", sum(type_name.encode())),
        "type": type_name,
        "name": type_name.replace("_", " ").title(),
        "fieldDefinitions": fields,
    }


def find_abandonment(shop: Shop, number: int) -> Record | None:
    """Return Shopify's data about an abandoned checkout, by either id; Asha's only."""
    for one in shop.world.checkouts:
        if one.rich and one.person_id not in shop.redacted_customer_ids:
            record = rich.seed_abandonment(shop, one, customer_extras.checkout_record(shop, one))
            if number in {one.id, read_gid_number(record["id"])}:
                return record
    return None
