"""Counts what a customer would lose with the account or still waits for: store credit, gift cards, open orders.

Never reports a list that a scope hides as empty: its count is None. Loyalty points are in no API of Shopify: loyalty
apps store them in their own systems or metafields.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from operator import eq
from typing import Any

from bridge.connectors.shopify.api.answers import GraphQLReply
from bridge.connectors.shopify.api.client import ShopifyClient
from bridge.connectors.shopify.gathering import flatten, paging
from bridge.connectors.shopify.gathering.session import build_gid
from bridge.connectors.shopify.residue import find_block_reason
from bridge.model import Balance

Node = dict[str, Any]
BALANCE_LIST_PATHS = {
    "credits": ("customer", "storeCreditAccounts"),
    "cards": ("cards",),
    "orders": ("customer", "orders"),
}
BALANCE_CODES = {"credits": "store_credit_balance", "cards": "gift_card_balance", "orders": "open_order"}


def count_balances(
    client: ShopifyClient, customer_id: str, shop: str, *, today: date, lists: Collection[str] = tuple(BALANCE_CODES)
) -> list[Balance]:
    """Return the balances of these lists, page by page until each ends; None if it is denied or does not end. Raises as `run_document`.

    https://shopify.dev/docs/api/admin-graphql/latest/objects/StoreCreditAccount and GiftCard.
    """
    customer = build_gid("Customer", customer_id)
    counts: Mapping[str, Callable[[Node], bool]] = {
        "credits": _has_positive_balance,
        "cards": lambda card: (
            _is_card_of_customer(card, customer) and _has_positive_balance(card) and _is_card_redeemable(card, today)
        ),
        "orders": lambda order: bool(find_block_reason(order)),
    }
    found: dict[str, int | None] = dict.fromkeys(lists, 0)
    after: dict[str, str] = dict.fromkeys(lists, "")
    traces: paging.Traces = {}
    while after:
        reply = client.run_document(
            shop,
            "balances",
            id=customer,
            cardsQuery=f"customer_id:{customer_id} OR recipient_id:{customer_id}",
            **{name: name in after for name in counts},
            **{f"{name}After": after.get(name) or None for name in counts},
        )
        pages = {name: _read_balance_list(reply, BALANCE_LIST_PATHS[name]) for name in after}
        for name, page in pages.items():
            count = found[name]
            more = None if page is None else sum(map(counts[name], flatten.list_nodes(page)))
            found[name] = None if count is None or more is None else count + more
        after, traces, gaps = paging.advance_lists(pages, after, traces, {name: name for name in pages})
        found |= dict.fromkeys((gap.what for gap in gaps), None)
    return [Balance(code=BALANCE_CODES[name], count=count) for name, count in found.items()]


def _read_balance_list(reply: GraphQLReply, list_path: tuple[str, ...]) -> Any:
    """Return one list of the answer; None if Shopify denied it or a field that decides what counts."""
    if any(all(map(eq, list_path, one.path)) for one in reply.denied):
        return None
    found: Any = reply.data
    for part in list_path:
        found = (found or {}).get(part)
    return found or {}  # an unknown customer has no balance


def _has_positive_balance(account: Node) -> bool:
    """Return whether the account has money; an unreadable amount counts, so that a person looks at it."""
    try:
        return Decimal(str((account.get("balance") or {}).get("amount"))) > 0
    except InvalidOperation:
        return True


def _is_card_of_customer(card: Node, customer: str) -> bool:
    """Return whether the card belongs to the customer: as its recipient, or as its customer if it has no recipient."""
    recipient = (card.get("recipientAttributes") or {}).get("recipient")
    return ((recipient or card.get("customer") or {}).get("id") or "") == customer


def _is_card_redeemable(card: Node, today: date) -> bool:
    expires_on = card.get("expiresOn")
    return bool(card.get("enabled")) and (not expires_on or str(expires_on) >= today.isoformat())
