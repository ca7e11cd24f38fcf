"""What hangs beside a customer: guest orders, draft orders, gift cards, checkouts that were left, comments.

Every list is asked in the same call until it ends. What a search returns is never believed: each row is taken
only where its own customer or address says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.gathering import complete_record, flatten, orders
from bridge.connectors.shopify.gathering.cursor import GatherCursor, GatherStage
from bridge.connectors.shopify.gathering.session import GatherSession, quote_search_phrase
from bridge.model import Finding
from bridge.rules.index.identity import normalise_identifier

if TYPE_CHECKING:
    from bridge.connectors.shopify.gathering.orders import StepResult

Node = dict[str, Any]

SEARCH_PAGE_SIZE = (
    250  # heads of orders cost four points each step of the logarithm: as many as Shopify gives
)
RELATED_RECORD_KINDS = {
    "drafts": "draft_order",
    "cards": "gift_card",
    "checkouts": "abandoned_checkout",
    "comments": "blog_comment",
}


def open_related_lists(session: GatherSession, cursor: GatherCursor) -> dict[str, str]:
    """Name the lists there are for this person, each at its start."""
    wanted = {
        "search": bool(cursor.customer and session.build_search_query(cursor)),
        "drafts": bool(cursor.customer),
        "cards": bool(cursor.customer),
        "checkouts": bool(cursor.emails),
        "comments": bool(cursor.emails),
    }
    return {name: "" for name, there in wanted.items() if there and name not in cursor.shut}


def read_related_records(session: GatherSession, gather_cursor: GatherCursor) -> StepResult:
    """Read a page of every list that has not ended, and the guest orders that the search found, whole."""
    number, text = (
        normalise_identifier("customer", gather_cursor.customer),
        " OR ".join(quote_search_phrase(email) for email in gather_cursor.emails),
    )
    reply = session.run_sized_document(
        "related_records",
        gather_cursor,
        "searchFirst",
        SEARCH_PAGE_SIZE,
        searchQuery=session.build_search_query(gather_cursor),
        draftsQuery=f"customer_id:{number}",
        cardsQuery=f"customer_id:{number} OR recipient_id:{number}",
        textQuery=text,
        **{name: name in gather_cursor.beside for name in ("search", *RELATED_RECORD_KINDS)},
        **{f"{name}After": cursor or None for name, cursor in gather_cursor.beside.items()},
    )
    findings, gaps = list[Finding](), reply.gaps
    lists = {name: reply.data.get(name) for name in gather_cursor.beside}
    rest = {name: flatten.read_end_cursor(one) for name, one in lists.items() if flatten.has_next_page(one)}
    gather_cursor = replace(gather_cursor, shut=(*gather_cursor.shut, *reply.dropped_flags), beside=rest)
    if not rest:
        gather_cursor = replace(gather_cursor, stage=GatherStage.NAMED_ORDERS)
    heads = [
        (head, session.match_order(head, gather_cursor)) for head in flatten.list_nodes(lists.get("search"))
    ]
    guests = [head["id"] for head, by in heads if by in ("email", "phone")]
    gather_cursor = replace(
        gather_cursor, strangers=gather_cursor.strangers + sum(by == "other" for _, by in heads)
    )
    if guests:
        nodes, more, gather_cursor = orders.read_orders_by_gid(session, gather_cursor, guests)
        found, short, gather_cursor = orders.collect_order_findings(
            session, gather_cursor, [(node, session.match_order(node, gather_cursor)) for node in nodes]
        )
        findings, gaps = [*findings, *found], gaps + more + short
    for name, kind in RELATED_RECORD_KINDS.items():
        for node in flatten.list_nodes(lists.get(name)):
            by = _match_record_owner(kind, node, gather_cursor)
            if by:
                findings.append(complete_record.build_node_finding(kind, node, by))
                gaps += complete_record.list_truncation_gaps(node, kind)
                if kind == "abandoned_checkout" and "abandonments" not in gather_cursor.shut:
                    gather_cursor = replace(gather_cursor, checkouts=(*gather_cursor.checkouts, node["id"]))
    return tuple(findings), gaps, gather_cursor


def _match_record_owner(kind: str, node: Node, cursor: GatherCursor) -> str:
    if kind == "blog_comment":
        author = (node.get("author") or {}).get("email") or ""
        return "email" if normalise_identifier("email", author) in cursor.emails else ""
    owners = [(node.get("customer") or {}).get("id")]
    owners.append(((node.get("recipientAttributes") or {}).get("recipient") or {}).get("id"))
    return "customer_id" if cursor.customer and cursor.customer in owners else ""
