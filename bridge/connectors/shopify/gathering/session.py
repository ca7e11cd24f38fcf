"""Holds what is constant during one data subject's gathering at one shop, and decides whose an order is.

Never merges two people by a phone number unless the request names nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from bridge.connectors.shopify.api import documents
from bridge.connectors.shopify.api.answers import FIELD_FAILED, GraphQLReply, QueryTooCostly
from bridge.connectors.shopify.api.client import ShopifyClient
from bridge.connectors.shopify.api.reply_data import HIDDEN_OWNER
from bridge.connectors.shopify.gathering.cursor import GatherCursor
from bridge.model import Contact, DoubtedCustomer, Finding, Principal
from bridge.rules.index.identity import list_normal_forms, normalise_identifier

# Digests of the last findings that a stored cursor carries: more than two pages, so that a page that is requested again
# after an interruption repeats none.
MAX_RECORDED = 600
MAX_STEP_S = 10.0  # of work on one page of orders; then what is complete is handed over, and the page requested again
BULK_ORDER_THRESHOLD = 5_000  # some forty calls by pages: about where a bulk operation begins to be quicker


def build_gid(kind: str, number: str) -> str:
    """Return Shopify's global id. https://shopify.dev/docs/api/usage/gids."""
    return f"gid://shopify/{kind}/{number}"


def parse_gid_number(node: dict[str, Any]) -> int:
    """Return the number at the end of a node's gid; 0 if it has none."""
    number = str(node.get("id") or "").rpartition("/")[2]
    return int(number) if number.isdecimal() else 0


