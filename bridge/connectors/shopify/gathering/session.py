"""One person's gathering at one shop: who is asked for, which orders are hers, and how a question is sized.

Decides whose an order is. Never merges two people by a phone number unless the request names nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.api import documents
from bridge.connectors.shopify.api.answers import GraphQLReply, QueryTooCostly
from bridge.rules.index.identity import normalise_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.connectors.shopify.api.client import ShopifyClient
    from bridge.connectors.shopify.gathering.cursor import GatherCursor
    from bridge.model import Principal

BULK_ORDER_THRESHOLD = 5_000  # some forty calls by pages: about where a bulk operation begins to be quicker


def build_gid(kind: str, number: str) -> str:
    """Shopify's global id. https://shopify.dev/docs/api/usage/gids."""
    return f"gid://shopify/{kind}/{number}"


def parse_gid_number(node: dict[str, Any]) -> int:
    """Read the number at the end of a node's gid."""
    number = str(node.get("id") or "").rpartition("/")[2]
    return int(number) if number.isdecimal() else 0


def quote_search_phrase(value: str) -> str:
    """Write a value as one phrase of Shopify's search syntax. https://shopify.dev/docs/api/usage/search-syntax."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')
    return f"'{escaped}'"


@dataclass(frozen=True, kw_only=True, slots=True)
class GatherSession:
    """Who is asked for, where. `bits` numbers the orders that the request names.

    A customer with more than `bulk_orders` orders has them fetched by a bulk operation.
    """

    client: ShopifyClient
    shop: str
    principal: Principal
    bulk_orders: int = BULK_ORDER_THRESHOLD
    bits: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        """Read the request's orders once: a thousand are looked up in a thousand."""
        numbers = [
            number for one in self.principal.order_ids if (number := normalise_identifier("order", one))
        ]
        object.__setattr__(self, "bits", {number: bit for bit, number in enumerate(dict.fromkeys(numbers))})

    def run_document(self, name: str, cursor: GatherCursor, **variables: Any) -> GraphQLReply:
        """Ask a document, its optional parts open unless the place says otherwise. Raises as `Client.ask`."""
        switches = {flag: flag not in cursor.shut for flag in documents.list_document_flags(name)}
        return self.client.run_document(self.shop, name, **(switches | variables))

    def run_sized_document(
        self, name: str, cursor: GatherCursor, size_variable: str, wanted: int, **variables: Any
    ) -> GraphQLReply:
        """Ask for as many at once as Shopify's price for one query allows. Raises as `Client.ask`."""
        while True:
            size = self.client.fit_page_size(name, wanted)
            try:
                return self.run_document(name, cursor, **(variables | {size_variable: size}))
            except QueryTooCostly as fault:
                self.client.reduce_page_size(name, size, fault)

    @property
    def order_ids(self) -> tuple[str, ...]:
        """The orders the request names, as Shopify's numbers."""
        return tuple(self.bits)

    @property
    def sole_phone(self) -> str:
        """The phone in its normal form where the request names nothing else that finds a person."""
        return (
            ""
            if self.principal.customer_id or self.principal.email
            else normalise_identifier("phone", self.principal.phone)
        )

    def build_search_query(self, cursor: GatherCursor) -> str:
        """Orders of the person's addresses; by phone only where the request names nothing else; '' for nothing.

        https://shopify.dev/docs/api/admin-graphql/latest/queries/orders names no filter for phones: a phrase is
        looked for in every field, and only an order that carries the number is taken.
        """
        if cursor.emails:
            return " OR ".join(f"email:{quote_search_phrase(email)}" for email in cursor.emails)
        return quote_search_phrase(self.sole_phone) if self.sole_phone else ""

    def list_pending_order_gids(self, cursor: GatherCursor) -> list[str]:
        """Gids of the orders that are named and were not met yet."""
        return [build_gid("Order", one) for one, bit in self.bits.items() if not cursor.seen >> bit & 1]

    def mark_orders_seen(self, cursor: GatherCursor, gids: Iterable[str]) -> GatherCursor:
        """Mark these orders as met."""
        seen = cursor.seen
        for one in gids:
            bit = self.bits.get(normalise_identifier("order", one))
            seen |= 0 if bit is None else 1 << bit
        return replace(cursor, seen=seen)

    def match_order(self, order: dict[str, Any], cursor: GatherCursor, *, is_named: bool = False) -> str:
        """Say how an order is known to be the person's; `other` for another's, '' for one that is no matter.

        `named`: the request names it, which settles it unless Shopify says that it belongs to another.
        """
        email = normalise_identifier("email", order.get("email") or "")
        owner = (order.get("customer") or {}).get("id")
        if owner:
            hers = owner in (cursor.customer, build_gid("Customer", self.principal.customer_id))
            nobody_else = not (self.principal.customer_id or self.principal.email or self.principal.phone)
            if hers or (is_named and nobody_else):
                return "order_id" if is_named else "customer_id"
            return "other" if is_named or email in cursor.emails else ""
        if is_named:
            return "other" if email and cursor.emails and email not in cursor.emails else "order_id"
        if email in cursor.emails:
            return "email"
        if self.sole_phone and self.sole_phone in _read_order_phones(order):
            return "phone"
        # the search found it by an address that we are not shown
        return "other" if cursor.emails and not email else ""


def _read_order_phones(order: dict[str, Any]) -> set[str]:
    places = (order, order.get("billingAddress") or {}, order.get("shippingAddress") or {})
    return {normalise_identifier("phone", place.get("phone") or "") for place in places} - {""}
