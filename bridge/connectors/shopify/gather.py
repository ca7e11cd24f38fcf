"""The walk through all that Shopify holds of a person: step by step, one page in memory, resumable anywhere.

Customer (with her first orders) → her other orders → orders found by e-mail → what hangs beside her →
orders that the request names and nobody met. A list is read in pages as large as Shopify's price for one
query allows (1,000 points): the price rises with the logarithm of the size, so large pages are cheap.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify import flatten
from bridge.connectors.shopify.answers import SYSTEM
from bridge.connectors.shopify.beside import beside, by_ids, opened, read, search_query
from bridge.connectors.shopify.find import find
from bridge.connectors.shopify.place import Place, Stage, parse
from bridge.model import Absence, Gap, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bridge.connectors.shopify.errand import Errand
    from bridge.connectors.shopify.find import Step

# Sizes just below a step of the logarithm: 244 orders cost ten times one order, 245 eleven times.
PAGE = 244
NAMED = 50


def gather(errand: Errand, cursor: str) -> Iterator[Page]:
    """Yield what is found after `cursor`, page by page. Raises as `Connector.gather`."""
    place = parse(cursor, errand.order_ids)
    while place.stage is not Stage.END:
        findings, gaps, place = STEPS[place.stage](errand, place)
        place = _settle(errand, place)
        if place.stage is Stage.END and place.strangers:
            gaps += (_strangers(place),)
        yield Page(findings=findings, cursor=place.dump(errand.order_ids), gaps=tuple(dict.fromkeys(gaps)))


def _orders(errand: Errand, place: Place) -> Step:
    """Read a page of the customer's orders."""
    wanted = min(PAGE, place.left + 1) if place.left > 0 else PAGE
    reply = errand.ask_sized(
        "customer_orders", place, "first", wanted, id=place.customer, after=place.after or None
    )
    orders = (reply.data.get("customer") or {}).get("orders")
    nodes = flatten.nodes(orders)
    place = replace(place, shut=(*place.shut, *reply.shut), left=place.left - len(nodes))
    findings, gaps = read(errand, place, [(node, "customer_id") for node in nodes])
    place = _onward(errand.saw(place, (node["id"] for node in nodes)), orders)
    return findings, reply.gaps + gaps, place


def _found(errand: Errand, place: Place) -> Step:
    """Read a page of the orders of somebody who is no customer (any more)."""
    query = search_query(errand, place)
    reply = errand.ask_sized("orders_by_search", place, "first", PAGE, query=query, after=place.after or None)
    place = replace(place, shut=(*place.shut, *reply.shut))
    orders = reply.data.get("orders")
    matches = [(node, errand.match(node, place)) for node in flatten.nodes(orders)]
    findings, gaps = read(errand, place, matches)
    place = _count(errand.saw(place, (one.ref for one in findings)), matches)
    return findings, reply.gaps + gaps, _onward(place, orders)


def _named(errand: Errand, place: Place) -> Step:
    """Read some of the orders that the request names and that were not met on the way."""
    ids = errand.pending(place)[: errand.client.size("orders_by_ids", NAMED)]
    nodes, gaps, place = by_ids(errand, place, ids)
    matches = [(node, errand.match(node, place, named=True)) for node in nodes]
    findings, more = read(errand, place, matches)
    return findings, gaps + more, _count(errand.saw(place, ids), matches)


STEPS: dict[Stage, Callable[[Errand, Place], Step]] = {
    Stage.CUSTOMER: find,
    Stage.ORDERS: _orders,
    Stage.FOUND: _found,
    Stage.BESIDE: beside,
    Stage.NAMED: _named,
}


def _onward(place: Place, orders: Any) -> Place:
    """After this page of orders: to the next, or to what hangs beside."""
    if flatten.has_more(orders):
        return replace(place, after=flatten.end_of(orders))
    return replace(place, stage=Stage.BESIDE, after="")


def _count(place: Place, matches: list[tuple[dict[str, Any], str]]) -> Place:
    return replace(place, strangers=place.strangers + sum(by == "other" for _, by in matches))


def _settle(errand: Errand, place: Place) -> Place:
    """Skip stages that have nothing to ask."""
    if place.stage is Stage.FOUND and ("orders" in place.shut or not search_query(errand, place)):
        place = replace(place, stage=Stage.BESIDE)
    if place.stage is Stage.BESIDE and not place.beside:  # its own step leaves it when all lists have ended
        lists = opened(errand, place)
        place = replace(place, stage=Stage.BESIDE if lists else Stage.NAMED, beside=lists)
    if place.stage is Stage.NAMED and ("orders" in place.shut or not errand.pending(place)):
        place = replace(place, stage=Stage.END)
    return place


def _strangers(place: Place) -> Gap:
    """Orders left out, as a number: naming them would tell one person about another."""
    return Gap(
        system=SYSTEM,
        absence=Absence.UNATTRIBUTED,
        what=f"{place.strangers} orders",
        reason="another_customer_or_unconfirmed",
    )
