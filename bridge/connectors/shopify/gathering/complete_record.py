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

    from bridge.connectors.shopify.gathering.cursor import Place
    from bridge.connectors.shopify.gathering.session import Errand

Node = dict[str, Any]

# The sizes of lists without a cursor in order.graphql: a list as long as that may go on.
FULFILLMENTS, TRACKINGS, TRANSACTIONS, REFUNDS = 4, 2, 7, 2

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
NESTED = ("returns", "fulfillmentOrders", "storeCreditAccounts", "subscriptionContracts")
ORDER_WHOLE = {
    "localized": "localizedFields",
    "shipping": "shippingLines",
    "parcels": "fulfillments",
    "payments": "transactions",
    "refunds": "refunds",
    "journey": "customerJourneySummary",
}
# What stays of a second half: the rest only tells whose it is.
HISTORY = frozenset(
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


def customer(errand: Errand, place: Place, node: Node) -> tuple[tuple[Finding, ...], tuple[Gap, ...]]:
    """Read the customer with all addresses, metafields and her timeline, and what is hers."""
    after = _unfinished(node, CUSTOMER_LISTS)
    gaps = _follow(errand, place, ("customer_rest", "customer"), node, CUSTOMER_LISTS, after, {})
    findings = [finding("customer", node, place.matched_by)]
    gaps += short(node, "customer")
    for name, kind in flatten.OWN.items():
        for one in flatten.nodes(node.get(name)):
            findings.append(finding(kind, one, place.matched_by))
            gaps += short(one, kind)
    return tuple(findings), gaps


def order(errand: Errand, place: Place, node: Node, matched_by: str) -> tuple[Finding, tuple[Gap, ...]]:
    """Read the order with every line, parcel, payment, refund, return, metafield and line of its timeline."""
    after = _unfinished(node, ORDER_LISTS)
    parcels = node.get("fulfillments") or []
    long = {
        "localized": flatten.has_more(node.get("localizedFields")),
        "shipping": flatten.has_more(node.get("shippingLines")),
        "parcels": len(parcels) >= FULFILLMENTS
        or any(len(parcel.get("trackingInfo") or ()) >= TRACKINGS for parcel in parcels)
        or bool(flatten.cut_short(parcels, "")),
        "payments": len(node.get("transactions") or ()) >= TRANSACTIONS,
        "refunds": len(node.get("refunds") or ()) >= REFUNDS,
        "journey": bool(flatten.cut_short(node.get("customerJourneySummary"), "")),
    }
    whole = {flag: name for flag, name in ORDER_WHOLE.items() if long[flag]}
    gaps = _follow(errand, place, ("order_rest", "order"), node, ORDER_LISTS, after, whole)
    return finding("order", node, matched_by), gaps + short(node, "order")


def entire(_errand: Errand, _place: Place, node: Node, matched_by: str) -> tuple[Finding, tuple[Gap, ...]]:
    """Take the first half of an order as a bulk operation gave it: with all of its lists."""
    return finding("order", node, matched_by), ()


def history(errand: Errand, place: Place, node: Node, matched_by: str) -> tuple[Finding, tuple[Gap, ...]]:
    """Read the second half of an order whose first was read before: journey, warehouses, scans, timeline."""
    node = {name: value for name, value in node.items() if name in HISTORY}
    whole = {
        flag: name
        for flag, name in (("parcels", "fulfillments"), ("journey", "customerJourneySummary"))
        if flatten.cut_short(node.get(name), "")
    }
    if place.bulked and len(node.get("fulfillments") or ()) >= FULFILLMENTS:
        whole["parcels"] = "fulfillments"  # pages ask for these with the first half
    after = _unfinished(node, ORDER_LISTS)
    gaps = _follow(errand, place, ("order_rest", "order"), node, ORDER_LISTS, after, whole)
    return finding("order_history", node, matched_by), gaps + short(node, "order_history")


def finding(kind: str, node: Node, matched_by: str) -> Finding:
    """Make a record of the node in Shopify's words."""
    return Finding(kind=kind, ref=str(node["id"]), matched_by=matched_by, body=flatten.record(node))


def short(node: Node, path: str) -> tuple[Gap, ...]:
    """Write a gap for each list that goes on beyond what was read."""
    return tuple(
        Gap(system=SYSTEM, absence=Absence.UNREACHED, what=what, reason="list_too_long")
        for what in flatten.cut_short(node, path)
    )


def _unfinished(node: Node, lists: Mapping[str, str]) -> dict[str, str | None]:
    """Give the lists that go on and the cursor of each; None for one that is read again from its start."""
    after: dict[str, str | None] = {}
    for flag, name in lists.items():
        if name in NESTED and flatten.cut_short((node.get(name) or {}).get("nodes"), ""):
            after[flag] = None
            node[name]["nodes"] = []
        elif flatten.has_more(node.get(name)):
            after[flag] = flatten.end_of(node.get(name))
    return after


def _follow(
    errand: Errand,
    place: Place,
    document: tuple[str, str],
    node: Node,
    lists: Mapping[str, str],
    after: Mapping[str, str | None],
    whole: Mapping[str, str],
) -> tuple[Gap, ...]:
    """Read lists on from their cursors, and others again whole, into the node."""
    name, root = document
    open_lists, gaps = dict(after), tuple[Gap, ...]()
    while open_lists or whole:
        wanted = {*open_lists, *whole} - {*place.shut}
        switches = {
            flag: flag in wanted for flag in (lists if root == "customer" else {**lists, **ORDER_WHOLE})
        }
        cursors = {f"{flag}After": cursor for flag, cursor in open_lists.items()}
        reply = errand.ask(name, place, id=node["id"], **switches, **cursors)
        gaps += reply.gaps
        fresh = reply.data.get(root) or {}
        for flag in list(open_lists):
            more, kept = fresh.get(lists[flag]), node[lists[flag]]
            kept["nodes"] = [*(kept.get("nodes") or ()), *flatten.nodes(more)]
            kept["pageInfo"] = (more or {}).get("pageInfo")
            if flatten.has_more(more):
                open_lists[flag] = flatten.end_of(more)
            else:
                del open_lists[flag]
        node.update({field: fresh[field] for field in whole.values() if fresh.get(field) is not None})
        whole = {}
        if not fresh:
            gaps += (Gap(system=SYSTEM, absence=Absence.UNREACHED, what=root, reason="gone_meanwhile"),)
    return tuple(dict.fromkeys(gaps))
