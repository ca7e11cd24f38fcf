"""What a customer would lose with her account, or still waits for: store credit, gift cards, open orders. Counts only.

What a scope hides is said to be unread, never taken for nothing. Loyalty points are in no API of Shopify's: the apps
that keep them keep them elsewhere, or in metafields of their own.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from operator import eq
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.gathering import flatten
from bridge.connectors.shopify.gathering.session import gid
from bridge.connectors.shopify.residue import held
from bridge.model import Owed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from bridge.connectors.shopify.api.answers import Reply
    from bridge.connectors.shopify.api.client import Client

Node = dict[str, Any]
PLACES = {
    "credits": ("customer", "storeCreditAccounts"),
    "cards": ("cards",),
    "orders": ("customer", "orders"),
}
CODES = {"credits": "store_credit_balance", "cards": "gift_card_balance", "orders": "open_order"}


def owed(client: Client, customer_id: str, shop: str, *, today: date) -> list[Owed]:
    """Count them, page by page, each list until it ends or is denied. Raises as `Client.ask`.

    https://shopify.dev/docs/api/admin-graphql/latest/objects/StoreCreditAccount and GiftCard.
    """
    customer = gid("Customer", customer_id)
    counts: Mapping[str, Callable[[Node], bool]] = {
        "credits": _positive,
        "cards": lambda card: _hers(card, customer) and _positive(card) and _redeemable(card, today),
        "orders": lambda order: bool(held(order)),
    }
    found: dict[str, int | None] = dict.fromkeys(counts, 0)
    after: dict[str, str] = dict.fromkeys(counts, "")
    while after:
        reply = client.ask(
            shop,
            "owed",
            id=customer,
            cardsQuery=f"customer_id:{customer_id} OR recipient_id:{customer_id}",
            **{name: name in after for name in counts},
            **{f"{name}After": after.get(name) or None for name in counts},
        )
        lists = {name: _list(reply, place) for name, place in PLACES.items() if name in after}
        for name, page in lists.items():
            so_far = found[name]
            more = None if page is None else sum(map(counts[name], flatten.nodes(page)))
            found[name] = None if so_far is None or more is None else so_far + more
        after = {name: flatten.end_of(page) for name, page in lists.items() if flatten.has_more(page)}
    return [Owed(code=CODES[name], count=count) for name, count in found.items()]


def _list(reply: Reply, place: tuple[str, ...]) -> Any:
    """One list of the answer: None where it, or a part of what it is judged by, was withheld."""
    if any(all(map(eq, place, one.path)) for one in reply.denied):
        return None
    found: Any = reply.data
    for part in place:
        found = (found or {}).get(part)
    return found or {}  # no such customer: nothing is owed


def _positive(thing: Node) -> bool:
    """Whether there is money on it. An amount that is none is taken for some: a person looks."""
    try:
        return Decimal(str((thing.get("balance") or {}).get("amount"))) > 0
    except InvalidOperation:
        return True


def _hers(card: Node, customer: str) -> bool:
    """A card that was given away is the recipient's; any other the customer's that it is assigned to."""
    given_to = (card.get("recipientAttributes") or {}).get("recipient")
    return ((given_to or card.get("customer") or {}).get("id") or "") == customer


def _redeemable(card: Node, today: date) -> bool:
    until = card.get("expiresOn")
    return bool(card.get("enabled")) and (not until or str(until) >= today.isoformat())
