"""The walk through all that Shopify holds of a person: step by step, one page in memory, resumable anywhere.

Customer (with what is hers and her first orders) → her other orders (very many: by a bulk operation) →
orders found by e-mail → what hangs beside her → orders that the request names and nobody met → what all these
lead to.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.connectors.shopify.api.answers import SYSTEM
from bridge.connectors.shopify.gathering import bulk, linked_records, orders, pages
from bridge.connectors.shopify.gathering.cursor import GatherCursor, GatherStage, parse_cursor
from bridge.connectors.shopify.gathering.find_customer import read_customer
from bridge.connectors.shopify.gathering.related_records import open_related_lists, read_related_records
from bridge.model import Absence, FindingPage, Gap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bridge.connectors.shopify.gathering.orders import StepResult
    from bridge.connectors.shopify.gathering.session import GatherSession

NAMED_ORDERS_BATCH_SIZE = 50


def gather_pages(session: GatherSession, cursor: str) -> Iterator[FindingPage]:
    """Yield what is found after `cursor`, page by page. Raises as `Connector.gather`."""
    place = parse_cursor(cursor, session.order_ids)
    while place.stage is not GatherStage.END:
        for findings, gaps, after in _run_stage(session, place):
            place = _skip_empty_stages(session, after)
            more = (
                (_build_excluded_orders_gap(place),)
                if place.stage is GatherStage.END and place.strangers
                else ()
            )
            said = tuple(dict.fromkeys(gaps + more))
            yield FindingPage(findings=findings, cursor=place.serialize(session.order_ids), gaps=said)


def _run_stage(session: GatherSession, cursor: GatherCursor) -> Iterator[StepResult]:
    """Take one step; through the file of a bulk operation as many as it has pages."""
    if cursor.stage is GatherStage.BULK:
        yield from bulk.read_bulk_orders(session, cursor)
    else:
        yield STAGE_READERS[cursor.stage](session, cursor)


def _read_named_orders(session: GatherSession, cursor: GatherCursor) -> StepResult:
    """Read some of the orders that the request names and that were not met on the way."""
    ids = session.list_pending_order_gids(cursor)[
        : session.client.fit_page_size("orders_by_ids", NAMED_ORDERS_BATCH_SIZE)
    ]
    nodes, gaps, cursor = orders.read_orders_by_gid(session, cursor, ids)
    matches = [(node, session.match_order(node, cursor, is_named=True)) for node in nodes]
    found, more, cursor = orders.collect_order_findings(session, cursor, matches)
    return found, gaps + more, session.mark_orders_seen(cursor, ids)


STAGE_READERS: dict[GatherStage, Callable[[GatherSession, GatherCursor], StepResult]] = {
    GatherStage.CUSTOMER: read_customer,
    GatherStage.ORDERS: pages.read_customer_orders,
    GatherStage.SEARCHED_ORDERS: pages.read_searched_orders,
    GatherStage.RELATED_RECORDS: read_related_records,
    GatherStage.NAMED_ORDERS: _read_named_orders,
    GatherStage.LINKED_RECORDS: linked_records.read_linked_records,
}


def _skip_empty_stages(session: GatherSession, cursor: GatherCursor) -> GatherCursor:
    """Skip stages that have nothing to ask."""
    if cursor.stage is GatherStage.SEARCHED_ORDERS and (
        "orders" in cursor.shut or not session.build_search_query(cursor)
    ):
        cursor = replace(cursor, stage=GatherStage.RELATED_RECORDS)
    if (
        cursor.stage is GatherStage.RELATED_RECORDS and not cursor.beside
    ):  # its own step leaves it when all lists have ended
        lists = open_related_lists(session, cursor)
        cursor = replace(
            cursor, stage=GatherStage.RELATED_RECORDS if lists else GatherStage.NAMED_ORDERS, beside=lists
        )
    if cursor.stage is GatherStage.NAMED_ORDERS and (
        "orders" in cursor.shut or not session.list_pending_order_gids(cursor)
    ):
        cursor = linked_records.start_linked_records(cursor)
    return cursor


def _build_excluded_orders_gap(cursor: GatherCursor) -> Gap:
    """Orders left out, as a number: naming them would tell one person about another."""
    return Gap(
        system=SYSTEM,
        absence=Absence.UNATTRIBUTED,
        what=f"{cursor.strangers} orders",
        reason="another_customer_or_unconfirmed",
    )
