"""Fetches the remaining pages of a truncated customer or order and builds its finding.

Never hides a truncation: a list that is still incomplete becomes a gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.connectors.shopify.api.answers import SYSTEM
from bridge.connectors.shopify.gathering import flatten, paging
from bridge.connectors.shopify.gathering.cursor import GatherCursor
from bridge.connectors.shopify.gathering.session import GatherSession
from bridge.model import Absence, Finding, Gap

Node = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class ListLimits:
    """The sizes of lists without a cursor: a list of that length may go on."""

    parcels: int
    tracking: int
    payments: int
    refunds: int


FIRST_LIMITS = ListLimits(parcels=4, tracking=2, payments=7, refunds=2)  # in order_first_half.graphql

# Variable of a document and the list that it includes. NESTED_LISTS contain lists that we cannot continue by cursor:
# truncated inside, they are read again from their start, with larger sizes.
CUSTOMER_LISTS = {
    "addresses": "addressesV2",
    "metafields": "metafields",
    "events": "events",
    "methods": "paymentMethods",
    "credits": "storeCreditAccounts",
    "subscriptions": "subscriptionContracts",
}
ORDER_LISTS = {
    "lines": "lineItems",
    "metafields": "metafields",
    "events": "events",
    "agreements": "agreements",
    "returns": "returns",
    "dispatches": "fulfillmentOrders",
}
NESTED_LISTS = ("returns", "fulfillmentOrders", "storeCreditAccounts", "subscriptionContracts")
ORDER_REREAD_FIELDS = {
    "localized": "localizedFields",
    "shipping": "shippingLines",
    "parcels": "fulfillments",
    "payments": "transactions",
    "refunds": "refunds",
    "journey": "customerJourneySummary",
}
# The fields of a second half that are recorded: the others only match it to the data subject.
ORDER_HISTORY_FIELDS = frozenset(
    {"agreements", "customerJourneySummary", "events", "fulfillmentOrders", "fulfillments", "id", "name"}
    | {"paymentCollectionDetails", "returns"}
)


def complete_customer(
    session: GatherSession, cursor: GatherCursor, node: Node
) -> tuple[tuple[Finding, ...], tuple[Gap, ...]]:
    """Complete the lists of a customer and return the findings of the customer and the records that belong to it."""
    gaps = _read_remaining_lists(session, cursor, "customer", node, {})
    findings = [build_node_finding("customer", node, cursor.matched_by)]
    gaps += list_truncation_gaps(node, "customer")
    for name, kind in flatten.CUSTOMER_RECORD_KINDS.items():
        for one in flatten.list_nodes(node.get(name)):
            findings.append(build_node_finding(kind, one, cursor.matched_by))
            gaps += list_truncation_gaps(one, kind)
    return tuple(findings), gaps


def list_overflows(node: Node, cursor: GatherCursor) -> set[str]:
    """Return the variables of the lists of an order, or of its second half, that exceed their first sizes."""
    is_half = cursor.is_second_half
    reread = (
        _list_truncated_history(node, cursor, FIRST_LIMITS) if is_half else _list_truncated_fields(node, FIRST_LIMITS)
    )
    return {*reread, *_find_unfinished_lists(node, ORDER_LISTS, empties=False)}


def complete_order(
    session: GatherSession, cursor: GatherCursor, node: Node, matched_by: str, limits: ListLimits
) -> tuple[Finding, tuple[Gap, ...]]:
    """Complete the lists of an order and return its finding. `limits` are the sizes with which it was read."""
    gaps = _read_remaining_lists(session, cursor, "order", node, _list_truncated_fields(node, limits))
    return build_node_finding("order", node, matched_by), gaps + list_truncation_gaps(node, "order")


def complete_order_history(
    session: GatherSession, cursor: GatherCursor, node: Node, matched_by: str, limits: ListLimits
) -> tuple[Finding, tuple[Gap, ...]]:
    """Complete the second half of an order (journey, fulfilment orders, parcel events, timeline); return its finding."""
    node = {name: value for name, value in node.items() if name in ORDER_HISTORY_FIELDS}
    gaps = _read_remaining_lists(session, cursor, "order", node, _list_truncated_history(node, cursor, limits))
    return build_node_finding("order_history", node, matched_by), gaps + list_truncation_gaps(node, "order_history")


def _list_truncated_fields(node: Node, limits: ListLimits) -> dict[str, str]:
    """Return the fields of an order that must be read again from their start, by their variable."""
    parcels = node.get("fulfillments") or []
    is_truncated = {
        "localized": flatten.has_next_page(node.get("localizedFields")),
        "shipping": flatten.has_next_page(node.get("shippingLines")),
        "parcels": len(parcels) >= limits.parcels
        or any(len(parcel.get("trackingInfo") or ()) >= limits.tracking for parcel in parcels)
        or bool(flatten.list_truncated_paths(parcels, "")),
        "payments": len(node.get("transactions") or ()) >= limits.payments,
        "refunds": len(node.get("refunds") or ()) >= limits.refunds,
        "journey": bool(flatten.list_truncated_paths(node.get("customerJourneySummary"), "")),
    }
    return {flag: name for flag, name in ORDER_REREAD_FIELDS.items() if is_truncated[flag]}


def _list_truncated_history(node: Node, cursor: GatherCursor, limits: ListLimits) -> dict[str, str]:
    """Return the same of a second half. After a bulk operation, pages read the parcels with the second half."""
    found = {
        flag: name
        for flag, name in (("parcels", "fulfillments"), ("journey", "customerJourneySummary"))
        if flatten.list_truncated_paths(node.get(name), "")
    }
    if cursor.has_bulk_halves and len(node.get("fulfillments") or ()) >= limits.parcels:
        found["parcels"] = "fulfillments"
    return found


def build_node_finding(kind: str, node: Node, matched_by: str) -> Finding:
    """Return the finding of a node, with Shopify's field names."""
    return Finding(kind=kind, ref=str(node["id"]), matched_by=matched_by, body=flatten.flatten_node(node))


