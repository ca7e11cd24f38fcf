"""Gathers all that Shopify stores about a data subject, in stages, with one page in memory, resumable after each page.

Customer (with the records that belong to it and the first orders) → the customer's other orders (very many: by a bulk
operation) → orders found by e-mail → related records → orders that the request names and no stage has read → linked
records. Changes nothing at Shopify.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

from bridge.connectors.shopify.gathering import bulk, linked_records, orders, pages
from bridge.connectors.shopify.gathering.cursor import GatherCursor, GatherStage, parse_cursor
from bridge.connectors.shopify.gathering.find_customer import read_customer
from bridge.connectors.shopify.gathering.orders import StepResult
from bridge.connectors.shopify.gathering.related_records import open_related_lists, read_related_records
from bridge.connectors.shopify.gathering.session import GatherSession
from bridge.model import FindingPage

NAMED_ORDERS_BATCH_SIZE = 50
MAX_EMPTY_STEPS = 4  # that may have to be read again


def gather_pages(session: GatherSession, cursor: str) -> Iterator[FindingPage]:
    """Yield the pages of findings after `cursor`. Raises as `ports.Connector.gather`."""
    position = parse_cursor(cursor, session.order_ids)
    session.recorded.update(position.recorded)
    while True:
        current = session.select_customer(position)
        position = yield from _gather_customer(current, position, session.order_ids)
        if position.customer_index + 1 >= len(position.customers):
            return
        following = position.customer_index + 1
        position = GatherCursor(customers=position.customers, customer_index=following, recorded=position.recorded)


def _gather_customer(
    session: GatherSession, position: GatherCursor, order_ids: tuple[str, ...]
) -> Generator[FindingPage, None, GatherCursor]:
    """Yield the pages of one customer and return the last cursor, which `order_ids` bind to the request.

    A few steps that found nothing go with the page after them, which stores them all in one transaction.
    """
    empty_steps = 0
    while position.stage is not GatherStage.END:
        is_bulk = position.stage is GatherStage.BULK  # what was started at Shopify must be known
        for step_findings, step_gaps, step_cursor in _run_stage(session, position):
            gaps = step_gaps
            findings, position = session.drop_recorded(step_cursor, step_findings)
            position = _skip_empty_stages(session, position)
            if position.stage is GatherStage.END:
                gaps += orders.build_count_gaps(position)
            has_content = findings or gaps or session.doubtful_orders or session.doubtful_customers
            if (
                not has_content
                and not is_bulk
                and position.stage is not GatherStage.END
                and empty_steps < MAX_EMPTY_STEPS
            ):
                empty_steps += 1
                continue
            empty_steps = 0
            doubtful_orders = tuple(dict.fromkeys(session.doubtful_orders))
            doubtful_customers = tuple(session.doubtful_customers)
            session.doubtful_orders.clear()
            session.doubtful_customers.clear()
            is_last_customer = position.customer_index + 1 >= len(position.customers)
            yield FindingPage(
                findings=findings,
                cursor=position.serialize(order_ids),
                gaps=tuple(dict.fromkeys(gaps)),
                doubtful_orders=doubtful_orders,
                doubtful_customers=doubtful_customers,
                is_last=position.stage is GatherStage.END and is_last_customer,
            )
    return position


def _run_stage(session: GatherSession, cursor: GatherCursor) -> Iterator[StepResult]:
    """Yield the result of one step; of a bulk operation one result per page of its file."""
    session.client.get_budget(session.shop).has_begun = False
    if cursor.stage is GatherStage.BULK:
        yield from bulk.read_bulk_orders(session, cursor)
    else:
        yield STAGE_READERS[cursor.stage](session, cursor)


def _read_named_orders(session: GatherSession, cursor: GatherCursor) -> StepResult:
    """Read a batch of the orders that the request names and that no stage has read."""
    size = session.client.fit_page_size("orders_by_ids", NAMED_ORDERS_BATCH_SIZE)
    ids = session.list_pending_order_gids(cursor)[:size]
    nodes, gaps, cursor = orders.read_orders_by_gid(session, cursor, ids)
    matches = [(node, session.match_order(node, cursor, is_named=True)) for node in nodes]
    found, more, cursor = orders.collect_order_findings(session, cursor, matches)
    return found, gaps + more, cursor if cursor.is_partial else session.mark_orders_seen(cursor, ids)


STAGE_READERS: dict[GatherStage, Callable[[GatherSession, GatherCursor], StepResult]] = {
    GatherStage.CUSTOMER: read_customer,
    GatherStage.ORDERS: pages.read_customer_orders,
    GatherStage.SEARCHED_ORDERS: pages.read_searched_orders,
    GatherStage.RELATED_RECORDS: read_related_records,
    GatherStage.NAMED_ORDERS: _read_named_orders,
    GatherStage.LINKED_RECORDS: linked_records.read_linked_records,
}


def _skip_empty_stages(session: GatherSession, cursor: GatherCursor) -> GatherCursor:
    """Return the cursor of the next stage that has something to request."""
    if cursor.stage is GatherStage.SEARCHED_ORDERS and (
        "orders" in cursor.closed_flags or not session.build_search_query(cursor)
    ):
        cursor = replace(cursor, stage=GatherStage.RELATED_RECORDS)
    # read_related_records ends this stage when all its lists have ended
    if cursor.stage is GatherStage.RELATED_RECORDS and not cursor.list_cursors:
        lists = open_related_lists(session, cursor)
        stage = GatherStage.RELATED_RECORDS if lists else GatherStage.NAMED_ORDERS
        cursor = replace(cursor, stage=stage, list_cursors=lists)
    if cursor.stage is GatherStage.NAMED_ORDERS and (
        "orders" in cursor.closed_flags or not session.list_pending_order_gids(cursor)
    ):
        cursor = linked_records.start_linked_records(cursor)
    return cursor
