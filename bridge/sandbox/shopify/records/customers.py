"""Customers of the world as records of Shopify's Admin schema.

A redacted customer keeps the id and loses everything else; the consent is REDACTED, the only value that Shopify
gives. Related records (gift cards, checkouts, comments) follow the same rule.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.engine.run import LazyRows
from bridge.sandbox.shopify.records import parts
from bridge.sandbox.shopify.records.orders import order_record
from bridge.sandbox.shopify.records.parts import Record, build_postal_address, format_utc_time, make_gid
from bridge.sandbox.shopify.rich.customer import seed_customer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import Order, Person


def get_or_make(shop: Shop, key: str, make_record: Any) -> Record:
    """Return a record, built once until something changes."""
    found = shop.cache.get(key)
    if found is None:
        found = shop.cache[key] = make_record()
    return found


def get_order_record(shop: Shop, order: Order) -> Record:
    """Return the record of an order."""
    return get_or_make(shop, make_gid("Order", order.id), lambda: order_record(shop, order))


def get_customer_record(shop: Shop, person_id: int, orders: Sequence[Order], *, view: str = "") -> Record | None:
    """Return the record of a customer; None if the shop does not know the id."""
    if person_id in shop.unknown_customer_ids:
        return None
    try:
        person = shop.get_person(person_id)
    except KeyError:
        return None
    return get_or_make(shop, make_gid("Customer", person_id) + view, lambda: customer_record(shop, person, orders))


def build_consent(state: str, updated_at: str | None) -> Record:
    """Return a customer's consents."""
    is_subscribed = state == "SUBSCRIBED"
    return {
        "marketingState": state,
        "marketingOptInLevel": "SINGLE_OPT_IN" if is_subscribed else None,
        "marketingUpdatedAt": updated_at if is_subscribed else None,
    }


def build_contacts(person: Person, *, hidden: bool) -> Record:
    """Return address, number and consents. REDACTED is a state of a consent, but not of an e-mail address."""
    at = format_utc_time(person.created_at)
    email, sms = ("REDACTED", "REDACTED") if hidden else (person.email_consent, person.sms_consent)
    consent_details = {"optInLevel": None, "updatedAt": None, "collectedFrom": None}
    sms_state = "NEVER_SUBSCRIBED" if sms == "NOT_SUBSCRIBED" else sms
    mail = {
        "emailAddress": person.email,
        "openTrackingLevel": "UNKNOWN",
        "validFormat": True,
        **build_consent(email, at),
    }
    call = {
        "phoneNumber": "redacted" if hidden else person.phone,
        "marketingCollectedFrom": None,
        "smsMarketingConsent": {"state": sms_state, **consent_details},
        "whatsAppMarketingConsent": {"state": "REDACTED" if hidden else "NEVER_SUBSCRIBED", **consent_details},
        **build_consent(sms, at),
    }
    return {
        "email": None if hidden else person.email,
        "phone": None if hidden else person.phone or None,
        "defaultEmailAddress": mail if person.email and not hidden else None,
        "defaultPhoneNumber": call if person.phone else None,
        "emailMarketingConsent": {"marketingState": email, "marketingOptInLevel": None},
        "smsMarketingConsent": {"marketingState": sms, "marketingOptInLevel": None} if person.phone else None,
    }


def customer_record(shop: Shop, person: Person, orders: Sequence[Order]) -> Record:
    """Return a customer."""
    hidden = person.id in shop.redacted_customer_ids
    owner, at = make_gid("Customer", person.id), format_utc_time(person.created_at)
    address = build_postal_address(person.id, person.address, hidden=hidden or not person.address)
    total_spent = sum((order.total for order in orders), Decimal(0))
    newest = max(orders, key=lambda order: order.created_at, default=None)
    record: Record = {
        "__typename": "Customer",
        "id": owner,
        "legacyResourceId": str(person.id),
        "displayName": "redacted" if hidden else person.name or person.email,
        "firstName": None if hidden else person.first or None,
        "lastName": None if hidden else person.last or None,
        **build_contacts(person, hidden=hidden),
        "note": None if hidden else person.note or None,
        "tags": [] if hidden else list(person.tags),
        "locale": "en-IN",
        "state": "DISABLED" if hidden else "ENABLED",
        "verifiedEmail": not hidden,
        "createdAt": at,
        "updatedAt": format_utc_time(shop.world.now) if hidden else at,
        "lifetimeDuration": "over 1 year",
        "numberOfOrders": str(len(orders)),
        "dataSaleOptOut": False,
        "canDelete": not orders,
        "amountSpent": parts.build_price(total_spent),
        "statistics": {"predictedSpendTier": None, "rfmGroup": None},
        "defaultAddress": address,
        "addressesV2": [address] if address else [],
        "addresses": [address] if address else [],
        "orders": LazyRows(items=orders, make_record=lambda order: get_order_record(shop, order)),
        "lastOrder": lambda _: get_order_record(shop, newest) if newest else None,
        "events": [] if hidden else parts.build_timeline(shop.world, "Customer", person.id, person.timeline),
        **parts.build_metafields(shop, owner, () if hidden else person.metafields, person.created_at),
    }
    if person.rich and not hidden:
        record = seed_customer(shop, person.id, record)
    return record if hidden else record | shop.written_fields.get(owner, {})
