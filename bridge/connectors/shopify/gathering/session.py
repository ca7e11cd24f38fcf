"""One person's gathering at one shop: who is asked for, which orders are hers, and how a question is sized.

Decides whose an order is. Never merges two people by a phone number unless the request names nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.api import documents
from bridge.connectors.shopify.api.answers import Reply, TooCostly
from bridge.rules.index.identity import normal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.connectors.shopify.api.client import Client
    from bridge.connectors.shopify.gathering.cursor import Place
    from bridge.model import Principal

BULK_ORDERS = 5_000  # some forty calls by pages: about where a bulk operation begins to be quicker


def gid(kind: str, number: str) -> str:
    """Shopify's global id. https://shopify.dev/docs/api/usage/gids."""
    return f"gid://shopify/{kind}/{number}"


def number_of(node: dict[str, Any]) -> int:
    """Read the number at the end of a node's gid."""
    number = str(node.get("id") or "").rpartition("/")[2]
    return int(number) if number.isdecimal() else 0


def quoted(value: str) -> str:
    """Write a value as one phrase of Shopify's search syntax. https://shopify.dev/docs/api/usage/search-syntax."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')
    return f"'{escaped}'"


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """Who is asked for, where. `bits` numbers the orders that the request names.

    A customer with more than `bulk_orders` orders has them fetched by a bulk operation.
    """

    client: Client
    shop: str
    who: Principal
    bulk_orders: int = BULK_ORDERS
    bits: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        """Read the request's orders once: a thousand are looked up in a thousand."""
        numbers = [number for one in self.who.order_ids if (number := normal("order", one))]
        object.__setattr__(self, "bits", {number: bit for bit, number in enumerate(dict.fromkeys(numbers))})

    def ask(self, name: str, place: Place, **variables: Any) -> Reply:
        """Ask a document, its optional parts open unless the place says otherwise. Raises as `Client.ask`."""
        switches = {flag: flag not in place.shut for flag in documents.flags(name)}
        return self.client.ask(self.shop, name, **(switches | variables))

    def ask_sized(self, name: str, place: Place, slot: str, wanted: int, **variables: Any) -> Reply:
        """Ask for as many at once as Shopify's price for one query allows. Raises as `Client.ask`."""
        while True:
            size = self.client.size(name, wanted)
            try:
                return self.ask(name, place, **(variables | {slot: size}))
            except TooCostly as fault:
                self.client.shrink(name, size, fault)

    @property
    def order_ids(self) -> tuple[str, ...]:
        """The orders the request names, as Shopify's numbers."""
        return tuple(self.bits)

    @property
    def phone_only(self) -> str:
        """The phone in its normal form where the request names nothing else that finds a person."""
        return "" if self.who.customer_id or self.who.email else normal("phone", self.who.phone)

    def search_query(self, place: Place) -> str:
        """Orders of the person's addresses; by phone only where the request names nothing else; '' for nothing.

        https://shopify.dev/docs/api/admin-graphql/latest/queries/orders names no filter for phones: a phrase is
        looked for in every field, and only an order that carries the number is taken.
        """
        if place.emails:
            return " OR ".join(f"email:{quoted(email)}" for email in place.emails)
        return quoted(self.phone_only) if self.phone_only else ""

    def pending(self, place: Place) -> list[str]:
        """Gids of the orders that are named and were not met yet."""
        return [gid("Order", one) for one, bit in self.bits.items() if not place.seen >> bit & 1]

    def saw(self, place: Place, gids: Iterable[str]) -> Place:
        """Mark these orders as met."""
        seen = place.seen
        for one in gids:
            bit = self.bits.get(normal("order", one))
            seen |= 0 if bit is None else 1 << bit
        return replace(place, seen=seen)

    def match(self, order: dict[str, Any], place: Place, *, named: bool = False) -> str:
        """Say how an order is known to be the person's; `other` for another's, '' for one that is no matter.

        `named`: the request names it, which settles it unless Shopify says that it belongs to another.
        """
        email = normal("email", order.get("email") or "")
        owner = (order.get("customer") or {}).get("id")
        if owner:
            hers = owner in (place.customer, gid("Customer", self.who.customer_id))
            nobody_else = not (self.who.customer_id or self.who.email or self.who.phone)
            if hers or (named and nobody_else):
                return "order_id" if named else "customer_id"
            return "other" if named or email in place.emails else ""
        if named:
            return "other" if email and place.emails and email not in place.emails else "order_id"
        if email in place.emails:
            return "email"
        if self.phone_only and self.phone_only in _phones(order):
            return "phone"
        # the search found it by an address that we are not shown
        return "other" if place.emails and not email else ""


def _phones(order: dict[str, Any]) -> set[str]:
    places = (order, order.get("billingAddress") or {}, order.get("shippingAddress") or {})
    return {normal("phone", place.get("phone") or "") for place in places} - {""}