def quote_search_phrase(value: str) -> str:
    """Return a value as one phrase of Shopify's search syntax. https://shopify.dev/docs/api/usage/search-syntax."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')
    return f"'{escaped}'"


@dataclass(frozen=True, kw_only=True, slots=True)
class GatherSession:
    """The data subject, shop and client of one gathering. `bits` numbers the orders that the request names.

    `recorded` are digests of what was handed over, `closed_fields` the fields that are left out of documents
    because a denial would hide others, `doubtful_orders` the numbers of orders for a review, `doubtful_customers` customers for one, `foreign_contacts` those of the request that lead to somebody else, `failed_fields` those that Shopify could not serve, with their document. The orders of a customer with more than `bulk_orders` orders are read by a bulk operation.
    """

    client: ShopifyClient
    shop: str
    principal: Principal
    bulk_orders: int = BULK_ORDER_THRESHOLD
    now_s: Callable[[], float] = time.monotonic
    bits: dict[str, int] = field(init=False)
    recorded: set[str] = field(default_factory=set, init=False)
    closed_fields: dict[str, str] = field(default_factory=dict, init=False)
    failed_fields: set[tuple[str, ...]] = field(default_factory=set, init=False)
    doubtful_orders: list[str] = field(default_factory=list, init=False)
    doubtful_customers: list[DoubtedCustomer] = field(default_factory=list, init=False)
    foreign_contacts: set[Contact] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        """Index the request's orders once, so that a lookup is fast among thousands."""
        named = (*self.principal.order_ids, *self.principal.confirmed_order_ids)
        numbers = [number for one in named if (number := normalise_identifier("order", one))]
        object.__setattr__(self, "bits", {number: bit for bit, number in enumerate(dict.fromkeys(numbers))})

    def select_customer(self, cursor: GatherCursor) -> Self:
        """Return the session of the customer that the cursor is at: this one, or that of a further customer by its id."""
        if not cursor.customer_index:
            return self
        decided = (*self.principal.confirmed_order_ids, *self.principal.foreign_order_ids)
        number = str(cursor.customers[cursor.customer_index]).rpartition("/")[2]
        further = replace(self, principal=Principal(customer_id=number, foreign_order_ids=decided))
        for name in ("recorded", "closed_fields", "failed_fields"):
            object.__setattr__(further, name, getattr(self, name))
        return further

    def run_document(self, name: str, cursor: GatherCursor, **variables: Any) -> GraphQLReply:
        """Run a document with all optional parts but those that the cursor closed. Raises as `ShopifyClient.run_document`."""
        values = self._switch_parts(name, cursor, variables)
        hopeless = {tuple(keys) for of, *keys in self.failed_fields if of == name}
        reply = self.client.run_partial_document(self.shop, name, self.closed_fields, hopeless, **values)
        self.failed_fields.update((name, *one.keys) for one in reply.failed if one.reason == FIELD_FAILED)
        # what was denied stays denied; a field that failed once may come with the next document
        denied = {field: reason for field, reason in reply.closed_fields.items() if reason != FIELD_FAILED}
        self.closed_fields.update(denied)
        return reply

    def run_sized_document(
        self, name: str, cursor: GatherCursor, size_variable: str, wanted: int, key: str = "", /, **variables: Any
    ) -> GraphQLReply:
        """Run a document with the largest page size that its cost allows. Raises as `ShopifyClient.run_document`.

        `key` names what is requested if the document is used for several things.
        """
        values = self._switch_parts(name, cursor, variables)
        while True:
            size = self.client.fit_page_size(key or name, wanted)
            size = self.client.fit_size_variable(self.shop, name, size_variable, size, values, self.closed_fields)
            try:
                return self.run_document(name, cursor, **(variables | {size_variable: size}))
            except QueryTooCostly as fault:
                self.client.reduce_page_size(key or name, size, fault)

    def compute_page_price(self, name: str, cursor: GatherCursor, wanted: int, **variables: Any) -> tuple[float, int]:
        """Return the price of a page of a document in points, and how many rows of the wanted ones it has."""
        values = self._switch_parts(name, cursor, variables)
        size = self.client.fit_size_variable(self.shop, name, "first", wanted, values, self.closed_fields)
        return self.client.compute_price(self.shop, name, {**values, "first": size}, self.closed_fields), size

    def _switch_parts(self, name: str, cursor: GatherCursor, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the variables, with all optional parts of the document but those that the cursor closed."""
        return {**{flag: flag not in cursor.closed_flags for flag in documents.list_document_flags(name)}, **variables}

    @property
    def order_ids(self) -> tuple[str, ...]:
        """Return the numbers of the orders that the request names."""
        return tuple(self.bits)

    @property
    def sole_phones(self) -> tuple[str, ...]:
        """Return the normal forms of the phone if the request names no customer id and no e-mail; else none."""
        has_other_key = self.principal.customer_id or self.principal.email
        return () if has_other_key else list_normal_forms("phone", self.principal.phone)

    def list_own_gids(self, cursor: GatherCursor) -> tuple[str, ...]:
        """Return the gids of the customer: as found, and as the request names it."""
        named = build_gid("Customer", self.principal.customer_id) if self.principal.customer_id else ""
        return tuple(dict.fromkeys(filter(None, (cursor.customer, named))))

    def list_contact_phrases(self, cursor: GatherCursor) -> list[str]:
        """Return the search phrases of the e-mail addresses, or of the phone if the request names nothing else."""
        return [quote_search_phrase(contact) for contact in cursor.emails or self.sole_phones]

    def build_search_query(self, cursor: GatherCursor) -> str:
        """Return the query for orders by e-mail, or by phone if the request names nothing else; '' for neither.

        https://shopify.dev/docs/api/admin-graphql/latest/queries/orders has no filter for phones: a phrase is searched
        in every field, and only an order with that number is kept.
        """
        if cursor.emails:
            return " OR ".join(f"email:{quote_search_phrase(email)}" for email in cursor.emails)
        return " OR ".join(quote_search_phrase(phone) for phone in self.sole_phones)

    def list_pending_order_gids(self, cursor: GatherCursor) -> list[str]:
        """Return the gids of the orders that the request names and no stage has read yet."""
        return [build_gid("Order", one) for one, bit in self.bits.items() if not cursor.seen >> bit & 1]

    def mark_orders_seen(self, cursor: GatherCursor, gids: Iterable[str]) -> GatherCursor:
        """Return the cursor with these orders marked as read."""
        seen = cursor.seen
        for one in gids:
            bit = self.bits.get(normalise_identifier("order", one))
            seen |= 0 if bit is None else 1 << bit
        return replace(cursor, seen=seen)

    def is_recorded(self, kind: str, ref: str) -> bool:
        """Return whether a record was handed over before, as far as this run and its first cursor remember."""
        return _digest_record(kind, ref) in self.recorded

    def mark_recorded(self, cursor: GatherCursor, records: Iterable[tuple[str, str]]) -> GatherCursor:
        """Return the cursor with these records (kind, ref) as handed over."""
        digests = [_digest_record(kind, ref) for kind, ref in records]
        self.recorded.update(digests)
        return replace(cursor, recorded=(*cursor.recorded, *digests)[-MAX_RECORDED:]) if digests else cursor

    def drop_recorded(
        self, cursor: GatherCursor, findings: Sequence[Finding]
    ) -> tuple[tuple[Finding, ...], GatherCursor]:
        """Return the findings that were not handed over before, each once, and the cursor that remembers them."""
        by_key = {(one.kind, one.ref): one for one in reversed(findings)}
        new = {key: one for key, one in reversed(by_key.items()) if not self.is_recorded(*key)}
        return tuple(new.values()), self.mark_recorded(cursor, new)

    def match_order(self, order: dict[str, Any], cursor: GatherCursor, *, is_named: bool = False) -> str:
        """Return why the order belongs to the data subject: `order_id`, `customer_id`, `email` or `phone`.

        What an operator decided about the order counts first. `other` if it is someone else's, `unsure` if Shopify hides
        whose it is, '' if it must be ignored. `is_named`: the request names the order, which decides unless Shopify says
        that it belongs to another customer.
        """
        number = normalise_identifier("order", str(order.get("id")))
        if number in (*self.principal.confirmed_order_ids, *self.principal.foreign_order_ids):
            return "order_id" if number in self.principal.confirmed_order_ids else ""
        emails = list_normal_forms("email", order.get("email") or "")
        has_own_email = not frozenset(cursor.emails).isdisjoint(emails)
        is_hidden = is_owner_hidden(order)
        is_named = is_named or (is_hidden and number in self.bits)
        owner = (order.get("customer") or {}).get("id")
        if owner:
            if owner in cursor.customers and owner != cursor.customer:
                return ""  # it is read with that customer, who is the same person
            is_own = owner in self.list_own_gids(cursor)
            names_orders_only = not (self.principal.customer_id or self.principal.email or self.principal.phone)
            if is_own or (is_named and names_orders_only):
                return "order_id" if is_named else "customer_id"
            return "other" if is_named or has_own_email else ""
        by_phone = match_buyer_phone(order, self.sole_phones)
        if is_named:
            is_of_other = (emails and cursor.emails and not has_own_email) or by_phone == "other"
            return "other" if is_of_other else "order_id"
        by = "email" if has_own_email else by_phone
        if not by and cursor.emails and not emails:
            by = "other"  # the search found it by an e-mail address that Shopify does not show us
        return "unsure" if by and is_hidden else by


def is_owner_hidden(node: dict[str, Any]) -> bool:
    """Return whether Shopify did not let us read whose record it is; a record without a customer is another matter."""
    return "customer" not in node or node["customer"] is HIDDEN_OWNER


def _digest_record(kind: str, ref: str) -> str:
    return base64.b64encode(hashlib.blake2b(f"{kind} {ref}".encode(), digest_size=6).digest()).decode()


def match_buyer_phone(order: dict[str, Any], phones: Collection[str]) -> str:
    """Return `phone` if the buyer of an order without a customer has one of the phones, `other` if only the receiver has.

    The phone of the shipping address is the buyer's where neither another phone nor an e-mail address stands on the order:
    Shopify copies it into the billing address unless the parcel is for somebody else.
    """
    billing, shipping = order.get("billingAddress") or {}, order.get("shippingAddress") or {}
    of_buyer = {form for source in (order, billing) for form in list_normal_forms("phone", source.get("phone") or "")}
    if not of_buyer.isdisjoint(phones):
        return "phone"
    if frozenset(list_normal_forms("phone", shipping.get("phone") or "")).isdisjoint(phones):
        return ""
    return "other" if of_buyer or order.get("email") else "phone"
