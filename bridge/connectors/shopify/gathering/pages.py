"""Pages of orders: both halves of an order at once while there are few, one pass for each half where there are many.

The price of a page rises with the logarithm of its size: 244 orders cost ten times one order. Whole, an order is
too dear for that; halved, 244 fit twice into what one query may cost. Each pass has its own pages and cursors, so
that no call is ever asked for again but the one in flight.
https://shopify.dev/docs/api/usage/limits#graphql-admin-api-rate-limits
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.api.answers import SYSTEM, GraphQLReply, QueryTooCostly
from bridge.connectors.shopify.gathering import flatten, orders
from bridge.connectors.shopify.gathering.cursor import GatherCursor, GatherStage
from bridge.model import Absence, Gap

if TYPE_CHECKING:
    from bridge.connectors.shopify.gathering.orders import StepResult
    from bridge.connectors.shopify.gathering.session import GatherSession

# Sizes just below a step of the logarithm: 244 orders cost ten times one order, 245 eleven times.
FIRST_HALF_PAGE_SIZE = 244
SECOND_HALF_PAGE_SIZE = 250  # second halves are cheaper: as many as Shopify gives; with returns, after a bulk operation, they are not
MAX_PAGED_ORDERS = 24_500  # Shopify's pagination ends at 25,000 objects
WHOLE_ORDER_PAGE_SIZE = 33  # as many as fit with both halves: six times one order


def read_customer_orders(session: GatherSession, cursor: GatherCursor) -> StepResult:
    """Read a page of the customer's orders."""
    few = cursor.start is None and 0 < cursor.left < WHOLE_ORDER_PAGE_SIZE
    name = "customer_order_histories" if cursor.bulked else "customer_orders"
    reply, cursor = _run_order_page(session, cursor, name, with_both_halves=few, id=cursor.customer)
    page = (reply.data.get("customer") or {}).get("orders")
    matches = [(node, "customer_id") for node in flatten.list_nodes(page)]
    found, gaps, cursor = orders.collect_order_findings(session, cursor, matches)
    cursor = replace(cursor, left=cursor.left - len(matches))
    if cursor.bulked and cursor.left <= -MAX_PAGED_ORDERS and flatten.has_next_page(page):
        what, page = "order histories", None
        gaps += (Gap(system=SYSTEM, absence=Absence.UNREACHED, what=what, reason="list_too_long"),)
    return found, reply.gaps + gaps, _advance_order_pages(cursor, page)


def read_searched_orders(session: GatherSession, cursor: GatherCursor) -> StepResult:
    """Read a page of the orders of somebody who is no customer (any more)."""
    few = cursor.start is None and not cursor.after
    query = session.build_search_query(cursor)
    reply, cursor = _run_order_page(session, cursor, "orders_by_search", with_both_halves=few, query=query)
    page = reply.data.get("orders")
    matches = [(node, session.match_order(node, cursor)) for node in flatten.list_nodes(page)]
    found, gaps, cursor = orders.collect_order_findings(session, cursor, matches)
    return found, reply.gaps + gaps, _advance_order_pages(cursor, page)


def _run_order_page(
    session: GatherSession, cursor: GatherCursor, name: str, *, with_both_halves: bool, **variables: Any
) -> tuple[GraphQLReply, GatherCursor]:
    """Ask for as many as the price allows. Raises as `Client.ask`."""
    if not with_both_halves and cursor.start is None:
        cursor = replace(cursor, start=cursor.after)
    wanted = (
        WHOLE_ORDER_PAGE_SIZE
        if with_both_halves
        else SECOND_HALF_PAGE_SIZE
        if cursor.again and not cursor.bulked
        else FIRST_HALF_PAGE_SIZE
    )
    if cursor.left > 0:
        wanted = min(wanted, cursor.left + 1)
    halves = {} if cursor.bulked else {"body": not cursor.again, "more": with_both_halves or cursor.again}
    key = f"{name}, whole" if with_both_halves else f"{name}, second" if cursor.again else name
    while True:
        size = session.client.fit_page_size(key, wanted)
        try:
            reply = session.run_document(
                name, cursor, first=size, after=cursor.after or None, **halves, **variables
            )
            return reply, replace(cursor, shut=(*cursor.shut, *reply.dropped_flags))
        except QueryTooCostly as fault:
            session.client.reduce_page_size(key, size, fault)


def _advance_order_pages(cursor: GatherCursor, page: Any) -> GatherCursor:
    """After this page: to the next, to the first page of the second halves, or to what hangs beside."""
    if flatten.has_next_page(page):
        return replace(cursor, after=flatten.read_end_cursor(page))
    if cursor.start is not None and not cursor.again:
        return replace(cursor, after=cursor.start, again=True, left=0)
    return replace(cursor, stage=GatherStage.RELATED_RECORDS, after="", start=None, again=False, bulked=False)
