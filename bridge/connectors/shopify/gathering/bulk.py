"""Very many orders of one customer: Shopify writes their first halves into a file, which is read as a stream.

The cursor keeps the operation's id before anything waits for it: who comes later asks after the same one. The file
is personal data: it is read line by line, never touches a disk, and its address is in no cursor, message or log.
What a bulk operation cannot nest (`customer_order_histories`) is read by pages afterwards. Where Shopify refuses the
operation, or denies it a field, the pages read everything and say what was denied.
https://shopify.dev/docs/api/usage/bulk-operations/queries
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.connectors.http import StatusRules
from bridge.connectors.shopify.api import documents
from bridge.connectors.shopify.api.answers import SYSTEM
from bridge.connectors.shopify.gathering import bulk_file, orders
from bridge.connectors.shopify.gathering.cursor import GatherCursor, GatherStage
from bridge.connectors.shopify.gathering.session import GatherSession, parse_gid_number
from bridge.errors import ConnectorThrottled, ConnectorUnavailable
from bridge.model import Absence, Gap
from bridge.rules.index.identity import normalise_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.connectors.shopify.gathering.orders import StepResult

Node = dict[str, Any]

BULK_PAGE_SIZE = 250
BULK_POLL_PAUSES_S = (
    1.0,
    2.0,
    4.0,
    8.0,
    10.0,
)  # 25 seconds in one call; the database's schedule goes on from there
BULK_RETRY_AFTER_S = 60.0
RUNNING_BULK_STATES = frozenset({"CREATED", "RUNNING", "CANCELING"})
BUSY_BULK_CODES = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})  # five at once; one before 2026-01


class BulkFileExpired(ConnectorUnavailable):
    """The file is no longer there: a week after the operation Shopify drops it."""


BULK_FILE_RULES = StatusRules(error_by_status=dict.fromkeys((400, 401, 403, 404, 410), BulkFileExpired))


def read_bulk_orders(session: GatherSession, cursor: GatherCursor) -> Iterator[StepResult]:
    """Begin the operation, or wait for it and read its file.

    Raises ConnectorThrottled where it is not done yet, ConnectorUnavailable where it failed twice.
    """
    if not cursor.bulk:
        yield (), (), _start_bulk_operation(session, cursor)
        return
    found = _await_bulk_operation(session, cursor)
    status, url, partial = found.get("status"), found.get("url"), found.get("partialDataUrl")
    if found.get("errorCode") == "ACCESS_DENIED":
        yield (), (), _fall_back_to_pages(cursor)
        return
    if status != "COMPLETED" and (not partial or not cursor.tries):
        yield from _restart_bulk_operation(cursor)
        return
    short = _build_orders_gap("bulk_operation_failed") if status != "COMPLETED" else ()
    try:
        for step in _read_bulk_file(
            session, cursor, str(url or partial or ""), int(found.get("rootObjectCount") or 0)
        ):
            findings, gaps, cursor = step
            yield findings, gaps + (short if cursor.bulked else ()), cursor
    except BulkFileExpired:
        yield from _restart_bulk_operation(cursor)


def _start_bulk_operation(session: GatherSession, cursor: GatherCursor) -> GatherCursor:
    """Give Shopify the query, and keep the operation's id. Raises as `Client.ask`."""
    reply = session.client.run_document(session.shop, "bulk_start", query=build_bulk_query(session, cursor))
    begun = reply.data.get("begun") or {}
    if BUSY_BULK_CODES & {error.get("code") for error in begun.get("userErrors") or ()}:
        raise ConnectorThrottled(
            "shopify: other bulk operations are running", retry_after_s=BULK_RETRY_AFTER_S
        )
    number = (begun.get("bulkOperation") or {}).get("id")
    return replace(cursor, bulk=str(number)) if number else _fall_back_to_pages(cursor)


def build_bulk_query(session: GatherSession, cursor: GatherCursor) -> str:
    """Write the query with its values in it: a bulk operation takes no variables."""
    switches = {flag: flag not in cursor.shut for flag in documents.list_document_flags("bulk_orders")}
    hers = f"customer_id:{normalise_identifier('customer', cursor.customer)}"
    return documents.build_inline_document("bulk_orders", session.client.version, query=hers, **switches)


def _await_bulk_operation(session: GatherSession, cursor: GatherCursor) -> Node:
    """Ask how far it is until it has ended. An operation that Shopify does not know has nothing."""
    for pause_s in (*BULK_POLL_PAUSES_S, None):
        reply = session.client.run_document(session.shop, "bulk_state", id=cursor.bulk)
        found: Node = reply.data.get("operation") or {}
        if found.get("status") not in RUNNING_BULK_STATES:
            return found
        if pause_s is not None:
            session.client.sleep(pause_s)
    raise ConnectorThrottled("shopify: bulk operation is running", retry_after_s=BULK_RETRY_AFTER_S)


def _read_bulk_file(
    session: GatherSession, cursor: GatherCursor, url: str, expected_rows: int
) -> Iterator[StepResult]:
    """Read the file on from the line that the cursor names, and leave the stage with its last page."""
    lines = session.client.stream_lines(url, BULK_FILE_RULES) if url else iter(())  # no rows, no file
    batch = list[Node]()
    for node, done in bulk_file.group_bulk_lines(lines, cursor.lines):
        if len(batch) == BULK_PAGE_SIZE:
            findings, gaps, cursor = _collect_bulk_findings(session, cursor, batch)
            yield findings, gaps, cursor
            batch = []
        number = parse_gid_number(node)
        high = number if number > cursor.high >= 0 else -1
        batch += [node] if number > cursor.met else []
        cursor = replace(cursor, lines=done, rows=cursor.rows + 1, high=high)
    findings, gaps, cursor = _collect_bulk_findings(session, cursor, batch)
    gaps += _build_orders_gap("bulk_file_is_short") if cursor.rows < expected_rows else ()
    left = replace(_fall_back_to_pages(cursor), start=cursor.after, again=True, left=0, bulked=True)
    yield findings, gaps, left


def _collect_bulk_findings(session: GatherSession, cursor: GatherCursor, batch: list[Node]) -> StepResult:
    return orders.collect_order_findings(
        session, cursor, [(node, session.match_order(node, cursor)) for node in batch]
    )


def _restart_bulk_operation(cursor: GatherCursor) -> Iterator[StepResult]:
    """Leave this operation for another. Raises ConnectorUnavailable where it was the second that failed."""
    met = max(cursor.met, cursor.high)  # sorted, so all up to there are kept
    cursor = replace(cursor, bulk="", lines=0, rows=0, met=met, high=0)
    if not cursor.tries:
        yield (), (), replace(cursor, tries=1)
        return
    yield (), (), replace(cursor, tries=0)
    raise ConnectorUnavailable("shopify: bulk operation failed", retry_after_s=BULK_RETRY_AFTER_S)


def _fall_back_to_pages(cursor: GatherCursor) -> GatherCursor:
    return replace(cursor, stage=GatherStage.ORDERS, bulk="", lines=0, rows=0, met=0, high=0, tries=0)


def _build_orders_gap(reason: str) -> tuple[Gap, ...]:
    return (Gap(system=SYSTEM, absence=Absence.UNREACHED, what="orders", reason=reason),)
