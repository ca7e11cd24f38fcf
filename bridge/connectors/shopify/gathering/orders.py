"""Turns fetched orders into findings and records them in the cursor, with the records that they lead to.

Never keeps anything of another person's order but the count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from bridge.connectors.shopify.api.answers import QueryTooCostly
from bridge.connectors.shopify.gathering import complete_record, date_windows
from bridge.connectors.shopify.gathering.cursor import GatherCursor, GatherStage
from bridge.connectors.shopify.gathering.session import MAX_STEP_S, GatherSession
from bridge.model import Finding, Gap

Node = dict[str, Any]
EXCLUDED_ORDER = "excluded order"  # a kind of record that is only counted
StepResult = tuple[tuple[Finding, ...], tuple[Gap, ...], GatherCursor]


def collect_order_findings(
    session: GatherSession, cursor: GatherCursor, matched_orders: Iterable[tuple[Node, str]]
) -> StepResult:
    """Return the findings of the data subject's orders; count those that may belong to somebody else.

    `matched_orders` are orders with the result of `match_order`. A second half is a finding of the kind `order_history`.
    The cursor `is_partial` if the time of one step was over before all were complete.
    """
    findings, gaps, own_orders = list[Finding](), tuple[Gap, ...](), list[Node]()
    is_half, started_s = cursor.is_second_half, session.now_s()
    cursor = replace(cursor, is_partial=False)
    for node, by in matched_orders:
        if findings and session.now_s() - started_s > MAX_STEP_S:
            cursor = replace(cursor, is_partial=True)
            break
        if by == "other" and not is_half:
            cursor = count_excluded_orders(session, cursor, [str(node["id"])])
        elif by not in ("", "other") and not session.is_recorded(
            cursor, "order_history" if is_half else "order", str(node["id"])
        ):
            if cursor.stage is GatherStage.BULK:  # the lists of a first half from a bulk operation are complete
                findings.append(complete_record.build_node_finding("order", node, by))
            else:
                complete = complete_record.complete_order_history if is_half else complete_record.complete_order
                one, more = complete(session, cursor, node, by)
                findings.append(one)
                gaps += more
                if not is_half and "agreements" in node:  # a whole order needs no second half
                    cursor = session.mark_recorded(cursor, [("order_history", one.ref)])
            own_orders.append(node)
    cursor = session.mark_orders_seen(_note_linked_records(cursor, own_orders), (one.ref for one in findings))
    return tuple(findings), tuple(dict.fromkeys(gaps)), cursor


def count_excluded_orders(session: GatherSession, cursor: GatherCursor, gids: Iterable[str]) -> GatherCursor:
    """Return the cursor with these orders of other people counted, each once."""
    new = [gid for gid in dict.fromkeys(gids) if not session.is_recorded(cursor, EXCLUDED_ORDER, gid)]
    cursor = session.mark_recorded(cursor, ((EXCLUDED_ORDER, gid) for gid in new))
    return replace(cursor, excluded_orders=cursor.excluded_orders + len(new))


def read_orders_by_gid(
    session: GatherSession, cursor: GatherCursor, gids: Sequence[str]
) -> tuple[list[Node], tuple[Gap, ...], GatherCursor]:
    """Return the orders with these ids that Shopify knows, the gaps and the cursor."""
    nodes, gaps, pending = list[Node](), tuple[Gap, ...](), list(gids)
    while pending:
        size = session.client.fit_page_size("orders_by_ids", len(pending))
        try:
            reply = session.run_document("orders_by_ids", cursor, ids=pending[:size])
        except QueryTooCostly as fault:
            session.client.reduce_page_size("orders_by_ids", size, fault)
            continue
        pending, gaps = pending[size:], gaps + reply.gaps
        nodes += [node for node in reply.data.get("nodes") or () if isinstance(node, dict)]
    return nodes, gaps, cursor


def _note_linked_records(cursor: GatherCursor, orders: Sequence[Node]) -> GatherCursor:
    """Record in the cursor when these orders were paid, and the disputes about them."""
    payments = [one for node in orders for one in node.get("transactions") or ()]
    paid_at = [at for one in payments if (at := one.get("processedAt") or one.get("createdAt"))]
    # a dispute summary and its dispute have the same number in two kinds of gid
    summaries = [one for node in orders for one in node.get("disputes") or ()]
    disputes = [str(one["id"]).rpartition("/")[2] for one in summaries]
    windows = cursor.payment_windows
    windows = date_windows.add_to_windows(windows, paid_at) if paid_at else windows
    return replace(cursor, payment_windows=windows, disputes=tuple(dict.fromkeys([*cursor.disputes, *disputes])))