def list_truncation_gaps(node: Node, path: str) -> tuple[Gap, ...]:
    """Return a gap for each list of the node that is incomplete."""
    return tuple(
        Gap(system=SYSTEM, absence=Absence.UNREACHED, what=what, reason="list_too_long")
        for what in flatten.list_truncated_paths(node, path)
    )


def _find_unfinished_lists(node: Node, lists: Mapping[str, str], *, empties: bool = True) -> dict[str, str | None]:
    """Return the incomplete lists with their cursors; None for one that is read again from its start, and is emptied."""
    after: dict[str, str | None] = {}
    for flag, name in lists.items():
        if name in NESTED_LISTS and flatten.list_truncated_paths((node.get(name) or {}).get("nodes"), ""):
            after[flag] = None
            if empties:
                node[name]["nodes"] = []
        elif flatten.has_next_page(node.get(name)):
            after[flag] = flatten.read_end_cursor(node.get(name))
    return after


def _read_remaining_lists(
    session: GatherSession, gather_cursor: GatherCursor, root: str, node: Node, reread_fields: Mapping[str, str]
) -> tuple[Gap, ...]:
    """Read the unfinished lists of a `customer` or `order` from their cursors on, and other fields again, into the node."""
    lists, rereadable = (CUSTOMER_LISTS, {}) if root == "customer" else (ORDER_LISTS, ORDER_REREAD_FIELDS)
    open_lists, gaps = _find_unfinished_lists(node, lists), tuple[Gap, ...]()
    traces = dict[str, paging.ListTrace]()
    while open_lists or reread_fields:
        wanted = {*open_lists, *reread_fields} - {*gather_cursor.closed_flags}
        switches = {flag: flag in wanted for flag in (*lists, *rereadable)}
        cursors = {f"{flag}After": cursor for flag, cursor in open_lists.items()}
        reply = session.run_document(f"{root}_remaining_lists", gather_cursor, id=node["id"], **switches, **cursors)
        gaps += reply.gaps
        answer = reply.data.get(root) or {}
        for flag in list(open_lists):
            more, target = answer.get(lists[flag]), node[lists[flag]]
            known = {one["id"] for one in target.get("nodes") or () if one.get("id")}
            new = [one for one in flatten.list_nodes(more) if one.get("id") not in known]
            target["nodes"] = [*(target.get("nodes") or ()), *new]
            target["pageInfo"] = {}
            trace = traces.get(flag, paging.ListTrace())
            after, traces[flag], fault = paging.advance_list(
                more, open_lists[flag] or "", trace, max_pages=paging.MAX_INNER_PAGES
            )
            gaps += paging.build_list_gap(f"{root}.{lists[flag]}") if fault else ()
            if after is None:
                del open_lists[flag]
            else:
                open_lists[flag] = after
        node.update({field: answer[field] for field in reread_fields.values() if answer.get(field) is not None})
        reread_fields = {}
        if not answer:
            gaps += (Gap(system=SYSTEM, absence=Absence.UNREACHED, what=root, reason="gone_meanwhile"),)
    return tuple(dict.fromkeys(gaps))
