"""Reads records that only other records lead to: disputes, tender transactions, abandonments, metaobjects.

Each call reads one page of each list and one checkout, until all have ended. A list that cannot be filtered by customer
is filtered as far as possible, and rows of other people are never kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from bridge.connectors.shopify.api.answers import NOT_RETURNED, RECORD_NAMES, GraphQLReply
from bridge.connectors.shopify.gathering import complete_record, date_windows, flatten, orders, paging
from bridge.connectors.shopify.gathering.cursor import GatherCursor, GatherStage
from bridge.connectors.shopify.gathering.orders import StepResult
from bridge.connectors.shopify.gathering.session import GatherSession, build_gid
from bridge.model import Absence, Gap
from bridge.rules.index.identity import normalise_identifier

Node = dict[str, Any]

DISPUTES_BATCH_SIZE = 50  # ids per call
MAX_LINKED_PAGES = 99  # Shopify's pagination ends at 25,000 objects, a hundred pages
NO_CHECKOUT = "gid://shopify/AbandonedCheckout/0"


def start_linked_records(cursor: GatherCursor) -> GatherCursor:
    """Start the linked-record stage without closed lists; end the gathering if nothing is left to read."""
    wanted = {
        "payments": bool(cursor.payment_windows),
        "metaobjects": bool(cursor.metaobject_types and cursor.customer),
    }
    lists = {name: "" for name, is_wanted in wanted.items() if is_wanted and name not in cursor.closed_flags}
    return _settle_linked_stage(replace(cursor, list_cursors=lists))


def read_linked_records(session: GatherSession, cursor: GatherCursor) -> StepResult:
    """Read the next page of each list and the next checkout."""
    dispute_numbers = cursor.disputes[:DISPUTES_BATCH_SIZE]
    reply = session.run_document(
        "linked_records",
        cursor,
        payments="payments" in cursor.list_cursors,
        paymentsQuery=date_windows.build_payments_query(cursor.payment_windows),
        paymentsAfter=cursor.list_cursors.get("payments") or None,
        disputes=bool(dispute_numbers),
        disputeIds=[build_gid("ShopifyPaymentsDispute", number) for number in dispute_numbers],
        abandonments=bool(cursor.checkouts),
        checkout=next(iter(cursor.checkouts), NO_CHECKOUT),
        metaobjects="metaobjects" in cursor.list_cursors,
        type=next(iter(cursor.metaobject_types), ""),
        metaobjectsAfter=cursor.list_cursors.get("metaobjects") or None,
    )
    matched: list[tuple[str, Node, str]] = [
        *_match_payments(session, cursor, reply.data.get("payments")),
        *(("dispute", one, "order_id") for one in flatten.list_nodes(reply.data.get("disputes")) if one),
        *_match_abandonment(cursor, reply.data.get("abandonment")),
        *_match_metaobjects(cursor, reply.data.get("metaobjects")),
    ]
    cursor = _count_lost_records(session, cursor, dispute_numbers, reply)
    gaps = reply.gaps + tuple(
        gap for kind, node, _ in matched for gap in complete_record.list_truncation_gaps(node, kind)
    )
    cursor = replace(
        cursor,
        disputes=cursor.disputes[DISPUTES_BATCH_SIZE:],
        checkouts=cursor.checkouts[1:],
        linked_calls=cursor.linked_calls + 1,
    )
    cursor, list_gaps = _advance_linked_lists(cursor, reply.data)
    gaps += list_gaps
    if cursor.linked_calls >= MAX_LINKED_PAGES:
        for name in cursor.list_cursors:
            gaps += paging.build_list_gap(RECORD_NAMES[name][1], "list_too_long")
        cursor = replace(cursor, list_cursors={})
    found = tuple(complete_record.build_node_finding(kind, node, by) for kind, node, by in matched)
    return found, gaps, _settle_linked_stage(cursor)


def _count_lost_records(
    session: GatherSession, cursor: GatherCursor, dispute_numbers: Sequence[str], reply: GraphQLReply
) -> GatherCursor:
    """Count the disputes that Shopify does not return, and the payments of orders whose owner it hides."""
    if not any(one.path[:1] == ("disputes",) for one in reply.denied):
        found = {str(one.get("id")).rpartition("/")[2] for one in flatten.list_nodes(reply.data.get("disputes"))}
        lost = [number for number in dispute_numbers if number not in found]
        cursor = orders.count_records(session, cursor, Absence.UNREACHED, "disputes", NOT_RETURNED, lost)
    matches = [
        (str(node["id"]), session.match_order(node.get("order") or {"customer": None}, cursor))
        for node in flatten.list_nodes(reply.data.get("payments"))
    ]
    unsure = [(ref, by) for ref, by in matches if by == "unsure"]
    return orders.count_unconfirmed(session, cursor, RECORD_NAMES["payments"][1], unsure)


def _advance_linked_lists(cursor: GatherCursor, answer: Any) -> tuple[GatherCursor, tuple[Gap, ...]]:
    """Advance each list to its next page; after the last page of a metaobject type the next type starts."""
    lists = {name: answer.get(name) for name in cursor.list_cursors}
    names = {name: RECORD_NAMES[name][1] for name in lists}
    unfinished, traces, gaps = paging.advance_lists(lists, cursor.list_cursors, cursor.list_traces, names)
    types = cursor.metaobject_types
    if "metaobjects" in lists and "metaobjects" not in unfinished:
        types = types[1:]
        unfinished |= {"metaobjects": ""} if types and "metaobjects" not in cursor.closed_flags else {}
    return replace(cursor, list_cursors=unfinished, list_traces=traces, metaobject_types=types), gaps


def _settle_linked_stage(cursor: GatherCursor) -> GatherCursor:
    disputes = () if "disputes" in cursor.closed_flags else cursor.disputes
    checkouts = () if "abandonments" in cursor.closed_flags else cursor.checkouts
    stage = GatherStage.LINKED_RECORDS if cursor.list_cursors or disputes or checkouts else GatherStage.END
    return replace(cursor, stage=stage, disputes=disputes, checkouts=checkouts)


def _match_payments(session: GatherSession, cursor: GatherCursor, connection: Any) -> Iterator[tuple[str, Node, str]]:
    for node in flatten.list_nodes(connection):
        order = node.get("order") or {}
        is_named = normalise_identifier("order", order.get("id") or "") in session.bits
        by = session.match_order(order, cursor, is_named=is_named) if order else ""
        if by and by not in orders.UNCONFIRMED:
            yield "tender_transaction", node | {"order": {"id": order["id"]}}, by


def _match_abandonment(cursor: GatherCursor, node: Any) -> Iterator[tuple[str, Node, str]]:
    if isinstance(node, dict) and cursor.customer and (node.get("customer") or {}).get("id") == cursor.customer:
        yield "abandonment", node, "customer_id"


def _match_metaobjects(cursor: GatherCursor, connection: Any) -> Iterator[tuple[str, Node, str]]:
    """Yield the metaobjects that reference the customer: a field value is the gid, or a JSON list of gids."""
    for node in flatten.list_nodes(connection):
        values = [str(one.get("value") or "") for one in node.get("fields") or ()]
        if any(value == cursor.customer or f'"{cursor.customer}"' in value for value in values):
            yield "metaobject", node, "customer_id"
