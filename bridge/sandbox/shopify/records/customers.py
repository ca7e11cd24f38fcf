"""Customers of the world as records of Shopify's Admin schema.

A redacted customer keeps the number and loses everything else; her consent says REDACTED, which is the only
word Shopify gives. What hangs beside her (gift cards, checkouts, comments) follows the same rule.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.engine.run import Rows
from bridge.sandbox.shopify.records import parts
from bridge.sandbox.shopify.records.orders import order_record
from bridge.sandbox.shopify.records.parts import Record, gid, moment, postal
from bridge.sandbox.shopify.rich.customer import over_customer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import Order, Person


def cached(shop: Shop, key: str, make: Any) -> Record:
    """Give a record, made once until something changes."""
    found = shop.cache.get(key)
    if found is None:
        found = shop.cache[key] = make()
    return found


def order_of(shop: Shop, one: Order) -> Record:
    """Give an order's record."""
    return cached(shop, gid("Order", one.id), lambda: order_record(shop, one))


def customer_of(shop: Shop, person_id: int, orders: Sequence[Order], *, view: str = "") -> Record | None:
    """Give a customer's record; None where the shop does not know the number."""
    if person_id in shop.gone:
        return None
    try:
        person = shop.person(person_id)
    except KeyError:
        return None
    return cached(shop, gid("Customer", person_id) + view, lambda: customer_record(shop, person, orders))


def consent(state: str, at: str | None) -> Record:
    """Write what somebody agreed to."""
    agreed = state == "SUBSCRIBED"
    return {
        "marketingState": state,
        "marketingOptInLevel": "SINGLE_OPT_IN" if agreed else None,
        "marketingUpdatedAt": at if agreed else None,
    }


def contacts(one: Person, *, hidden: bool) -> Record:
    """Write address, number and consents. REDACTED is a state of a consent, but none of an e-mail address."""
    at = moment(one.created_at)
    email, sms = ("REDACTED", "REDACTED") if hidden else (one.email_consent, one.sms_consent)
    told = {"optInLevel": None, "updatedAt": None, "collectedFrom": None}
    never = "NEVER_SUBSCRIBED" if sms == "NOT_SUBSCRIBED" else sms
    mail = {
        "emailAddress": one.email,
        "openTrackingLevel": "UNKNOWN",
        "validFormat": True,
        **consent(email, at),
    }
    call = {
        "phoneNumber": "redacted" if hidden else one.phone,
        "marketingCollectedFrom": None,
        "smsMarketingConsent": {"state": never, **told},
        "whatsAppMarketingConsent": {"state": "REDACTED" if hidden else "NEVER_SUBSCRIBED", **told},
        **consent(sms, at),
    }
    return {
        "email": None if hidden else one.email,
        "phone": None if hidden else one.phone or None,
        "defaultEmailAddress": mail if one.email and not hidden else None,
        "defaultPhoneNumber": call if one.phone else None,
        "emailMarketingConsent": {"marketingState": email, "marketingOptInLevel": None},
        "smsMarketingConsent": {"marketingState": sms, "marketingOptInLevel": None} if one.phone else None,
    }


def customer_record(shop: Shop, one: Person, orders: Sequence[Order]) -> Record:
    """Write a customer."""
    hidden = one.id in shop.redacted
    owner, at = gid("Customer", one.id), moment(one.created_at)
    home = postal(one.id, one.address, hidden=hidden or not one.address)
    spent = sum((order.total for order in orders), Decimal(0))
    newest = max(orders, key=lambda order: order.created_at, default=None)
    record: Record = {
        "__typename": "Customer",
        "id": owner,
        "legacyResourceId": str(one.id),
        "displayName": "redacted" if hidden else one.name or one.email,
        "firstName": None if hidden else one.first or None,
        "lastName": None if hidden else one.last or None,
        **contacts(one, hidden=hidden),
        "note": None if hidden else one.note or None,
        "tags": [] if hidden else list(one.tags),
        "locale": "en-IN",
        "state": "DISABLED" if hidden else "ENABLED",
        "verifiedEmail": not hidden,
        "createdAt": at,
        "updatedAt": moment(shop.world.now) if hidden else at,
        "lifetimeDuration": "over 1 year",
        "numberOfOrders": str(len(orders)),
        "dataSaleOptOut": False,
        "canDelete": not orders,
        "amountSpent": parts.price(spent),
        "statistics": {"predictedSpendTier": None, "rfmGroup": None},
        "defaultAddress": home,
        "addressesV2": [home] if home else [],
        "addresses": [home] if home else [],
        "orders": Rows(items=orders, make=lambda order: order_of(shop, order)),
        "lastOrder": lambda _: order_of(shop, newest) if newest else None,
        "events": [] if hidden else parts.timeline(shop.world, "Customer", one.id, one.timeline),
        **parts.metafields(shop, owner, () if hidden else one.metafields, one.created_at),
    }
    if one.rich and not hidden:
        record = over_customer(shop, one.id, record)
    return record if hidden else record | shop.written.get(owner, {})
