"""Records that belong to a customer: gift cards, abandoned checkouts, comments on the shop's one article.

They follow the customer's redaction, except the comments, which Shopify's erasure does not reach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.schema.personal import get_canary
from bridge.sandbox.shopify.engine.run import LazyRows
from bridge.sandbox.shopify.records import parts
from bridge.sandbox.shopify.records.parts import Record, build_postal_address, format_utc_time, make_gid
from bridge.sandbox.shopify.rich.related_records import seed_checkout, seed_gift_card

if TYPE_CHECKING:
    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import BlogComment, Checkout, GiftCard


def gift_card_record(shop: Shop, gift_card: GiftCard) -> Record:
    """Return a gift card."""
    hidden, given_to = (
        gift_card.person_id in shop.redacted_customer_ids,
        gift_card.recipient_id or gift_card.person_id,
    )
    recipient = {
        "preferredName": gift_card.recipient_name,
        "message": gift_card.message,
        "recipient": lambda _: shop.find_customer_record(given_to),
    }
    hides_recipient = given_to in shop.redacted_customer_ids or not gift_card.recipient_name
    record = {
        "__typename": "GiftCard",
        "id": make_gid("GiftCard", gift_card.id),
        "maskedCode": f"•••• •••• •••• {gift_card.last_characters}",
        "lastCharacters": gift_card.last_characters,
        "note": None if hidden else gift_card.note,
        "createdAt": format_utc_time(gift_card.created_at),
        "updatedAt": format_utc_time(gift_card.created_at),
        "enabled": True,
        "balance": parts.build_price(gift_card.balance),
        "initialValue": parts.build_price(gift_card.balance),
        "customer": lambda _: shop.find_customer_record(gift_card.person_id),
        "recipientAttributes": None if hides_recipient else recipient,
    }
    if gift_card.rich and not hidden and not hides_recipient:
        record = seed_gift_card(shop.seeder, record, received=bool(gift_card.recipient_id))
    return record | shop.written_fields.get(make_gid("GiftCard", gift_card.id), {})


def checkout_record(shop: Shop, checkout: Checkout) -> Record:
    """Return an abandoned checkout."""
    hidden = checkout.person_id in shop.redacted_customer_ids
    address = build_postal_address(checkout.id, checkout.address, hidden=hidden)
    record = {
        "__typename": "AbandonedCheckout",
        "id": make_gid("AbandonedCheckout", checkout.id),
        "name": checkout.name,
        "note": "" if hidden else checkout.note,
        "createdAt": format_utc_time(checkout.created_at),
        "updatedAt": format_utc_time(checkout.created_at),
        "abandonedCheckoutUrl": f"https://{shop.world.shop}/checkouts/{checkout.id:x}/recover",
        "customer": lambda _: shop.find_customer_record(checkout.person_id) if checkout.person_id else None,
        "billingAddress": address,
        "shippingAddress": address,
        "lineItems": parts.build_line_items(checkout.lines, "AbandonedCheckoutLineItem", hidden=hidden),
    }
    return seed_checkout(shop.seeder, record) if checkout.rich and not hidden else record


def comment_record(shop: Shop, comment: BlogComment) -> Record:
    """Return a comment on an article. Shopify's erasure of a customer does not reach it."""
    return {
        "__typename": "Comment",
        "id": make_gid("Comment", comment.id),
        "body": comment.body,
        "bodyHtml": f"<p>{comment.body}</p>",
        "ip": comment.ip,
        "userAgent": get_canary("Comment", "userAgent") if comment.rich else "Mozilla/5.0 (Linux; Android 14)",
        "createdAt": format_utc_time(comment.created_at),
        "updatedAt": format_utc_time(comment.created_at),
        "status": "PUBLISHED",
        "author": {"name": comment.author, "email": comment.email},
        "article": lambda _: article_record(shop),
    }


def article_record(shop: Shop) -> Record:
    """Return the shop's one article with the comments of all customers."""
    return {
        "__typename": "Article",
        "id": make_gid("Article", shop.world.shop_id),
        "title": "How jhumkas are made",
        "handle": "how-jhumkas-are-made",
        "isPublished": True,
        "comments": LazyRows(
            items=shop.exclude_deleted("Comment", shop.world.comments),
            make_record=lambda one: comment_record(shop, one),
        ),
    }
