"""Turns fetched orders into findings and records them in the cursor, with the records that they lead to.

Never keeps anything of another person's order but the count, and its number for an operator who decides whose it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from bridge.connectors.shopify.api.answers import NOT_RETURNED, SYSTEM, QueryTooCostly
from bridge.connectors.shopify.gathering import complete_record, date_windows, overflow
from bridge.connectors.shopify.gathering.cursor import GatherCursor, GatherStage
from bridge.connectors.shopify.gathering.session import MAX_STEP_S, GatherSession
from bridge.model import Absence, Finding, Gap
from bridge.rules.index.identity import normalise_identifier

Node = dict[str, Any]
# Why a record that may be another person's is only counted, by how it was matched.
UNCONFIRMED = {"other": "another_customer_or_unconfirmed", "unsure": "owner_hidden"}
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
    kind = "order_history" if is_half else "order"
    cursor, matched = replace(cursor, is_partial=False), list(matched_orders)
    own = [
        node for node, by in matched if by and by not in UNCONFIRMED and not session.is_recorded(kind, str(node["id"]))
    ]
    reread: Collection[str] = ()
    if cursor.stage is not GatherStage.BULK:  # the lists of a first half from a bulk operation are complete
        reread, gaps = overflow.read_overflows(session, cursor, own)
    for node, by in matched:
        if findings and session.now_s() - started_s > MAX_STEP_S:
            cursor = replace(cursor, is_partial=True)
            break
        if by in UNCONFIRMED:
            cursor = cursor if is_half else count_unconfirmed(session, cursor, "orders", [(str(node["id"]), by)])
        elif by and not session.is_recorded(kind, str(node["id"])):
            if cursor.stage is GatherStage.BULK:
                findings.append(complete_record.build_node_finding("order", node, by))
            else:
                complete = complete_record.complete_order_history if is_half else complete_record.complete_order
                limits = overflow.OVERFLOW_LIMITS if node["id"] in reread else complete_record.FIRST_LIMITS
                one, more = complete(session, cursor, node, by, limits)
                findings.append(one)
                gaps += more
                if not is_half and "agreements" in node:  # a whole order needs no second half
                    cursor = session.mark_recorded(cursor, [("order_history", one.ref)])
            own_orders.append(node)
    cursor = session.mark_orders_seen(_note_linked_records(cursor, own_orders), (one.ref for one in findings))
    return tuple(findings), tuple(dict.fromkeys(gaps)), cursor


def count_records(
    session: GatherSession, cursor: GatherCursor, absence: Absence, what: str, reason: str, refs: Iterable[str]
) -> GatherCursor:
    """Return the cursor with these missing records counted, each once; the end of the gathering names the count."""
    key = _build_count_key(absence, what, reason)
    new = [ref for ref in dict.fromkeys(refs) if not session.is_recorded(key, ref)]
    cursor = session.mark_recorded(cursor, ((key, ref) for ref in new))
    return replace(cursor, counts={**cursor.counts, key: cursor.counts.get(key, 0) + len(new)}) if new else cursor


def count_unconfirmed(
    session: GatherSession, cursor: GatherCursor, what: str, matches: Iterable[tuple[str, str]]
) -> GatherCursor:
    """Return the cursor with the records counted that are matched (ref, by) as another person's, or perhaps so."""
    for ref, by in matches:
        if by in UNCONFIRMED:
            key = _build_count_key(Absence.UNATTRIBUTED, what, UNCONFIRMED[by])
            if what == "orders" and by == "other" and not session.is_recorded(key, ref):
                session.doubtful_orders.append(normalise_identifier("order", ref))
            cursor = count_records(session, cursor, Absence.UNATTRIBUTED, what, UNCONFIRMED[by], [ref])
    return cursor


def _build_count_key(absence: Absence, what: str, reason: str) -> str:
    return f"{absence}|{what}|{reason}"


def build_count_gaps(cursor: GatherCursor) -> tuple[Gap, ...]:
    """Return a gap for each kind of missing records, with how many: naming them would disclose others' data."""
    counts = dict(cursor.counts)
    if cursor.excluded_orders:
        key = f"{Absence.UNATTRIBUTED}|orders|{UNCONFIRMED['other']}"
        counts[key] = counts.get(key, 0) + cursor.excluded_orders
    gaps = list[Gap]()
    for key, count in counts.items():
        absence, what, reason = key.split("|")
        gaps.append(Gap(system=SYSTEM, absence=Absence(absence), what=f"{count} {what}", reason=reason))
    return tuple(gaps)


def read_orders_by_gid(
    session: GatherSession, cursor: GatherCursor, gids: Sequence[str]
) -> tuple[list[Node], tuple[Gap, ...], GatherCursor]:
    """Return the orders with these ids that Shopify returns, the gaps and the cursor, which counts the others."""
    nodes, gaps, pending = list[Node](), tuple[Gap, ...](), list(gids)
    while pending:
        size = session.client.fit_page_size("orders_by_ids", len(pending))
        try:
            reply = session.run_document("orders_by_ids", cursor, ids=pending[:size])
        except QueryTooCostly as fault:
            session.client.reduce_page_size("orders_by_ids", size, fault)
            continue
        found = {str(node["id"]): node for node in reply.data.get("nodes") or () if isinstance(node, dict)}
        lost = [gid for gid in pending[:size] if gid not in found] if "nodes" in reply.data else []
        cursor = count_records(session, cursor, Absence.UNREACHED, "orders", NOT_RETURNED, lost)
        pending, gaps = pending[size:], gaps + reply.gaps
        nodes += found.values()
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
