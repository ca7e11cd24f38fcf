"""Customers of the world, and what hangs beside them, as records of Shopify's Admin schema.

A redacted customer keeps the number and loses everything else; her consent says REDACTED, which is the only
word Shopify gives. What hangs beside her (gift cards, checkouts, comments) follows the same rule.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify import parts
from bridge.sandbox.shopify.orders import order_record
from bridge.sandbox.shopify.parts import Record, gid, moment, postal
from bridge.sandbox.shopify.run import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.sandbox.nouns import BlogComment, Checkout, GiftCard, Order, Person
    from bridge.sandbox.shopify.state import Shop


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
        person = shop.world.person(person_id)
    except KeyError:
        return None
    return cached(shop, gid("Customer", person_id) + view, lambda: customer_record(shop, person, orders))


def consent(state: str, at: str | None) -> Record:
    """Write what somebody agreed to."""
    return {
        "marketingState": state,
        "marketingOptInLevel": "SINGLE_OPT_IN" if state == "SUBSCRIBED" else None,
        "marketingUpdatedAt": at if state == "SUBSCRIBED" else None,
    }


def customer_record(shop: Shop, one: Person, orders: Sequence[Order]) -> Record:
    """Write a customer."""
    hidden = one.id in shop.redacted
    owner, at = gid("Customer", one.id), moment(one.created_at)
    home = postal(one.id, one.address, hidden=hidden)
    spent = sum((order.total for order in orders), Decimal(0))
    newest = max(orders, key=lambda order: order.created_at, default=None)
    opted = {"optInLevel": None, "updatedAt": None, "collectedFrom": None}
    sms = {"state": "REDACTED" if hidden else one.sms_consent, **opted}
    mail = {
        "emailAddress": "redacted" if hidden else one.email,
        "openTrackingLevel": "UNKNOWN",
        "validFormat": not hidden,
        **consent("REDACTED" if hidden else one.email_consent, at),
    }
    call = {
        "phoneNumber": "redacted" if hidden else one.phone,
        "marketingCollectedFrom": None,
        "smsMarketingConsent": sms,
        **consent("REDACTED" if hidden else one.sms_consent, at),
    }
    record: Record = {
        "__typename": "Customer",
        "id": owner,
        "legacyResourceId": str(one.id),
        "displayName": "redacted" if hidden else one.name,
        "firstName": None if hidden else one.first,
        "lastName": None if hidden else one.last,
        "email": None if hidden else one.email,
        "phone": None if hidden else one.phone,
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
        "defaultEmailAddress": mail,
        "defaultPhoneNumber": call,
        "defaultAddress": home,
        "addressesV2": [home] if home else [],
        "addresses": [home] if home else [],
        "orders": Rows(items=orders, make=lambda order: order_of(shop, order)),
        "lastOrder": lambda _: order_of(shop, newest) if newest else None,
        "events": [] if hidden else parts.timeline(shop.world, "Customer", one.id, one.timeline),
        **parts.metafields(shop, owner, () if hidden else one.metafields, one.created_at),
    }
    return record | shop.written.get(owner, {})


def gift_card_record(shop: Shop, one: GiftCard) -> Record:
    """Write a gift card."""
    hidden = one.person_id in shop.redacted
    recipient = {
        "preferredName": one.recipient_name,
        "message": one.message,
        "recipient": lambda _: shop.customer_record(one.person_id),
    }
    return {
        "__typename": "GiftCard",
        "id": gid("GiftCard", one.id),
        "maskedCode": f"•••• •••• •••• {one.last_characters}",
        "lastCharacters": one.last_characters,
        "note": None if hidden else one.note,
        "createdAt": moment(one.created_at),
        "updatedAt": moment(one.created_at),
        "enabled": True,
        "balance": parts.price(one.balance),
        "initialValue": parts.price(one.balance),
        "customer": lambda _: shop.customer_record(one.person_id),
        "recipientAttributes": None if hidden else recipient,
    }


def checkout_record(shop: Shop, one: Checkout) -> Record:
    """Write a checkout that was left."""
    hidden = one.person_id in shop.redacted
    address = postal(one.id, one.address, hidden=hidden)
    return {
        "__typename": "AbandonedCheckout",
        "id": gid("AbandonedCheckout", one.id),
        "name": one.name,
        "note": "" if hidden else one.note,
        "createdAt": moment(one.created_at),
        "updatedAt": moment(one.created_at),
        "abandonedCheckoutUrl": f"https://{shop.world.shop}/checkouts/{one.id:x}/recover",
        "customer": lambda _: shop.customer_record(one.person_id) if one.person_id else None,
        "billingAddress": address,
        "shippingAddress": address,
        "lineItems": parts.lines(one.lines, "AbandonedCheckoutLineItem", hidden=hidden),
    }


def comment_record(one: BlogComment) -> Record:
    """Write a comment under an article. Shopify's erasure of a customer does not reach it."""
    return {
        "__typename": "Comment",
        "id": gid("Comment", one.id),
        "body": one.body,
        "bodyHtml": one.body,
        "ip": one.ip,
        "userAgent": "Mozilla/5.0 (Linux; Android 14)",
        "createdAt": moment(one.created_at),
        "updatedAt": moment(one.created_at),
        "status": "PUBLISHED",
        "author": {"name": one.author, "email": one.email},
        "article": {"__typename": "Article", "id": gid("Article", 1), "title": "How jhumkas are made"},
    }
