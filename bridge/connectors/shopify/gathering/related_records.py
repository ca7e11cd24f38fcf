"""Reads records related to a customer: guest orders, draft orders, gift cards, abandoned checkouts, comments.

All unfinished lists are read in the same call. Never trusts a search result: a row is kept only if its own customer or
e-mail address matches.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bridge.connectors.shopify.api.answers import RECORD_NAMES
from bridge.connectors.shopify.gathering import complete_record, flatten, orders, paging
from bridge.connectors.shopify.gathering.cursor import GatherCursor, GatherStage
from bridge.connectors.shopify.gathering.orders import StepResult
from bridge.connectors.shopify.gathering.session import GatherSession, quote_search_phrase
from bridge.model import Finding
from bridge.rules.index.identity import normalise_identifier

Node = dict[str, Any]

SEARCH_PAGE_SIZE = 250  # the maximum of Shopify: the few fields of each order cost little
RELATED_RECORD_KINDS = {
    "drafts": "draft_order",
    "cards": "gift_card",
    "checkouts": "abandoned_checkout",
    "comments": "blog_comment",
}


def open_related_lists(session: GatherSession, cursor: GatherCursor) -> dict[str, str]:
    """Return the lists to read for this data subject, each with an empty cursor."""
    wanted = {
        "search": bool(cursor.customer and session.build_search_query(cursor)),
        "drafts": bool(cursor.customer),
        "cards": bool(cursor.customer),
        "checkouts": bool(cursor.emails),
        "comments": bool(cursor.emails),
    }
    return {name: "" for name, is_wanted in wanted.items() if is_wanted and name not in cursor.closed_flags}


def read_related_records(session: GatherSession, gather_cursor: GatherCursor) -> StepResult:
    """Read a page of every unfinished list, and completely the guest orders that the search found."""
    number = normalise_identifier("customer", gather_cursor.customer)
    reply = session.run_sized_document(
        "related_records",
        gather_cursor,
        "searchFirst",
        SEARCH_PAGE_SIZE,
        searchQuery=session.build_search_query(gather_cursor),
        draftsQuery=f"customer_id:{number}",
        cardsQuery=f"customer_id:{number} OR recipient_id:{number}",
        textQuery=" OR ".join(map(quote_search_phrase, gather_cursor.emails)),
        **{name: name in gather_cursor.list_cursors for name in ("search", *RELATED_RECORD_KINDS)},
        **{f"{name}After": cursor or None for name, cursor in gather_cursor.list_cursors.items()},
    )
    findings = list[Finding]()
    lists = {name: reply.data.get(name) for name in gather_cursor.list_cursors}
    heads = flatten.list_nodes(lists.get("search"))
    matches = [(order["id"], session.match_order(order, gather_cursor)) for order in heads]
    gather_cursor = orders.count_excluded_orders(session, gather_cursor, (gid for gid, by in matches if by == "other"))
    gaps = reply.gaps
    guest_gids = [
        gid for gid, by in matches if by in ("email", "phone") and not session.is_recorded(gather_cursor, "order", gid)
    ]
    if guest_gids:
        nodes, more_gaps, gather_cursor = orders.read_orders_by_gid(session, gather_cursor, guest_gids)
        matched_orders = [(node, session.match_order(node, gather_cursor)) for node in nodes]
        found, order_gaps, gather_cursor = orders.collect_order_findings(session, gather_cursor, matched_orders)
        findings, gaps = [*findings, *found], gaps + more_gaps + order_gaps
        if gather_cursor.is_partial:
            return tuple(findings), gaps, gather_cursor
    names = {name: records for name, (_, records) in RECORD_NAMES.items()}
    unfinished, guards, list_gaps = paging.advance_lists(
        lists, gather_cursor.list_cursors, gather_cursor.list_guards, names
    )
    gaps += list_gaps
    stage = gather_cursor.stage if unfinished else GatherStage.NAMED_ORDERS
    gather_cursor = replace(gather_cursor, stage=stage, list_cursors=unfinished, list_guards=guards)
    for name, kind in RELATED_RECORD_KINDS.items():
        for node in flatten.list_nodes(lists.get(name)):
            if by := _match_record_owner(kind, node, gather_cursor):
                findings.append(complete_record.build_node_finding(kind, node, by))
                gaps += complete_record.list_truncation_gaps(node, kind)
                if kind == "abandoned_checkout" and "abandonments" not in gather_cursor.closed_flags:
                    gather_cursor = replace(gather_cursor, checkouts=(*gather_cursor.checkouts, node["id"]))
    return tuple(findings), gaps, gather_cursor


def _match_record_owner(kind: str, node: Node, cursor: GatherCursor) -> str:
    if kind == "blog_comment":
        author = (node.get("author") or {}).get("email") or ""
        return "email" if normalise_identifier("email", author) in cursor.emails else ""
    owners = [(node.get("customer") or {}).get("id")]
    owners.append(((node.get("recipientAttributes") or {}).get("recipient") or {}).get("id"))
    return "customer_id" if cursor.customer and cursor.customer in owners else ""
