"""Reads the shipped orders of a data subject with their tracking numbers, which Shopify's own erasure leaves.

Requests only numbers, companies and links of parcels. Never returns another customer's order, even if the request
names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.connectors.shopify.api.answers import GraphQLReply
from bridge.connectors.shopify.api.client import ShopifyClient
from bridge.connectors.shopify.gathering.flatten import flatten_node, list_nodes
from bridge.connectors.shopify.gathering.paging import iterate_list
from bridge.connectors.shopify.gathering.session import build_gid, is_owner_hidden, quote_search_phrase
from bridge.errors import CredentialRejected
from bridge.model import Principal
from bridge.rules.index.identity import list_normal_forms, normalise_identifier

SHIPPED_ORDERS_BATCH_SIZE = 25


def read_shipped_orders(client: ShopifyClient, principal: Principal, shop: str) -> Iterator[Mapping[str, Any]]:
    """Yield each order once, with the Admin API's field names and plain lists.

    Raises as `run_document`, and CredentialRejected after the last order if Shopify hid whose some of them are.
    """
    seen: set[str] = set()
    hidden = 0
    for order in _iterate_candidate_orders(client, principal, shop):
        by = "" if order["id"] in seen else _match_order_of_principal(order, principal)
        hidden += by == "unsure"
        if by == "own":
            seen.add(order["id"])
            yield flatten_node(order)
    if hidden:
        raise CredentialRejected("shopify: not allowed (order.customer)")


def _iterate_candidate_orders(client: ShopifyClient, principal: Principal, shop: str) -> Iterator[dict[str, Any]]:
    ids = [build_gid("Order", number) for one in principal.order_ids if (number := normalise_identifier("order", one))]
    for start in range(0, len(ids), SHIPPED_ORDERS_BATCH_SIZE):
        batch = ids[start : start + SHIPPED_ORDERS_BATCH_SIZE]
        reply = _run_with_optional_returns(client, shop, "shipped_orders_by_ids", ids=batch)
        yield from (order for order in list_nodes(reply.data) if "fulfillments" in order)
    for customer_id in principal.customer_ids:
        yield from _search_orders(client, shop, f"customer_id:{customer_id}")
    for email in list_normal_forms("email", principal.email):
        yield from _search_orders(client, shop, f"email:{quote_search_phrase(email)}")


def _search_orders(client: ShopifyClient, shop: str, query: str) -> Iterator[dict[str, Any]]:
    def fetch_page(after: str | None) -> Any:
        name = "shipped_orders_by_search"
        return _run_with_optional_returns(client, shop, name, query=query, after=after).data.get("orders")

    for page in iterate_list(fetch_page):
        yield from list_nodes(page)


def _run_with_optional_returns(client: ShopifyClient, shop: str, name: str, **variables: Any) -> GraphQLReply:
    """Run the document with returns, or without them if their scope is missing. Raises CredentialRejected if denied."""
    for returns in (True, False):
        reply = client.run_document(shop, name, returns=returns, **variables)
        if any(reply.data.get(root) for root in ("nodes", "orders")) or not reply.denied:
            break
    else:
        reply.require_access()
    return reply


def _match_order_of_principal(order: dict[str, Any], principal: Principal) -> str:
    """Return `own`, '' for another person's order, or `unsure` if Shopify hides whose it is."""
    owner = normalise_identifier("customer", str((order.get("customer") or {}).get("id") or ""))
    if owner and principal.customer_id:
        return "own" if owner in principal.customer_ids else ""
    order_emails = list_normal_forms("email", order.get("email") or "")
    emails = list_normal_forms("email", principal.email)
    is_same_email = not set(order_emails).isdisjoint(emails)
    named_orders = {normalise_identifier("order", one) for one in principal.order_ids}
    is_named = normalise_identifier("order", str(order["id"])) in named_orders
    # the request may name a wrong order: not one of another customer with another e-mail address
    if is_named and not (owner and order_emails and emails and not is_same_email):
        return "own"
    if not is_same_email:
        return ""
    return "unsure" if is_owner_hidden(order) else "own"
