"""The first step: who is it? By id, else by e-mail, else (where nothing else is named) by phone.

Reads the customer whole and her first orders with her. Says by what she was found; a customer whom Shopify no
longer knows by id may still be known by e-mail.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify import flatten, scopes, whole
from bridge.connectors.shopify.errand import Errand, gid
from bridge.connectors.shopify.place import Place, Stage
from bridge.errors import ConnectorRefused
from bridge.model import Finding, Gap
from bridge.rules.identity import normal

if TYPE_CHECKING:
    from collections.abc import Iterator

Step = tuple[tuple[Finding, ...], tuple[Gap, ...], Place]

FIRST_ORDERS = 12  # most customers have fewer: their orders come along with them, for 380 points


def find(errand: Errand, place: Place) -> Step:
    """Look at the token's scopes, find the customer, read her and her first orders."""
    opened = errand.ask("installation", place)
    place, gaps = _shut_by_scopes(place, opened.data), opened.gaps
    gaps += scopes.gaps(scopes.missing(scopes.granted(opened.data))) if _known(opened.data) else ()
    node = None
    if "customer" not in place.shut:
        for matched_by, name, key in _ways(errand):
            reply = _ask(errand, place, name, key, phone=matched_by == "phone")
            if reply is None:
                continue
            node, place = reply.data.get("customer"), replace(place, shut=(*place.shut, *reply.shut))
            gaps += reply.gaps
            if node:
                place = replace(place, customer=node["id"], matched_by=matched_by)
                break
    place = replace(place, emails=_emails(errand, place, node))
    if not node:
        return (), gaps, replace(place, stage=Stage.FOUND)
    found, more = whole.customer(errand, place, node)
    findings, gaps = [found], gaps + more
    orders = node.get("orders")
    for one in flatten.nodes(orders):
        entry, more = whole.order(errand, place, one, "customer_id")
        findings.append(entry)
        gaps += more
    place = errand.saw(place, (one["id"] for one in flatten.nodes(orders)))
    if flatten.has_more(orders):
        left = int(node.get("numberOfOrders") or 0) - len(findings) + 1
        place = replace(place, stage=Stage.ORDERS, after=flatten.end_of(orders), left=left)
    else:
        place = replace(place, stage=Stage.BESIDE, beside={})
    return tuple(findings), gaps, place


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
        shut += ["search", "checkouts", "returns"]
    return replace(place, shut=tuple(shut))


def _emails(errand: Errand, place: Place, node: Any) -> tuple[str, ...]:
    """Addresses whose guest orders are hers. One that only a phone led to is not taken for hers."""
    given = [errand.who.email]
    if node and place.matched_by != "phone":
        given.append((node.get("defaultEmailAddress") or {}).get("emailAddress") or "")
    return tuple(dict.fromkeys(email for one in given if (email := normal("email", one))))
