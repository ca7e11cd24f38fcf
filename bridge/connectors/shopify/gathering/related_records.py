"""What hangs beside a customer: guest orders, draft orders, gift cards, checkouts that were left, comments.

Every list is asked in the same call until it ends. What a search returns is never believed: each row is taken
only where its own customer or address says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.gathering import complete_record, flatten, orders
from bridge.connectors.shopify.gathering.cursor import Place, Stage
from bridge.connectors.shopify.gathering.session import Errand, quoted
from bridge.model import Finding
from bridge.rules.index.identity import normal

if TYPE_CHECKING:
    from bridge.connectors.shopify.gathering.orders import Step

Node = dict[str, Any]

HEADS = 250  # heads of orders cost four points each step of the logarithm: as many as Shopify gives
KINDS = {
    "drafts": "draft_order",
    "cards": "gift_card",
    "checkouts": "abandoned_checkout",
    "comments": "blog_comment",
}


def opened(errand: Errand, place: Place) -> dict[str, str]:
    """Name the lists there are for this person, each at its start."""
    wanted = {
        "search": bool(place.customer and errand.search_query(place)),
        "drafts": bool(place.customer),
        "cards": bool(place.customer),
        "checkouts": bool(place.emails),
        "comments": bool(place.emails),
    }
    return {name: "" for name, there in wanted.items() if there and name not in place.shut}


def beside(errand: Errand, place: Place) -> Step:
    """Read a page of every list that has not ended, and the guest orders that the search found, whole."""
    number, text = normal("customer", place.customer), " OR ".join(quoted(email) for email in place.emails)
    reply = errand.ask_sized(
        "beside",
        place,
        "searchFirst",
        HEADS,
        searchQuery=errand.search_query(place),
        draftsQuery=f"customer_id:{number}",
        cardsQuery=f"customer_id:{number} OR recipient_id:{number}",
        textQuery=text,
        **{name: name in place.beside for name in ("search", *KINDS)},
        **{f"{name}After": cursor or None for name, cursor in place.beside.items()},
    )
    findings, gaps = list[Finding](), reply.gaps
    lists = {name: reply.data.get(name) for name in place.beside}
    rest = {name: flatten.end_of(one) for name, one in lists.items() if flatten.has_more(one)}
    place = replace(place, shut=(*place.shut, *reply.shut), beside=rest)
    if not rest:
        place = replace(place, stage=Stage.NAMED)
    heads = [(head, errand.match(head, place)) for head in flatten.nodes(lists.get("search"))]
    guests = [head["id"] for head, by in heads if by in ("email", "phone")]
    place = replace(place, strangers=place.strangers + sum(by == "other" for _, by in heads))
    if guests:
        nodes, more, place = orders.by_ids(errand, place, guests)
        found, short, place = orders.keep(
            errand, place, [(node, errand.match(node, place)) for node in nodes]
        )
        findings, gaps = [*findings, *found], gaps + more + short
    for name, kind in KINDS.items():
        for node in flatten.nodes(lists.get(name)):
            by = _whose(kind, node, place)
            if by:
                findings.append(complete_record.finding(kind, node, by))
                gaps += complete_record.short(node, kind)
                if kind == "abandoned_checkout" and "abandonments" not in place.shut:
                    place = replace(place, checkouts=(*place.checkouts, node["id"]))
    return tuple(findings), gaps, place


def _whose(kind: str, node: Node, place: Place) -> str:
    if kind == "blog_comment":
        author = (node.get("author") or {}).get("email") or ""
        return "email" if normal("email", author) in place.emails else ""
    owners = [(node.get("customer") or {}).get("id")]
    owners.append(((node.get("recipientAttributes") or {}).get("recipient") or {}).get("id"))
    return "customer_id" if place.customer and place.customer in owners else ""
