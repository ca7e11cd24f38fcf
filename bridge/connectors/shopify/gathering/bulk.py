"""Reads very many orders of one customer by a bulk operation: Shopify writes their first halves into a file.

The cursor stores the operation's id before anything waits for it, so that a later job continues the same operation. The
file is personal data: it is read line by line, never written to disk, and its address is in no cursor, message or log.
The fields that a bulk operation cannot nest (`customer_order_histories`) are read by pages afterwards. If Shopify refuses
the operation or denies it a field, all orders are read by pages, which report the denied fields.
https://shopify.dev/docs/api/usage/bulk-operations/queries
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bridge.connectors.http import StatusRules
from bridge.connectors.shopify.api import documents
from bridge.connectors.shopify.api.answers import SYSTEM
from bridge.connectors.shopify.api.client import ShopifyClient
from bridge.connectors.shopify.gathering import orders
from bridge.connectors.shopify.gathering.cursor import GatherCursor, GatherStage
from bridge.connectors.shopify.gathering.orders import StepResult
from bridge.connectors.shopify.gathering.session import GatherSession, parse_gid_number
from bridge.errors import ConnectorThrottled, ConnectorUnavailable
from bridge.model import Absence, Gap
from bridge.rules.index.identity import normalise_identifier

Node = dict[str, Any]

BULK_PAGE_SIZE = 250
BULK_LIST_FIELDS = {
    "LineItem": "lineItems",
    "LocalizedField": "localizedFields",
    "Metafield": "metafields",
    "ShippingLine": "shippingLines",
}
# 25 seconds in one call; longer waits are scheduled in the database.
BULK_POLL_PAUSES_S = (1.0, 2.0, 4.0, 8.0, 10.0)
BULK_RETRY_AFTER_S = 60.0
MAX_BULK_WAITS = 4  # jobs that end to wait for one operation: more than an hour, with the pauses between two attempts
RUNNING_BULK_STATES = frozenset({"CREATED", "RUNNING", "CANCELING"})
BUSY_BULK_CODES = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})  # five at a time


class BulkFileUnreadable(ConnectorUnavailable):
    """The file no longer exists (Shopify deletes it a week after the operation), or is not of the agreed form."""


class BulkOperationPending(ConnectorThrottled):
    """The operation runs still, or cannot start because others run."""


BULK_FILE_RULES = StatusRules(error_by_status=dict.fromkeys((400, 401, 403, 404, 410), BulkFileUnreadable))


def read_bulk_orders(session: GatherSession, cursor: GatherCursor) -> Iterator[StepResult]:
    """Start the operation, or wait for it and yield the pages of its file.

    After two failures, or if it is not done after several jobs, the orders are read by pages. Raises ConnectorThrottled
    if it is not done yet.
    """
    try:
        if not cursor.bulk_operation:
            yield (), (), _start_bulk_operation(session, cursor)
            return
        operation = await_operation(session.client, session.shop, cursor.bulk_operation)
    except BulkOperationPending:
        yield (), (), _count_wait(cursor)
        if cursor.bulk_waits < MAX_BULK_WAITS:
            raise
        return
    if operation.get("errorCode") == "ACCESS_DENIED":
        yield (), (), _fall_back_to_pages(cursor)
        return
    if operation.get("status") != "COMPLETED":
        yield (), (), _restart_or_fall_back(cursor)
        return
    try:
        expected_rows = int(operation.get("rootObjectCount") or 0)
        for step in _read_bulk_file(session, cursor, str(operation.get("url") or ""), expected_rows):
            *_, cursor = step
            yield step
    except BulkFileUnreadable:
        yield (), (), _restart_or_fall_back(cursor)


def _start_bulk_operation(session: GatherSession, cursor: GatherCursor) -> GatherCursor:
    """Start the operation and return the cursor with its id. Raises BulkOperationPending if others run, as `run_document`."""
    if any("customer" in field.partition(":")[2].split(".") for field in session.closed_fields):
        return _fall_back_to_pages(cursor)  # a row of the file must name its customer
    number = start_operation(session.client, session.shop, build_bulk_query(session, cursor))
    return replace(cursor, bulk_operation=number) if number else _fall_back_to_pages(cursor)


def start_operation(client: ShopifyClient, shop: str, query: str) -> str:
    """Start a bulk operation and return its id; '' if Shopify refuses the query. Raises BulkOperationPending if others run, as `run_document`."""
    reply = client.run_document(shop, "bulk_start", query=query)
    started = reply.data.get("result") or {}
    if BUSY_BULK_CODES & {error.get("code") for error in started.get("userErrors") or ()}:
        raise BulkOperationPending("shopify: other bulk operations are running", retry_after_s=BULK_RETRY_AFTER_S)
    return str((started.get("bulkOperation") or {}).get("id") or "")


def build_bulk_query(session: GatherSession, cursor: GatherCursor) -> str:
    """Return the query with its values inlined: a bulk operation takes no variables."""
    switches = {flag: flag not in cursor.closed_flags for flag in documents.list_document_flags("bulk_orders")}
    search = f"customer_id:{normalise_identifier('customer', cursor.customer)}"
    closed = frozenset(session.closed_fields)
    return documents.build_inline_document("bulk_orders", session.client.version, closed, query=search, **switches)


def await_operation(client: ShopifyClient, shop: str, operation_id: str) -> Node:
    """Poll the operation until it ends and return its state; {} if Shopify does not know it."""
    for pause_s in (*BULK_POLL_PAUSES_S, None):
        reply = client.run_document(shop, "bulk_state", id=operation_id)
        operation: Node = reply.data.get("operation") or {}
        if operation.get("status") not in RUNNING_BULK_STATES:
            return operation
        if pause_s is not None:
            client.sleep(pause_s)
    raise BulkOperationPending("shopify: bulk operation is running", retry_after_s=BULK_RETRY_AFTER_S)


def _read_bulk_file(session: GatherSession, cursor: GatherCursor, url: str, expected_rows: int) -> Iterator[StepResult]:
    """Yield the pages of the file from the cursor's line on; the last page ends the stage."""
    # Shopify writes no file without rows
    lines = session.client.stream_lines(url, BULK_FILE_RULES) if url else iter(())
    batch = list[Node]()
    for node, lines_done in group_bulk_lines(lines, cursor.file_lines):
        if len(batch) == BULK_PAGE_SIZE:
            findings, gaps, cursor = _collect_bulk_findings(session, cursor, batch)
            yield findings, gaps, cursor
            batch = []
        number = parse_gid_number(node)
        last_order = number if number > cursor.last_file_order >= 0 else -1
        batch += [node] if number > cursor.recorded_up_to else []
        cursor = replace(cursor, file_lines=lines_done, file_orders=cursor.file_orders + 1, last_file_order=last_order)
    findings, gaps, cursor = _collect_bulk_findings(session, cursor, batch)
    gaps += _build_orders_gap("bulk_file_is_short") if cursor.file_orders < expected_rows else ()
    next_cursor = replace(_fall_back_to_pages(cursor), remaining_orders=0, is_second_half=True, has_bulk_halves=True)
    yield findings, gaps, next_cursor


