"""Nodes made whole: what did not fit into the first answer is asked for, for that one node only.

Gives findings; a list that is still cut short becomes a gap, never silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify import flatten
from bridge.connectors.shopify.answers import SYSTEM
from bridge.model import Absence, Finding, Gap

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from bridge.connectors.shopify.errand import Errand
    from bridge.connectors.shopify.place import Place

Node = dict[str, Any]

# The sizes of lists without a cursor in order.graphql: a list as long as that may go on.
FULFILLMENTS, TRACKINGS, TRANSACTIONS, REFUNDS = 4, 2, 4, 2

CUSTOMER_LISTS = {"addresses": "addressesV2", "metafields": "metafields", "events": "events"}
ORDER_LISTS = {"lines": "lineItems", "metafields": "metafields", "returns": "returns", "events": "events"}
ORDER_WHOLE = {
    "localized": "localizedFields",
    "shipping": "shippingLines",
    "parcels": "fulfillments",
    "payments": "transactions",
    "refunds": "refunds",
}


def customer(errand: Errand, place: Place, node: Node) -> tuple[Finding, tuple[Gap, ...]]:
    """Read the customer with all addresses, metafields and her timeline."""
    after = {
        flag: flatten.end_of(node.get(name))
        for flag, name in CUSTOMER_LISTS.items()
        if flatten.has_more(node.get(name))
    }
    gaps = _follow(errand, place, ("customer_rest", "customer"), node, CUSTOMER_LISTS, after, {})
    return finding("customer", node, place.matched_by), gaps + short(node, "customer")


def order(errand: Errand, place: Place, node: Node, matched_by: str) -> tuple[Finding, tuple[Gap, ...]]:
    """Read the order with every line, parcel, payment, refund, return and metafield."""
    after: dict[str, str | None] = {
        flag: flatten.end_of(node.get(name))
        for flag, name in ORDER_LISTS.items()
        if flatten.has_more(node.get(name))
    }
    if flatten.cut_short(
        node.get("returns"), ""
    ):  # inside a return there is no cursor of ours: from its start
        after["returns"] = None
        node["returns"]["nodes"] = []
    if node.get("hasTimelineComment"):
        after["events"] = None
        node["events"] = {"nodes": []}
    parcels = node.get("fulfillments") or []
    long = {
        "localized": flatten.has_more(node.get("localizedFields")),
        "shipping": flatten.has_more(node.get("shippingLines")),
        "parcels": len(parcels) >= FULFILLMENTS
        or any(len(parcel.get("trackingInfo") or ()) >= TRACKINGS for parcel in parcels),
        "payments": len(node.get("transactions") or ()) >= TRANSACTIONS,
        "refunds": len(node.get("refunds") or ()) >= REFUNDS,
    }
    whole = {flag: name for flag, name in ORDER_WHOLE.items() if long[flag]}
    gaps = _follow(errand, place, ("order_rest", "order"), node, ORDER_LISTS, after, whole)
    return finding("order", node, matched_by), gaps + short(node, "order")


def finding(kind: str, node: Node, matched_by: str) -> Finding:
    """Make a record of the node in Shopify's words."""
    return Finding(kind=kind, ref=str(node["id"]), matched_by=matched_by, body=flatten.record(node))


def short(node: Node, path: str) -> tuple[Gap, ...]:
    """Write a gap for each list that goes on beyond what was read."""
    return tuple(
        Gap(system=SYSTEM, absence=Absence.UNREACHED, what=what, reason="list_too_long")
        for what in flatten.cut_short(node, path)
    )


def _follow(  # noqa: PLR0913, PLR0917 - one question, its parts named
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
        switches = _switches(name, {*open_lists, *whole}, place.shut)
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


def _switches(name: str, wanted: Collection[str], shut: Collection[str]) -> dict[str, bool]:
    flags = CUSTOMER_LISTS if name == "customer_rest" else ORDER_LISTS | ORDER_WHOLE
    return {flag: flag in wanted and flag not in shut for flag in flags}
