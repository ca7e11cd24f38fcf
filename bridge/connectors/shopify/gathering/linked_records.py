"""What is found only by what was found before: disputes, tender transactions, abandonments, metaobjects.

Follows one page of each list and one checkout in a call, until all have ended. A list that cannot be asked for
one customer is asked for as little of it as can be, and rows of others are dropped where they are read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.api.answers import RECORDS, SYSTEM
from bridge.connectors.shopify.gathering import complete_record, date_windows, flatten
from bridge.connectors.shopify.gathering.cursor import Place, Stage
from bridge.connectors.shopify.gathering.session import Errand, gid
from bridge.model import Absence, Gap
from bridge.rules.index.identity import normal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.connectors.shopify.gathering.orders import Step

Node = dict[str, Any]

AT_ONCE = 50  # disputes by their ids
TURNS = 99  # Shopify's pagination ends at 25,000 objects, a hundred pages
NO_CHECKOUT = "gid://shopify/AbandonedCheckout/0"


def leads(place: Place) -> Place:
    """Set out with what there is to follow, without what was shut; at the end where there is nothing."""
    wanted = {"payments": bool(place.paid), "metaobjects": bool(place.things and place.customer)}
    lists = {name: "" for name, there in wanted.items() if there and name not in place.shut}
    return _settled(replace(place, beside=lists))


def trail(errand: Errand, place: Place) -> Step:
    """Follow every lead one step further."""
    asked = place.disputes[:AT_ONCE]
    reply = errand.ask(
        "trail",
        place,
        payments="payments" in place.beside,
        paymentsQuery=date_windows.query(place.paid),
        paymentsAfter=place.beside.get("payments") or None,
        disputes=bool(asked),
        disputeIds=[gid("ShopifyPaymentsDispute", number) for number in asked],
        abandonments=bool(place.checkouts),
        checkout=next(iter(place.checkouts), NO_CHECKOUT),
        metaobjects="metaobjects" in place.beside,
        type=next(iter(place.things), ""),
        metaobjectsAfter=place.beside.get("metaobjects") or None,
    )
    hers: list[tuple[str, Node, str]] = [
        *_payments(errand, place, reply.data.get("payments")),
        *(("dispute", one, "order_id") for one in flatten.nodes(reply.data.get("disputes")) if one),
        *_abandonment(place, reply.data.get("abandonment")),
        *_things(place, reply.data.get("metaobjects")),
    ]
    gaps = reply.gaps + tuple(gap for kind, node, _ in hers for gap in complete_record.short(node, kind))
    place = replace(
        place,
        shut=(*place.shut, *reply.shut),
        disputes=place.disputes[AT_ONCE:],
        checkouts=place.checkouts[1:],
        turns=place.turns + 1,
    )
    place = _onward(place, reply.data)
    if place.turns >= TURNS:
        gaps += tuple(_too_long(name) for name in place.beside)
        place = replace(place, beside={})
    found = tuple(complete_record.finding(kind, node, by) for kind, node, by in hers)
    return found, gaps, _settled(place)


def _onward(place: Place, answer: Any) -> Place:
    """Put each list where its next page starts; metaobjects of the next type follow those of the last."""
    lists = {name: answer.get(name) for name in place.beside}
    rest = {name: flatten.end_of(one) for name, one in lists.items() if flatten.has_more(one)}
    things = place.things
    if "metaobjects" in lists and "metaobjects" not in rest:
        things = things[1:]
        rest |= {"metaobjects": ""} if things and "metaobjects" not in place.shut else {}
    return replace(place, beside=rest, things=things)


def _too_long(name: str) -> Gap:
    return Gap(system=SYSTEM, absence=Absence.UNREACHED, what=RECORDS[name][1], reason="list_too_long")


def _settled(place: Place) -> Place:
    disputes = () if "disputes" in place.shut else place.disputes
    checkouts = () if "abandonments" in place.shut else place.checkouts
    stage = Stage.TRAIL if place.beside or disputes or checkouts else Stage.END
    return replace(place, stage=stage, disputes=disputes, checkouts=checkouts)


def _payments(errand: Errand, place: Place, listed: Any) -> Iterator[tuple[str, Node, str]]:
    for node in flatten.nodes(listed):
        order = node.get("order") or {}
        named = normal("order", order.get("id") or "") in errand.bits
        by = errand.match(order, place, named=named) if order else ""
        if by not in ("", "other"):
            yield "tender_transaction", node | {"order": {"id": order["id"]}}, by


def _abandonment(place: Place, node: Any) -> Iterator[tuple[str, Node, str]]:
    if isinstance(node, dict) and place.customer and (node.get("customer") or {}).get("id") == place.customer:
        yield "abandonment", node, "customer_id"


def _things(place: Place, listed: Any) -> Iterator[tuple[str, Node, str]]:
    """Metaobjects that name her: the value of a reference is her id, or a list of ids as JSON."""
    for node in flatten.nodes(listed):
        values = [str(one.get("value") or "") for one in node.get("fields") or ()]
        if any(value == place.customer or f'"{place.customer}"' in value for value in values):
            yield "metaobject", node, "customer_id"
