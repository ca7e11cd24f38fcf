"""What hangs beside a customer: guest orders, draft orders, gift cards, checkouts that were left, comments.

Every list is asked in the same call until it ends. What a search returns is never believed: each row is taken
only where its own customer or address says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify import flatten, whole
from bridge.connectors.shopify.answers import TooCostly
from bridge.connectors.shopify.errand import Errand, quoted
from bridge.connectors.shopify.place import Place, Stage
from bridge.model import Finding, Gap
from bridge.rules.identity import normal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Node = dict[str, Any]
Step = tuple[tuple[Finding, ...], tuple[Gap, ...], Place]

HEADS = 250  # heads of orders cost four points each step of the logarithm: as many as Shopify gives
KINDS = {
    "drafts": "draft_order",
    "cards": "gift_card",
    "checkouts": "abandoned_checkout",
    "comments": "blog_comment",
}


def search_query(errand: Errand, place: Place) -> str:
    """Orders of the person's addresses; by phone only where the request names nothing else; '' for nothing.

    https://shopify.dev/docs/api/admin-graphql/latest/queries/orders names no filter for phones: a phrase is
    looked for in every field, and only an order that carries the number is taken.
    """
    if place.emails:
        return " OR ".join(f"email:{quoted(email)}" for email in place.emails)
    return quoted(errand.phone_only) if errand.phone_only else ""


def opened(errand: Errand, place: Place) -> dict[str, str]:
    """Name the lists there are for this person, each at its start."""
    wanted = {
        "search": bool(place.customer and search_query(errand, place)),
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
        searchQuery=search_query(errand, place),
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
        nodes, more, place = by_ids(errand, place, guests)
        found, short = read(errand, place, [(node, errand.match(node, place)) for node in nodes])
        place = errand.saw(place, (one.ref for one in found))
        findings, gaps = [*findings, *found], gaps + more + short
    for name, kind in KINDS.items():
        for node in flatten.nodes(lists.get(name)):
            by = _whose(kind, node, place)
            if by:
                findings.append(whole.finding(kind, node, by))
                gaps += whole.short(node, kind)
    return tuple(findings), gaps, place


def by_ids(errand: Errand, place: Place, gids: Sequence[str]) -> tuple[list[Node], tuple[Gap, ...], Place]:
    """Read the orders with these ids; those that Shopify does not know are left out."""
    nodes, gaps, todo = list[Node](), tuple[Gap, ...](), list(gids)
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


def read(
    errand: Errand, place: Place, orders: Iterable[tuple[Node, str]]
) -> tuple[tuple[Finding, ...], tuple[Gap, ...]]:
    """Make findings of the orders that are the person's, each made whole."""
    findings, gaps = list[Finding](), tuple[Gap, ...]()
    for node, by in orders:
        if by not in ("", "other"):
            one, more = whole.order(errand, place, node, by)
            findings.append(one)
            gaps += more
    return tuple(findings), gaps


def _whose(kind: str, node: Node, place: Place) -> str:
    if kind == "blog_comment":
        author = (node.get("author") or {}).get("email") or ""
        return "email" if normal("email", author) in place.emails else ""
    owners = [(node.get("customer") or {}).get("id")]
    owners.append(((node.get("recipientAttributes") or {}).get("recipient") or {}).get("id"))
    return "customer_id" if place.customer and place.customer in owners else ""
