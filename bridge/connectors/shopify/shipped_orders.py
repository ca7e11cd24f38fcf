"""Which orders of a person were sent, with their tracking numbers: Shopify's own erasure leaves those.

Asks for numbers, companies and links of parcels only. An order of another customer is not hers, even where the
request lists it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.gathering.flatten import end_of, has_more, nodes, record
from bridge.connectors.shopify.gathering.session import gid, quoted
from bridge.errors import CredentialRejected
from bridge.rules.index.identity import normal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bridge.connectors.shopify.api.answers import Reply
    from bridge.connectors.shopify.api.client import Client
    from bridge.model import Principal

AT_ONCE = 25


def sent_orders(client: Client, who: Principal, shop: str) -> Iterator[Mapping[str, Any]]:
    """Each order once, in the words of the Admin API, its lists plain. Raises as `Client.ask`."""
    seen: set[str] = set()
    for order in _found(client, who, shop):
        if order["id"] not in seen and _hers(order, who):
            seen.add(order["id"])
            yield order


def _found(client: Client, who: Principal, shop: str) -> Iterator[Mapping[str, Any]]:
    ids = [gid("Order", number) for one in who.order_ids if (number := normal("order", one))]
    for start in range(0, len(ids), AT_ONCE):
        reply = _ask(client, shop, "sent_orders_by_ids", ids=ids[start : start + AT_ONCE])
        yield from (record(order) for order in nodes(reply.data) if "fulfillments" in order)
    email = normal("email", who.email)
    if who.customer_id:
        yield from _searched(client, shop, f"customer_id:{who.customer_id}")
    if email:
        yield from _searched(client, shop, f"email:{quoted(email)}")


def _searched(client: Client, shop: str, query: str) -> Iterator[Mapping[str, Any]]:
    after: str | None = None
    while True:
        page = _ask(client, shop, "sent_orders_by_search", query=query, after=after).data.get("orders")
        yield from (record(order) for order in nodes(page))
        after = end_of(page)
        if not has_more(page):
            return


def _ask(client: Client, shop: str, name: str, **variables: Any) -> Reply:
    """With returns where they may be read; without that permission the rest is asked all the same."""
    for returns in (True, False):
        reply = client.ask(shop, name, returns=returns, **variables)
        if any(reply.data.get(root) for root in ("nodes", "orders")) or not reply.denied:
            return reply
    # what may not be read must not pass for what is not there
    raise CredentialRejected(f"shopify: not allowed ({reply.denied[0].reason})")


def _hers(order: Mapping[str, Any], who: Principal) -> bool:
    owner = normal("customer", str((order.get("customer") or {}).get("id") or ""))
    if owner and who.customer_id:
        return owner == who.customer_id
    theirs, hers = normal("email", order.get("email") or ""), normal("email", who.email)
    listed = normal("order", str(order["id"])) in {normal("order", one) for one in who.order_ids}
    # a list may be wrong: another customer's order, with another address on it, is hers by no list
    return (bool(hers) and theirs == hers) or (listed and not (owner and theirs and hers))
