"""Nodes made whole: what did not fit into the first answer is asked for, for that one node only.

Gives findings; a list that is still cut short becomes a gap, never silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.api.answers import SYSTEM
from bridge.connectors.shopify.gathering import flatten
from bridge.model import Absence, Finding, Gap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.connectors.shopify.gathering.cursor import GatherCursor
    from bridge.connectors.shopify.gathering.session import GatherSession

Node = dict[str, Any]

# The sizes of lists without a cursor in order_first_half.graphql: a list as long as that may go on.
FULFILLMENT_LIMIT, TRACKING_LIMIT, TRANSACTION_LIMIT, REFUND_LIMIT = 4, 2, 7, 2

# Variable of a document and the list it opens. NESTED lists have lists inside, in which no cursor of ours
# leads on: cut short inside, they are read again from their start, with more room.
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
# What stays of a second half: the rest only tells whose it is.
ORDER_HISTORY_FIELDS = frozenset(
    {
        "agreements",
        "customerJourneySummary",
        "events",
        "fulfillmentOrders",
        "fulfillments",
        "id",
        "name",
        "paymentCollectionDetails",
        "returns",
    }
)


def complete_customer(
    session: GatherSession, cursor: GatherCursor, node: Node
) -> tuple[tuple[Finding, ...], tuple[Gap, ...]]:
    """Read the customer with all addresses, metafields and her timeline, and what is hers."""
    after = _find_unfinished_lists(node, CUSTOMER_LISTS)
    gaps = _read_remaining_lists(
        session, cursor, ("customer_remaining_lists", "customer"), node, CUSTOMER_LISTS, after, {}
    )
    findings = [build_node_finding("customer", node, cursor.matched_by)]
    gaps += list_truncation_gaps(node, "customer")
    for name, kind in flatten.CUSTOMER_RECORD_KINDS.items():
        for one in flatten.list_nodes(node.get(name)):
            findings.append(build_node_finding(kind, one, cursor.matched_by))
            gaps += list_truncation_gaps(one, kind)
    return tuple(findings), gaps


def complete_order(
    session: GatherSession, cursor: GatherCursor, node: Node, matched_by: str
) -> tuple[Finding, tuple[Gap, ...]]:
    """Read the order with every line, parcel, payment, refund, return, metafield and line of its timeline."""
    after = _find_unfinished_lists(node, ORDER_LISTS)
    parcels = node.get("fulfillments") or []
    long = {
        "localized": flatten.has_next_page(node.get("localizedFields")),
        "shipping": flatten.has_next_page(node.get("shippingLines")),
        "parcels": len(parcels) >= FULFILLMENT_LIMIT
        or any(len(parcel.get("trackingInfo") or ()) >= TRACKING_LIMIT for parcel in parcels)
        or bool(flatten.list_truncated_paths(parcels, "")),
        "payments": len(node.get("transactions") or ()) >= TRANSACTION_LIMIT,
        "refunds": len(node.get("refunds") or ()) >= REFUND_LIMIT,
        "journey": bool(flatten.list_truncated_paths(node.get("customerJourneySummary"), "")),
    }
    whole = {flag: name for flag, name in ORDER_REREAD_FIELDS.items() if long[flag]}
    gaps = _read_remaining_lists(
        session, cursor, ("order_remaining_lists", "order"), node, ORDER_LISTS, after, whole
    )
    return build_node_finding("order", node, matched_by), gaps + list_truncation_gaps(node, "order")


def take_bulk_order(
    _session: GatherSession, _cursor: GatherCursor, node: Node, matched_by: str
) -> tuple[Finding, tuple[Gap, ...]]:
    """Take the first half of an order as a bulk operation gave it: with all of its lists."""
    return build_node_finding("order", node, matched_by), ()


def complete_order_history(
    session: GatherSession, cursor: GatherCursor, node: Node, matched_by: str
) -> tuple[Finding, tuple[Gap, ...]]:
    """Read the second half of an order whose first was read before: journey, warehouses, scans, timeline."""
    node = {name: value for name, value in node.items() if name in ORDER_HISTORY_FIELDS}
    whole = {
        flag: name
        for flag, name in (("parcels", "fulfillments"), ("journey", "customerJourneySummary"))
        if flatten.list_truncated_paths(node.get(name), "")
    }
    if cursor.bulked and len(node.get("fulfillments") or ()) >= FULFILLMENT_LIMIT:
        whole["parcels"] = "fulfillments"  # pages ask for these with the first half
    after = _find_unfinished_lists(node, ORDER_LISTS)
    gaps = _read_remaining_lists(
        session, cursor, ("order_remaining_lists", "order"), node, ORDER_LISTS, after, whole
    )
    return build_node_finding("order_history", node, matched_by), gaps + list_truncation_gaps(
        node, "order_history"
    )


def build_node_finding(kind: str, node: Node, matched_by: str) -> Finding:
    """Make a record of the node in Shopify's words."""
    return Finding(kind=kind, ref=str(node["id"]), matched_by=matched_by, body=flatten.flatten_node(node))


def list_truncation_gaps(node: Node, path: str) -> tuple[Gap, ...]:
    """Write a gap for each list that goes on beyond what was read."""
    return tuple(
        Gap(system=SYSTEM, absence=Absence.UNREACHED, what=what, reason="list_too_long")
        for what in flatten.list_truncated_paths(node, path)
    )


def _find_unfinished_lists(node: Node, lists: Mapping[str, str]) -> dict[str, str | None]:
    """Give the lists that go on and the cursor of each; None for one that is read again from its start."""
    after: dict[str, str | None] = {}
    for flag, name in lists.items():
        if name in NESTED_LISTS and flatten.list_truncated_paths((node.get(name) or {}).get("nodes"), ""):
            after[flag] = None
            node[name]["nodes"] = []
        elif flatten.has_next_page(node.get(name)):
            after[flag] = flatten.read_end_cursor(node.get(name))
    return after


def _read_remaining_lists(
    session: GatherSession,
    gather_cursor: GatherCursor,
    document: tuple[str, str],
    node: Node,
    lists: Mapping[str, str],
    cursors_by_flag: Mapping[str, str | None],
    reread_fields: Mapping[str, str],
) -> tuple[Gap, ...]:
    """Read lists on from their cursors, and others again whole, into the node."""
    name, root = document
    open_lists, gaps = dict(cursors_by_flag), tuple[Gap, ...]()
    while open_lists or reread_fields:
        wanted = {*open_lists, *reread_fields} - {*gather_cursor.shut}
        switches = {
            flag: flag in wanted
            for flag in (lists if root == "customer" else {**lists, **ORDER_REREAD_FIELDS})
        }
        cursors = {f"{flag}After": cursor for flag, cursor in open_lists.items()}
        reply = session.run_document(name, gather_cursor, id=node["id"], **switches, **cursors)
        gaps += reply.gaps
        fresh = reply.data.get(root) or {}
        for flag in list(open_lists):
            more, kept = fresh.get(lists[flag]), node[lists[flag]]
            kept["nodes"] = [*(kept.get("nodes") or ()), *flatten.list_nodes(more)]
            kept["pageInfo"] = (more or {}).get("pageInfo")
            if flatten.has_next_page(more):
                open_lists[flag] = flatten.read_end_cursor(more)
            else:
                del open_lists[flag]
        node.update({field: fresh[field] for field in reread_fields.values() if fresh.get(field) is not None})
        reread_fields = {}
        if not fresh:
            gaps += (Gap(system=SYSTEM, absence=Absence.UNREACHED, what=root, reason="gone_meanwhile"),)
    return tuple(dict.fromkeys(gaps))
