"""Reads pages of orders: both halves of an order at once if there are few, one pass for each half if there are many.

The cost of a page rises with the logarithm of its size: 244 orders cost ten times one order. A complete order is too
costly for that; 244 halves stay below the limit of one query. Each pass has its own pages and cursors, so that a resumed
gathering repeats only the call in flight.
https://shopify.dev/docs/api/usage/limits#graphql-admin-api-rate-limits
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from bridge.connectors.shopify.api.answers import GraphQLReply
from bridge.connectors.shopify.gathering import flatten, orders, paging
from bridge.connectors.shopify.gathering.cursor import GatherCursor, GatherStage
from bridge.connectors.shopify.gathering.orders import StepResult
from bridge.connectors.shopify.gathering.session import GatherSession, parse_gid_number
from bridge.model import Finding, Gap

# Sizes just below a step of the logarithm: 244 orders cost ten times one order, 245 eleven times.
FIRST_HALF_PAGE_SIZE = 244
# The maximum of Shopify: second halves are cheaper, but not those with returns after a bulk operation.
SECOND_HALF_PAGE_SIZE = 250
MAX_PAGED_ORDERS = 24_500  # Shopify's pagination ends at 25,000 objects
BULK_LEAD_S = 10.0  # that a bulk operation may take until its file is there
WHOLE_ORDER_PAGE_SIZE = 33  # the most that fit with both halves: six times one order


def read_customer_orders(session: GatherSession, cursor: GatherCursor) -> StepResult:
    """Read a page of the customer's orders."""
    with_both_halves = cursor.halves_start is None and 0 < cursor.remaining_orders < WHOLE_ORDER_PAGE_SIZE
    name = "customer_order_histories" if cursor.has_bulk_halves else "customer_orders"
    reply, cursor = _run_order_page(session, cursor, name, with_both_halves=with_both_halves, id=cursor.customer)
    page = (reply.data.get("customer") or {}).get("orders")
    nodes = flatten.list_nodes(page)
    # a bulk operation that failed may have recorded the first halves of some
    recorded_up_to = 0 if cursor.is_second_half else cursor.recorded_up_to
    matches = [(node, "customer_id") for node in nodes if parse_gid_number(node) > recorded_up_to]
    found, gaps, cursor = orders.collect_order_findings(session, cursor, matches)
    if cursor.is_partial:
        return found, reply.gaps + gaps, cursor
    cursor = replace(cursor, remaining_orders=cursor.remaining_orders - len(nodes))
    if cursor.has_bulk_halves and cursor.remaining_orders <= -MAX_PAGED_ORDERS and flatten.has_next_page(page):
        gaps += paging.build_list_gap("order histories", "list_too_long")
        page = None
    return _advance_order_pages(cursor, page, found, reply.gaps + gaps)


def read_searched_orders(session: GatherSession, cursor: GatherCursor) -> StepResult:
    """Read a page of the orders of a data subject without a customer record."""
    with_both_halves = cursor.halves_start is None and not cursor.after
    query = session.build_search_query(cursor)
    reply, cursor = _run_order_page(session, cursor, "orders_by_search", with_both_halves=with_both_halves, query=query)
    page = reply.data.get("orders")
    matches = [(node, session.match_order(node, cursor)) for node in flatten.list_nodes(page)]
    found, gaps, cursor = orders.collect_order_findings(session, cursor, matches)
    return _advance_order_pages(cursor, page, found, reply.gaps + gaps)


def is_bulk_cheaper(session: GatherSession, cursor: GatherCursor, order_count: int) -> bool:
    """Return whether a bulk operation ends sooner than pages: it costs no points, and its second halves fewer.

    Never before Shopify reported how many points there are.
    """
    budget = session.client.get_budget(session.shop)
    if not budget.restore_rate:
        return False
    halves = {"customer_orders": ({"body": True, "more": False}, {"body": False, "more": True})}
    waits_s = []
    for name in ("customer_orders", "customer_order_histories"):
        points = 0.0
        for half in halves.get(name, ({},)):
            price, size = session.compute_page_price(name, cursor, SECOND_HALF_PAGE_SIZE, **half)
            points += price * math.ceil(order_count / size)
        waits_s.append(max(0.0, points - budget.get_available()) / budget.restore_rate)
    by_pages_s, by_bulk_s = waits_s
    return by_bulk_s + BULK_LEAD_S < by_pages_s


def _run_order_page(
    session: GatherSession, cursor: GatherCursor, name: str, *, with_both_halves: bool, **variables: Any
) -> tuple[GraphQLReply, GatherCursor]:
    """Return a page as large as its cost allows, and the cursor. Raises as `run_document`."""
    if not with_both_halves and cursor.halves_start is None:
        cursor = replace(cursor, halves_start=cursor.after)
    wanted, halves = FIRST_HALF_PAGE_SIZE, dict[str, bool]()
    if not cursor.has_bulk_halves:
        wanted = SECOND_HALF_PAGE_SIZE if cursor.is_second_half else FIRST_HALF_PAGE_SIZE
        halves = {"body": not cursor.is_second_half, "more": with_both_halves or cursor.is_second_half}
    if with_both_halves:
        wanted = WHOLE_ORDER_PAGE_SIZE
    if cursor.remaining_orders > 0:
        wanted = min(wanted, cursor.remaining_orders + 1)
    key = f"{name}, whole" if with_both_halves else f"{name}, second" if cursor.is_second_half else name
    after = cursor.after or None
    reply = session.run_sized_document(name, cursor, "first", wanted, key, after=after, **halves, **variables)
    return reply, cursor


def _advance_order_pages(
    cursor: GatherCursor, page: Any, found: tuple[Finding, ...], gaps: tuple[Gap, ...]
) -> StepResult:
    """Return the findings with the cursor of the same page if it is partial, of the next page, of the first page of second halves, or of the related records."""
    if cursor.is_partial:
        return found, gaps, cursor
    what = "order histories" if cursor.is_second_half else "orders"
    after, traces, more_gaps = paging.advance_lists(
        {what: page}, {what: cursor.after}, cursor.list_traces, {what: what}
    )
    cursor = replace(cursor, list_traces=traces)
    if after:
        return found, gaps + more_gaps, replace(cursor, after=after[what])
    if cursor.halves_start is not None and not cursor.is_second_half:
        cursor = replace(cursor, after=cursor.halves_start, is_second_half=True, remaining_orders=0)
        return found, gaps + more_gaps, cursor
    cursor = replace(cursor, halves_start=None, is_second_half=False, has_bulk_halves=False)
    return found, gaps + more_gaps, replace(cursor, stage=GatherStage.RELATED_RECORDS, after="")