def _collect_bulk_findings(session: GatherSession, cursor: GatherCursor, batch: list[Node]) -> StepResult:
    return orders.collect_order_findings(session, cursor, [(node, session.match_order(node, cursor)) for node in batch])


def _restart_or_fall_back(cursor: GatherCursor) -> GatherCursor:
    """Return a cursor that starts another operation; after the second failure, one that reads the orders by pages."""
    # the file is sorted, so all orders up to this number are recorded
    cursor = replace(cursor, recorded_up_to=max(cursor.recorded_up_to, cursor.last_file_order))
    if cursor.failed_operations:
        return _fall_back_to_pages(cursor)
    return replace(_forget_operation(cursor), failed_operations=1)


def _count_wait(cursor: GatherCursor) -> GatherCursor:
    """Return the cursor of the next job; after so many jobs, one that reads the orders by pages."""
    if cursor.bulk_waits >= MAX_BULK_WAITS:
        return _fall_back_to_pages(cursor)
    return replace(cursor, bulk_waits=cursor.bulk_waits + 1)


def _fall_back_to_pages(cursor: GatherCursor) -> GatherCursor:
    """Return the cursor of all first halves by pages: of some, no operation may have recorded the first half alone."""
    cursor = replace(_forget_operation(cursor), stage=GatherStage.ORDERS, failed_operations=0, bulk_waits=0)
    return replace(cursor, halves_start=cursor.after)


def _forget_operation(cursor: GatherCursor) -> GatherCursor:
    return replace(cursor, bulk_operation="", file_lines=0, file_orders=0, last_file_order=0)


def _build_orders_gap(reason: str) -> tuple[Gap, ...]:
    return (Gap(system=SYSTEM, absence=Absence.UNREACHED, what="orders", reason=reason),)


def group_bulk_lines(
    lines: Iterable[bytes], lines_done: int, list_fields: Mapping[str, str] = BULK_LIST_FIELDS
) -> Iterator[tuple[Node, int]]:
    """Yield each order after the first `lines_done` lines with its lists, and the number of lines read by then.

    `list_fields` are the lists by the type of their rows. Each order is followed by the rows of its lists. Keeps one order in memory and never quotes a line. Raises
    ConnectorUnavailable if a line is not a row, or belongs to no order before it.
    https://shopify.dev/docs/api/usage/bulk-operations/queries#the-jsonl-data-format
    """
    order: Node = {}
    line_number = lines_done
    for line_number, line in enumerate(lines, 1):
        if line_number <= lines_done:
            continue
        row = _parse_bulk_line(line, list_fields)
        parent = row.pop("__parentId", None)
        if parent is None:
            if order:
                yield order, line_number - 1
            order = row | {name: [] for name in list_fields.values()}
        elif order and parent == order.get("id"):
            order[list_fields[row.pop("__typename", "")]].append(row)
        else:
            raise BulkFileUnreadable("shopify: bulk file is not grouped")
    if order:
        yield order, line_number


def _parse_bulk_line(line: bytes, list_fields: Mapping[str, str]) -> Node:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or ("__parentId" in row and row.get("__typename") not in list_fields):
        raise BulkFileUnreadable("shopify: bulk file is malformed")
    return row
