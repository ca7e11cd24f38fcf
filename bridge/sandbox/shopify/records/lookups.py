"""Look up by id: drafts, cards, checkouts, comments, disputes, the article, the segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bridge.sandbox.shopify.records import customer_extras, disputes, segments
from bridge.sandbox.shopify.records.orders import draft_record
from bridge.sandbox.shopify.records.parts import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.sandbox.shopify.state import Shop


def _list_disputes(shop: Shop, _: int) -> list[Record]:
    return [disputes.dispute_record(shop, shop.world.get_order(one)) for one in shop.world.disputed_order_ids]


def _find_drafts(shop: Shop, number: int) -> list[Record]:
    return [
        draft_record(shop, one) for one in shop.exclude_deleted("DraftOrder", shop.world.drafts) if one.id == number
    ]


def _find_gift_cards(shop: Shop, number: int) -> list[Record]:
    return [customer_extras.gift_card_record(shop, one) for one in shop.world.gift_cards if one.id == number]


def _find_checkouts(shop: Shop, number: int) -> list[Record]:
    return [customer_extras.checkout_record(shop, one) for one in shop.world.checkouts if one.id == number]


def _find_comments(shop: Shop, number: int) -> list[Record]:
    comments = shop.exclude_deleted("Comment", shop.world.comments)
    return [customer_extras.comment_record(shop, one) for one in comments if one.id == number]


LOOKUPS_BY_TYPE: Final[Mapping[str, Callable[[Shop, int], list[Record]]]] = {
    "AbandonedCheckout": _find_checkouts,
    "Article": lambda shop, _: [customer_extras.article_record(shop)],
    "Comment": _find_comments,
    "DraftOrder": _find_drafts,
    "GiftCard": _find_gift_cards,
    "Segment": lambda shop, _: segments.build_segments(shop),
    "ShopifyPaymentsDispute": _list_disputes,
    "ShopifyPaymentsDisputeEvidence": _list_disputes,
}
