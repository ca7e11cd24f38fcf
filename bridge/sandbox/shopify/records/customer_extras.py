"""What hangs beside a customer: gift cards, checkouts that were left, comments under the shop's one article.

It follows the customer's redaction, except the comments, which Shopify's erasure does not reach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.schema.personal import canary
from bridge.sandbox.shopify.engine.run import Rows
from bridge.sandbox.shopify.records import parts
from bridge.sandbox.shopify.records.parts import Record, gid, moment, postal
from bridge.sandbox.shopify.rich.beside import over_card, over_checkout

if TYPE_CHECKING:
    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import BlogComment, Checkout, GiftCard


def gift_card_record(shop: Shop, one: GiftCard) -> Record:
    """Write a gift card."""
    hidden, given_to = one.person_id in shop.redacted, one.recipient_id or one.person_id
    recipient = {
        "preferredName": one.recipient_name,
        "message": one.message,
        "recipient": lambda _: shop.customer_record(given_to),
    }
    unsaid = given_to in shop.redacted or not one.recipient_name
    record = {
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
        "recipientAttributes": None if unsaid else recipient,
    }
    if one.rich and not hidden and not unsaid:
        record = over_card(shop.plant, record, received=bool(one.recipient_id))
    return record | shop.written.get(gid("GiftCard", one.id), {})


def checkout_record(shop: Shop, one: Checkout) -> Record:
    """Write a checkout that was left."""
    hidden = one.person_id in shop.redacted
    address = postal(one.id, one.address, hidden=hidden)
    record = {
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
    return over_checkout(shop.plant, record) if one.rich and not hidden else record


def comment_record(shop: Shop, one: BlogComment) -> Record:
    """Write a comment under an article. Shopify's erasure of a customer does not reach it."""
    return {
        "__typename": "Comment",
        "id": gid("Comment", one.id),
        "body": one.body,
        "bodyHtml": f"<p>{one.body}</p>",
        "ip": one.ip,
        "userAgent": canary("Comment", "userAgent") if one.rich else "Mozilla/5.0 (Linux; Android 14)",
        "createdAt": moment(one.created_at),
        "updatedAt": moment(one.created_at),
        "status": "PUBLISHED",
        "author": {"name": one.author, "email": one.email},
        "article": lambda _: article_record(shop),
    }


def article_record(shop: Shop) -> Record:
    """Write the shop's one article; the comments under it are everybody's."""
    return {
        "__typename": "Article",
        "id": gid("Article", shop.world.shop_id),
        "title": "How jhumkas are made",
        "handle": "how-jhumkas-are-made",
        "isPublished": True,
        "comments": Rows(
            items=shop.left("Comment", shop.world.comments), make=lambda one: comment_record(shop, one)
        ),
    }
