"""What is found only by what was found before: disputes, tender transactions, abandonments, metaobjects.

Follows one page of each list and one checkout in a call, until all have ended. A list that cannot be asked for
one customer is asked for as little of it as can be, and rows of others are dropped where they are read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.api.answers import RECORD_NAMES, SYSTEM
from bridge.connectors.shopify.gathering import complete_record, date_windows, flatten
from bridge.connectors.shopify.gathering.cursor import GatherCursor, GatherStage
from bridge.connectors.shopify.gathering.session import GatherSession, build_gid
from bridge.model import Absence, Gap
from bridge.rules.index.identity import normalise_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.connectors.shopify.gathering.orders import StepResult

Node = dict[str, Any]

DISPUTES_BATCH_SIZE = 50  # disputes by their ids
MAX_LINKED_PAGES = 99  # Shopify's pagination ends at 25,000 objects, a hundred pages
NO_CHECKOUT = "gid://shopify/AbandonedCheckout/0"


def start_linked_records(cursor: GatherCursor) -> GatherCursor:
    """Set out with what there is to follow, without what was shut; at the end where there is nothing."""
    wanted = {"payments": bool(cursor.paid), "metaobjects": bool(cursor.things and cursor.customer)}
    lists = {name: "" for name, there in wanted.items() if there and name not in cursor.shut}
    return _settle_linked_stage(replace(cursor, beside=lists))


def read_linked_records(session: GatherSession, cursor: GatherCursor) -> StepResult:
    """Follow every lead one step further."""
    asked = cursor.disputes[:DISPUTES_BATCH_SIZE]
    reply = session.run_document(
        "linked_records",
        cursor,
        payments="payments" in cursor.beside,
        paymentsQuery=date_windows.build_payments_query(cursor.paid),
        paymentsAfter=cursor.beside.get("payments") or None,
        disputes=bool(asked),
        disputeIds=[build_gid("ShopifyPaymentsDispute", number) for number in asked],
        abandonments=bool(cursor.checkouts),
        checkout=next(iter(cursor.checkouts), NO_CHECKOUT),
        metaobjects="metaobjects" in cursor.beside,
        type=next(iter(cursor.things), ""),
        metaobjectsAfter=cursor.beside.get("metaobjects") or None,
    )
    hers: list[tuple[str, Node, str]] = [
        *_match_payments(session, cursor, reply.data.get("payments")),
        *(("dispute", one, "order_id") for one in flatten.list_nodes(reply.data.get("disputes")) if one),
        *_match_abandonment(cursor, reply.data.get("abandonment")),
        *_match_metaobjects(cursor, reply.data.get("metaobjects")),
    ]
    gaps = reply.gaps + tuple(
        gap for kind, node, _ in hers for gap in complete_record.list_truncation_gaps(node, kind)
    )
    cursor = replace(
        cursor,
        shut=(*cursor.shut, *reply.dropped_flags),
        disputes=cursor.disputes[DISPUTES_BATCH_SIZE:],
        checkouts=cursor.checkouts[1:],
        turns=cursor.turns + 1,
    )
    cursor = _advance_linked_lists(cursor, reply.data)
    if cursor.turns >= MAX_LINKED_PAGES:
        gaps += tuple(_build_too_long_gap(name) for name in cursor.beside)
        cursor = replace(cursor, beside={})
    found = tuple(complete_record.build_node_finding(kind, node, by) for kind, node, by in hers)
    return found, gaps, _settle_linked_stage(cursor)


def _advance_linked_lists(cursor: GatherCursor, answer: Any) -> GatherCursor:
    """Put each list where its next page starts; metaobjects of the next type follow those of the last."""
    lists = {name: answer.get(name) for name in cursor.beside}
    rest = {name: flatten.read_end_cursor(one) for name, one in lists.items() if flatten.has_next_page(one)}
    things = cursor.things
    if "metaobjects" in lists and "metaobjects" not in rest:
        things = things[1:]
        rest |= {"metaobjects": ""} if things and "metaobjects" not in cursor.shut else {}
    return replace(cursor, beside=rest, things=things)


def _build_too_long_gap(name: str) -> Gap:
    return Gap(system=SYSTEM, absence=Absence.UNREACHED, what=RECORD_NAMES[name][1], reason="list_too_long")


def _settle_linked_stage(cursor: GatherCursor) -> GatherCursor:
    disputes = () if "disputes" in cursor.shut else cursor.disputes
    checkouts = () if "abandonments" in cursor.shut else cursor.checkouts
    stage = GatherStage.LINKED_RECORDS if cursor.beside or disputes or checkouts else GatherStage.END
    return replace(cursor, stage=stage, disputes=disputes, checkouts=checkouts)


def _match_payments(
    session: GatherSession, cursor: GatherCursor, connection: Any
) -> Iterator[tuple[str, Node, str]]:
    for node in flatten.list_nodes(connection):
        order = node.get("order") or {}
        named = normalise_identifier("order", order.get("id") or "") in session.bits
        by = session.match_order(order, cursor, is_named=named) if order else ""
        if by not in ("", "other"):
            yield "tender_transaction", node | {"order": {"id": order["id"]}}, by


def _match_abandonment(cursor: GatherCursor, node: Any) -> Iterator[tuple[str, Node, str]]:
    if (
        isinstance(node, dict)
        and cursor.customer
        and (node.get("customer") or {}).get("id") == cursor.customer
    ):
        yield "abandonment", node, "customer_id"


def _match_metaobjects(cursor: GatherCursor, connection: Any) -> Iterator[tuple[str, Node, str]]:
    """Metaobjects that name her: the value of a reference is her id, or a list of ids as JSON."""
    for node in flatten.list_nodes(connection):
        values = [str(one.get("value") or "") for one in node.get("fields") or ()]
        if any(value == cursor.customer or f'"{cursor.customer}"' in value for value in values):
            yield "metaobject", node, "customer_id"
