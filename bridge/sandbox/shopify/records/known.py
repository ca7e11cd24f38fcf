"""The search facts of each record. A redacted customer is found by id only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.records.parts import format_utc_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import Order, Person

SearchFacts = dict[str, tuple[str, ...]]


def build_person_facts(shop: Shop, person: Person) -> SearchFacts:
    """Return the search facts of a customer."""
    if person.id in shop.unknown_customer_ids:
        return {}
    if person.id in shop.redacted_customer_ids:
        return {"id": (str(person.id),)}
    return {
        "id": (str(person.id),),
        "email": (person.email,),
        "phone": (person.phone,),
        "first_name": (person.first,),
        "last_name": (person.last,),
        "tag": person.tags,
        "state": ("ENABLED",),
    }


def build_order_facts(shop: Shop, order: Order) -> SearchFacts:
    """Return the search facts of an order."""
    facts: SearchFacts = {
        "id": (str(order.id),),
        "name": (order.name, order.name.lstrip("#")),
        "customer_id": (str(order.person_id),) if order.person_id else (),
        "created_at": (format_utc_time(order.created_at) or "",),
        "updated_at": (format_utc_time(order.updated_at) or "",),
        "sku": tuple(line.sku for line in order.lines),
        "tag": order.tags,
        "status": ("any", "cancelled" if order.cancelled else "open"),
        "test": ("false",),
    }
    if order.person_id not in shop.redacted_customer_ids:
        facts |= {"email": (order.email,), "phone": (order.phone,), "cart_token": (f"c1-{order.id:x}",)}
        facts["checkout_token"] = (f"{order.id:032x}",)
    return facts


def build_related_facts(shop: Shop, item: Any) -> SearchFacts:
    """Return the search facts of a draft, card, checkout or comment; a bare word searches all of them."""
    person = getattr(item, "person_id", None)
    hidden = person is not None and person in shop.redacted_customer_ids
    texts = () if hidden else (getattr(item, "email", ""), getattr(item, "note", ""))
    return {
        "id": (str(item.id),),
        "customer_id": (str(person),) if person else (),
        "recipient_id": (str(getattr(item, "recipient_id", 0) or person),) if person else (),
        "created_at": (format_utc_time(item.created_at) or "",),
        "status": ("any", "open"),
        "default": texts,
    }


def build_record_facts(record: Mapping[str, Any]) -> SearchFacts:
    """Return the search facts of an object that is stored as a record."""
    names = {
        "action": "action",
        "created_at": "createdAt",
        "display_name": "displayName",
        "handle": "handle",
        "initiated_at": "initiatedAt",
        "name": "name",
        "processed_at": "processedAt",
        "status": "status",
        "subject_type": "subjectType",
    }
    facts: SearchFacts = {"id": (str(record.get("id", "")).rpartition("/")[2], str(record.get("id", "")))}
    return facts | {
        fact_name: (str(record[field_name]),) for fact_name, field_name in names.items() if record.get(field_name)
    }
