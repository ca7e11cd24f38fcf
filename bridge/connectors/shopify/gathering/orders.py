"""Orders that were met: whose they are, made whole, marked as met, and what they lead to.

Keeps nothing of an order that is another person's but that there was one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.api.answers import TooCostly
from bridge.connectors.shopify.gathering import complete_record, date_windows
from bridge.connectors.shopify.gathering.cursor import Place, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bridge.connectors.shopify.gathering.session import Errand
    from bridge.model import Finding, Gap

Node = dict[str, Any]
Step = tuple[tuple["Finding", ...], tuple["Gap", ...], "Place"]

READ = {Stage.BULK: complete_record.entire}


def keep(errand: Errand, place: Place, orders: Iterable[tuple[Node, str]]) -> Step:
    """Make findings of the orders that are the person's; count those that may be somebody else's.

    A second half is a record of its own, of the kind `order_history`.
    """
    findings, gaps, hers = list["Finding"](), tuple["Gap", ...](), list[Node]()
    for node, by in orders:
        if by == "other":
            place = replace(place, strangers=place.strangers + (not place.again))
        elif by:
            read = READ.get(place.stage, complete_record.history if place.again else complete_record.order)
            one, more = read(errand, place, node, by)
            findings.append(one)
            gaps += more
            hers.append(node)
    place = errand.saw(_leads(place, hers), (one.ref for one in findings))
    return tuple(findings), tuple(dict.fromkeys(gaps)), place


def by_ids(errand: Errand, place: Place, gids: Sequence[str]) -> tuple[list[Node], tuple[Gap, ...], Place]:
    """Read the orders with these ids; those that Shopify does not know are left out."""
    nodes, gaps, todo = list[Node](), tuple["Gap", ...](), list(gids)
    while todo:
        size = errand.client.size("orders_by_ids", len(todo))
        try:
            reply = errand.ask("orders_by_ids", place, ids=todo[:size])
        except TooCostly as fault:
            errand.client.shrink("orders_by_ids", size, fault)
            continue
        todo, gaps = todo[size:], gaps + reply.gaps
        nodes += [node for node in reply.data.get("nodes") or () if isinstance(node, dict)]
        place = replace(place, shut=(*place.shut, *reply.shut))
    return nodes, gaps, place


def _leads(place: Place, orders: Sequence[Node]) -> Place:
    """Note what can be found by these orders: when they were paid, and the disputes about them."""
    payments = [one for node in orders for one in node.get("transactions") or ()]
    moments = [at for one in payments if (at := one.get("processedAt") or one.get("createdAt"))]
    # a summary and its dispute have one number under two kinds of global id
    summaries = [one for node in orders for one in node.get("disputes") or ()]
    disputes = [str(one["id"]).rpartition("/")[2] for one in summaries]
    return replace(
        place,
        paid=date_windows.add(place.paid, moments) if moments else place.paid,
        disputes=tuple(dict.fromkeys([*place.disputes, *disputes])),
    )
