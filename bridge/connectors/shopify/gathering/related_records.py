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
from bridge.connectors.shopify.gathering.session import GatherSession, is_owner_hidden
from bridge.model import Finding
from bridge.rules.index.identity import list_normal_forms, normalise_identifier

Node = dict[str, Any]

SEARCH_PAGE_SIZE = 250  # the maximum of Shopify: the few fields of each order cost little
OTHER_CUSTOMER = "another customer"
RELATED_RECORD_KINDS = {
    "drafts": "draft_order",
    "cards": "gift_card",
    "checkouts": "abandoned_checkout",
    "comments": "blog_comment",
}


def open_related_lists(session: GatherSession, cursor: GatherCursor) -> dict[str, str]:
    """Return the lists to read for this data subject, each with an empty cursor."""
    has_contact = bool(session.list_contact_phrases(cursor))
    is_customer = bool(session.list_own_gids(cursor))
    wanted = {
        "search": bool(cursor.customer and session.build_search_query(cursor)),
        "drafts": is_customer or has_contact,
        "cards": is_customer,
        "checkouts": has_contact,
        "comments": bool(cursor.emails),
    }
    return {name: "" for name, is_wanted in wanted.items() if is_wanted and name not in cursor.closed_flags}


def read_related_records(session: GatherSession, gather_cursor: GatherCursor) -> StepResult:
    """Read a page of every unfinished list, and completely the guest orders that the search found."""
    numbers = [normalise_identifier("customer", gid) for gid in session.list_own_gids(gather_cursor)]
    by_customer = [f"customer_id:{number}" for number in numbers]
    phrases = session.list_contact_phrases(gather_cursor)
    reply = session.run_sized_document(
        "related_records",
        gather_cursor,
        "searchFirst",
        SEARCH_PAGE_SIZE,
        searchQuery=session.build_search_query(gather_cursor),
        # a draft without a customer may carry the e-mail address or phone
        draftsQuery=" OR ".join([*by_customer, *phrases]),
        cardsQuery=" OR ".join([*by_customer, *(f"recipient_id:{number}" for number in numbers)]),
        textQuery=" OR ".join(phrases),
        **{name: name in gather_cursor.list_cursors for name in ("search", *RELATED_RECORD_KINDS)},
        **{f"{name}After": cursor or None for name, cursor in gather_cursor.list_cursors.items()},
    )
    findings = list[Finding]()
    lists = {name: reply.data.get(name) for name in gather_cursor.list_cursors}
    heads = flatten.list_nodes(lists.get("search"))
    matches = [(order["id"], session.match_order(order, gather_cursor)) for order in heads]
    gather_cursor = orders.count_unconfirmed(session, gather_cursor, "orders", matches)
    gaps = reply.gaps
    guest_gids = [
        gid for gid, by in matches if by in ("email", "phone", "order_id") and not session.is_recorded("order", gid)
    ]
    if guest_gids:
        nodes, more_gaps, gather_cursor = orders.read_orders_by_gid(session, gather_cursor, guest_gids)
        matched_orders = [(node, session.match_order(node, gather_cursor)) for node in nodes]
        found, order_gaps, gather_cursor = orders.collect_order_findings(session, gather_cursor, matched_orders)
        findings, gaps = [*findings, *found], gaps + more_gaps + order_gaps
        if gather_cursor.is_partial:
            return tuple(findings), gaps, gather_cursor
    names = {name: records for name, (_, records) in RECORD_NAMES.items()}
    unfinished, traces, list_gaps = paging.advance_lists(
        lists, gather_cursor.list_cursors, gather_cursor.list_traces, names
    )
    gaps += list_gaps
    stage = gather_cursor.stage if unfinished else GatherStage.NAMED_ORDERS
    gather_cursor = replace(gather_cursor, stage=stage, list_cursors=unfinished, list_traces=traces)
    for name, kind in RELATED_RECORD_KINDS.items():
        for node in flatten.list_nodes(lists.get(name)):
            by = _match_record_owner(session, kind, node, gather_cursor)
            if by in orders.UNCONFIRMED:
                matched = [(str(node["id"]), by)]
                gather_cursor = orders.count_unconfirmed(session, gather_cursor, names[name], matched)
            elif by:
                mask_other_customers(node, session.list_own_gids(gather_cursor))
                findings.append(complete_record.build_node_finding(kind, node, by))
                gaps += complete_record.list_truncation_gaps(node, kind)
                if kind == "abandoned_checkout" and "abandonments" not in gather_cursor.closed_flags:
                    gather_cursor = replace(gather_cursor, checkouts=(*gather_cursor.checkouts, node["id"]))
    return tuple(findings), gaps, gather_cursor


def _match_record_owner(session: GatherSession, kind: str, node: Node, cursor: GatherCursor) -> str:
    """Return how the record belongs to the data subject; `other`, `unsure` and '' as `match_order`."""
    if kind == "blog_comment":
        author = (node.get("author") or {}).get("email")
        if not author:
            return "unsure"  # the search found it by an e-mail address that Shopify does not show us
        return "" if set(cursor.emails).isdisjoint(list_normal_forms("email", author)) else "email"
    recipient = node.get("recipientAttributes") or {}
    owners = {(one or {}).get("id") for one in (node.get("customer"), recipient.get("recipient"))} - {None, ""}
    if owners & {*session.list_own_gids(cursor)}:
        return "customer_id"
    if owners & {*cursor.customers}:
        return ""  # it is read with that customer, who is the same person
    contacts = [node.get("email"), node.get("phone"), *(one.get("value") for one in node.get("customAttributes") or ())]
    emails = {form for one in contacts for form in list_normal_forms("email", one or "")} & {*cursor.emails}
    phones = {form for one in contacts for form in list_normal_forms("phone", one or "")} & {*session.sole_phones}
    if owners:
        is_recipient_hidden = bool(recipient) and not recipient.get("recipient")
        return "other" if emails or phones else "unsure" if is_recipient_hidden else ""
    by = "email" if emails else "phone" if phones else "unsure"
    # a draft with the e-mail address of somebody else was found by a word in its note
    is_others = by == "unsure" and node.get("email")
    return "unsure" if is_owner_hidden(node) else "" if is_others else by


def mask_other_customers(node: Node, own_gids: tuple[str, ...]) -> None:
    """Mask Shopify's number of the other customer on a gift card: its buyer or its recipient."""
    for holder, key in ((node, "customer"), (node.get("recipientAttributes"), "recipient")):
        owner = (holder or {}).get(key)
        if holder and owner and owner.get("id") and owner["id"] not in own_gids:
            holder[key] = {"id": OTHER_CUSTOMER}
