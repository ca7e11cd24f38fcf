"""Pages of orders: both halves of an order at once while there are few, one pass for each half where there are many.

The price of a page rises with the logarithm of its size: 244 orders cost ten times one order. Whole, an order is
too dear for that; halved, 244 fit twice into what one query may cost. Each pass has its own pages and cursors, so
that no call is ever asked for again but the one in flight.
https://shopify.dev/docs/api/usage/limits#graphql-admin-api-rate-limits
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.api.answers import SYSTEM, Reply, TooCostly
from bridge.connectors.shopify.gathering import flatten, orders
from bridge.connectors.shopify.gathering.cursor import Place, Stage
from bridge.model import Absence, Gap

if TYPE_CHECKING:
    from bridge.connectors.shopify.gathering.orders import Step
    from bridge.connectors.shopify.gathering.session import Errand

# Sizes just below a step of the logarithm: 244 orders cost ten times one order, 245 eleven times.
PAGE = 244
SECOND = 250  # second halves are cheaper: as many as Shopify gives; with returns, after a bulk operation, they are not
DEEPEST = 24_500  # Shopify's pagination ends at 25,000 objects
WHOLE = 33  # as many as fit with both halves: six times one order


def of_customer(errand: Errand, place: Place) -> Step:
    """Read a page of the customer's orders."""
    few = place.start is None and 0 < place.left < WHOLE
    name = "customer_orders_left" if place.bulked else "customer_orders"
    reply, place = _ask(errand, place, name, few=few, id=place.customer)
    page = (reply.data.get("customer") or {}).get("orders")
    matches = [(node, "customer_id") for node in flatten.nodes(page)]
    found, gaps, place = orders.keep(errand, place, matches)
    place = replace(place, left=place.left - len(matches))
    if place.bulked and place.left <= -DEEPEST and flatten.has_more(page):
        what, page = "order histories", None
        gaps += (Gap(system=SYSTEM, absence=Absence.UNREACHED, what=what, reason="list_too_long"),)
    return found, reply.gaps + gaps, _onward(place, page)


def of_search(errand: Errand, place: Place) -> Step:
    """Read a page of the orders of somebody who is no customer (any more)."""
    few = place.start is None and not place.after
    query = errand.search_query(place)
    reply, place = _ask(errand, place, "orders_by_search", few=few, query=query)
    page = reply.data.get("orders")
    matches = [(node, errand.match(node, place)) for node in flatten.nodes(page)]
    found, gaps, place = orders.keep(errand, place, matches)
    return found, reply.gaps + gaps, _onward(place, page)


def _ask(errand: Errand, place: Place, name: str, *, few: bool, **variables: Any) -> tuple[Reply, Place]:
    """Ask for as many as the price allows. Raises as `Client.ask`."""
    if not few and place.start is None:
        place = replace(place, start=place.after)
    wanted = WHOLE if few else SECOND if place.again and not place.bulked else PAGE
    if place.left > 0:
        wanted = min(wanted, place.left + 1)
    halves = {} if place.bulked else {"body": not place.again, "more": few or place.again}
    key = f"{name}, whole" if few else f"{name}, second" if place.again else name
    while True:
        size = errand.client.size(key, wanted)
        try:
            reply = errand.ask(name, place, first=size, after=place.after or None, **halves, **variables)
            return reply, replace(place, shut=(*place.shut, *reply.shut))
        except TooCostly as fault:
            errand.client.shrink(key, size, fault)


def _onward(place: Place, page: Any) -> Place:
    """After this page: to the next, to the first page of the second halves, or to what hangs beside."""
    if flatten.has_more(page):
        return replace(place, after=flatten.end_of(page))
    if place.start is not None and not place.again:
        return replace(place, after=place.start, again=True, left=0)
    return replace(place, stage=Stage.BESIDE, after="", start=None, again=False, bulked=False)
