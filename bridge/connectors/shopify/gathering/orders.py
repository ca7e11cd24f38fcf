"""Orders that were met: whose they are, made whole, marked as met, and what they lead to.

Keeps nothing of an order that is another person's but that there was one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.api.answers import QueryTooCostly
from bridge.connectors.shopify.gathering import complete_record, date_windows
from bridge.connectors.shopify.gathering.cursor import GatherCursor, GatherStage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bridge.connectors.shopify.gathering.session import GatherSession
    from bridge.model import Finding, Gap

Node = dict[str, Any]
StepResult = tuple[tuple["Finding", ...], tuple["Gap", ...], "GatherCursor"]

ORDER_READERS = {GatherStage.BULK: complete_record.take_bulk_order}


def collect_order_findings(
    session: GatherSession, cursor: GatherCursor, matched_orders: Iterable[tuple[Node, str]]
) -> StepResult:
    """Make findings of the orders that are the person's; count those that may be somebody else's.

    A second half is a record of its own, of the kind `order_history`.
    """
    findings, gaps, hers = list["Finding"](), tuple["Gap", ...](), list[Node]()
    for node, by in matched_orders:
        if by == "other":
            cursor = replace(cursor, strangers=cursor.strangers + (not cursor.again))
        elif by:
            read = ORDER_READERS.get(
                cursor.stage,
                complete_record.complete_order_history if cursor.again else complete_record.complete_order,
            )
            one, more = read(session, cursor, node, by)
            findings.append(one)
            gaps += more
            hers.append(node)
    cursor = session.mark_orders_seen(_note_linked_records(cursor, hers), (one.ref for one in findings))
    return tuple(findings), tuple(dict.fromkeys(gaps)), cursor


def read_orders_by_gid(
    session: GatherSession, cursor: GatherCursor, gids: Sequence[str]
) -> tuple[list[Node], tuple[Gap, ...], GatherCursor]:
    """Read the orders with these ids; those that Shopify does not know are left out."""
    nodes, gaps, todo = list[Node](), tuple["Gap", ...](), list(gids)
    while todo:
        size = session.client.fit_page_size("orders_by_ids", len(todo))
        try:
            reply = session.run_document("orders_by_ids", cursor, ids=todo[:size])
        except QueryTooCostly as fault:
            session.client.reduce_page_size("orders_by_ids", size, fault)
            continue
        todo, gaps = todo[size:], gaps + reply.gaps
        nodes += [node for node in reply.data.get("nodes") or () if isinstance(node, dict)]
        cursor = replace(cursor, shut=(*cursor.shut, *reply.dropped_flags))
    return nodes, gaps, cursor


def _note_linked_records(cursor: GatherCursor, orders: Sequence[Node]) -> GatherCursor:
    """Note what can be found by these orders: when they were paid, and the disputes about them."""
    payments = [one for node in orders for one in node.get("transactions") or ()]
    moments = [at for one in payments if (at := one.get("processedAt") or one.get("createdAt"))]
    # a summary and its dispute have one number under two kinds of global id
    summaries = [one for node in orders for one in node.get("disputes") or ()]
    disputes = [str(one["id"]).rpartition("/")[2] for one in summaries]
    return replace(
        cursor,
        paid=date_windows.add_to_windows(cursor.paid, moments) if moments else cursor.paid,
        disputes=tuple(dict.fromkeys([*cursor.disputes, *disputes])),
    )
