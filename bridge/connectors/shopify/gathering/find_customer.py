"""The first step: who is it? By id, else by e-mail, else (where nothing else is named) by phone.

Reads the customer whole, what is hers, and her first orders with her. Says by what she was found; a customer
whom Shopify no longer knows by id may still be known by e-mail.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.api import scopes, versions
from bridge.connectors.shopify.gathering import complete_record, flatten, orders, shop_info
from bridge.connectors.shopify.gathering.cursor import Place, Stage
from bridge.connectors.shopify.gathering.session import Errand, gid, number_of
from bridge.errors import ConnectorRefused
from bridge.model import Gap
from bridge.rules.index.identity import normal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.connectors.shopify.gathering.orders import Step

FIRST_ORDERS = 12  # most customers have fewer: their orders come along with them, for 800 points in all


def find(errand: Errand, place: Place) -> Step:
    """Look at the token's scopes, find the customer, read her and her first orders."""
    opened = errand.ask("installation", place)
    place = _shut_by_scopes(replace(place, shut=(*place.shut, *opened.shut)), opened.data)
    gaps = opened.gaps + shop_info.gaps(opened.data) + versions.gaps(errand.client.version)
    gaps += scopes.gaps(scopes.missing(scopes.granted(opened.data))) if _known(opened.data) else ()
    segments = shop_info.segments(opened.data)
    node = None
    if "customer" not in place.shut:
        node, more, place = _customer(errand, place, segments)
        gaps += more
    place = replace(place, emails=_emails(errand, place, node))
    if not node:
        return (), gaps, replace(place, stage=Stage.FOUND)
    found, more = complete_record.customer(errand, place, node)
    page = node.get("orders")
    kept, also, place = orders.keep(errand, place, ((one, "customer_id") for one in flatten.nodes(page)))
    if "metaobjects" not in place.shut:
        place = replace(place, things=shop_info.things(opened.data))
    if flatten.has_more(page):
        left = int(node.get("numberOfOrders") or 0) - len(kept)
        many = int(node.get("numberOfOrders") or 0) > errand.bulk_orders
        stage = Stage.BULK if many else Stage.ORDERS
        met = max((number_of(one) for one in flatten.nodes(page)), default=0) if many else 0
        place = replace(place, stage=stage, after=flatten.end_of(page), left=left, met=met)
    else:
        place = replace(place, stage=Stage.BESIDE, beside={})
    return (*found, *kept), gaps + more + also, place


def _customer(
    errand: Errand, place: Place, segments: dict[str, str]
) -> tuple[dict[str, Any] | None, tuple[Gap, ...], Place]:
    """Ask one way after the other until one leads to her."""
    gaps: tuple[Gap, ...] = ()
    for matched_by, name, key in _ways(errand):
        if name == "customer_by_id":
            key |= {"segmentIds": list(segments), "segments": bool(segments) and "segments" not in place.shut}
        reply = _ask(errand, place, name, key, phone=matched_by == "phone")
        if reply is None:
            continue
        node, gaps = reply.data.get("customer"), gaps + reply.gaps
        place = replace(place, shut=(*place.shut, *reply.shut))
        if not node:
            continue
        if name != "customer_by_id" and segments and "segments" not in place.shut:
            reply = errand.ask("segments_of", place, id=node["id"], segmentIds=list(segments))
            gaps += reply.gaps
        node["segments"] = shop_info.memberships(reply.data, segments)
        return node, gaps, replace(place, customer=node["id"], matched_by=matched_by)
    return None, gaps, place


def _ways(errand: Errand) -> Iterator[tuple[str, str, dict[str, Any]]]:
    who = errand.who
    if who.customer_id:
        yield "customer_id", "customer_by_id", {"id": gid("Customer", who.customer_id)}
    if who.email:
        yield "email", "customer_by_identifier", {"identifier": {"emailAddress": who.email.strip()}}
    if errand.phone_only:
        yield "phone", "customer_by_identifier", {"identifier": {"phoneNumber": errand.phone_only}}


def _ask(errand: Errand, place: Place, name: str, key: dict[str, Any], *, phone: bool) -> Any:
    try:
        return errand.ask_sized(name, place, "first", FIRST_ORDERS, **key)
    except ConnectorRefused:
        if phone:  # Shopify refuses what it cannot read as a number: nobody is found by it
            return None
        raise


def _known(installation: Any) -> bool:
    """Tell whether the scopes are shown. Where even they are withheld, everything is tried."""
    return bool((installation.get("currentAppInstallation") or {}).get("accessScopes"))


def _shut_by_scopes(place: Place, installation: Any) -> Place:
    if not _known(installation):
        return place
    shut = [need.flag for need in scopes.missing(scopes.granted(installation))]
    if "orders" in shut:
        shut += ["search", "checkouts", "returns", "dispatches", "payments", "disputes", "abandonments"]
    return replace(place, shut=(*place.shut, *shut))


def _emails(errand: Errand, place: Place, node: Any) -> tuple[str, ...]:
    """Addresses whose guest orders are hers. One that only a phone led to is not taken for hers."""
    given = [errand.who.email]
    if node and place.matched_by != "phone":
        given.append((node.get("defaultEmailAddress") or {}).get("emailAddress") or "")
    return tuple(dict.fromkeys(email for one in given if (email := normal("email", one))))
