"""What a search finds of each thing. A redacted person is found by her number only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.records.parts import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import Order, Person

Facts = dict[str, tuple[str, ...]]


def of_person(shop: Shop, one: Person) -> Facts:
    """Give what a customer is found by."""
    if one.id in shop.gone:
        return {}
    if one.id in shop.redacted:
        return {"id": (str(one.id),)}
    return {
        "id": (str(one.id),),
        "email": (one.email,),
        "phone": (one.phone,),
        "first_name": (one.first,),
        "last_name": (one.last,),
        "tag": one.tags,
        "state": ("ENABLED",),
    }


def of_order(shop: Shop, one: Order) -> Facts:
    """Give what an order is found by."""
    facts: Facts = {
        "id": (str(one.id),),
        "name": (one.name, one.name.lstrip("#")),
        "customer_id": (str(one.person_id),) if one.person_id else (),
        "created_at": (moment(one.created_at) or "",),
        "updated_at": (moment(one.updated_at) or "",),
        "sku": tuple(line.sku for line in one.lines),
        "tag": one.tags,
        "status": ("any", "cancelled" if one.cancelled else "open"),
        "test": ("false",),
    }
    if one.person_id not in shop.redacted:
        facts |= {"email": (one.email,), "phone": (one.phone,), "cart_token": (f"c1-{one.id:x}",)}
        facts["checkout_token"] = (f"{one.id:032x}",)
    return facts


def of_beside(shop: Shop, one: Any) -> Facts:
    """Give what a draft, card, checkout or comment is found by; a bare word looks at all of it."""
    person = getattr(one, "person_id", None)
    hidden = person is not None and person in shop.redacted
    shown = () if hidden else (getattr(one, "email", ""), getattr(one, "note", ""))
    return {
        "id": (str(one.id),),
        "customer_id": (str(person),) if person else (),
        "recipient_id": (str(getattr(one, "recipient_id", 0) or person),) if person else (),
        "created_at": (moment(one.created_at) or "",),
        "status": ("any", "open"),
        "default": shown,
    }


def of_record(record: Mapping[str, Any]) -> Facts:
    """Give what a thing that is kept as a record is found by."""
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
    facts: Facts = {"id": (str(record.get("id", "")).rpartition("/")[2], str(record.get("id", "")))}
    return facts | {ours: (str(record[theirs]),) for ours, theirs in names.items() if record.get(theirs)}
