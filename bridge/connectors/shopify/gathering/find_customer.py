"""The first step: who is it? By id, else by e-mail, else (where nothing else is named) by phone.

Reads the customer whole, what is hers, and her first orders with her. Says by what she was found; a customer
whom Shopify no longer knows by id may still be known by e-mail.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.api import scopes, versions
from bridge.connectors.shopify.gathering import complete_record, flatten, orders, shop_info
from bridge.connectors.shopify.gathering.cursor import GatherCursor, GatherStage
from bridge.connectors.shopify.gathering.session import GatherSession, build_gid, parse_gid_number
from bridge.errors import ConnectorRefused
from bridge.model import Gap
from bridge.rules.index.identity import normalise_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.connectors.shopify.gathering.orders import StepResult

FIRST_ORDER_COUNT = 12  # most customers have fewer: their orders come along with them, for 800 points in all


def read_customer(session: GatherSession, cursor: GatherCursor) -> StepResult:
    """Look at the token's scopes, find the customer, read her and her first orders."""
    opened = session.run_document("installation", cursor)
    cursor = _close_ungranted_flags(replace(cursor, shut=(*cursor.shut, *opened.dropped_flags)), opened.data)
    gaps = (
        opened.gaps
        + shop_info.list_shop_gaps(opened.data)
        + versions.list_version_gaps(session.client.version)
    )
    gaps += (
        scopes.list_scope_gaps(scopes.find_missing_scopes(scopes.read_granted_scopes(opened.data)))
        if _has_visible_scopes(opened.data)
        else ()
    )
    segments = shop_info.read_segment_names(opened.data)
    node = None
    if "customer" not in cursor.shut:
        node, more, cursor = _search_customer(session, cursor, segments)
        gaps += more
    cursor = replace(cursor, emails=_collect_emails(session, cursor, node))
    if not node:
        return (), gaps, replace(cursor, stage=GatherStage.SEARCHED_ORDERS)
    found, more = complete_record.complete_customer(session, cursor, node)
    page = node.get("orders")
    kept, also, cursor = orders.collect_order_findings(
        session, cursor, ((one, "customer_id") for one in flatten.list_nodes(page))
    )
    if "metaobjects" not in cursor.shut:
        cursor = replace(cursor, things=shop_info.list_customer_metaobject_types(opened.data))
    if flatten.has_next_page(page):
        left = int(node.get("numberOfOrders") or 0) - len(kept)
        many = int(node.get("numberOfOrders") or 0) > session.bulk_orders
        stage = GatherStage.BULK if many else GatherStage.ORDERS
        met = max((parse_gid_number(one) for one in flatten.list_nodes(page)), default=0) if many else 0
        cursor = replace(cursor, stage=stage, after=flatten.read_end_cursor(page), left=left, met=met)
    else:
        cursor = replace(cursor, stage=GatherStage.RELATED_RECORDS, beside={})
    return (*found, *kept), gaps + more + also, cursor


def _search_customer(
    session: GatherSession, cursor: GatherCursor, segments: dict[str, str]
) -> tuple[dict[str, Any] | None, tuple[Gap, ...], GatherCursor]:
    """Ask one way after the other until one leads to her."""
    gaps: tuple[Gap, ...] = ()
    for matched_by, name, key in _iterate_customer_lookups(session):
        if name == "customer_by_id":
            key |= {
                "segmentIds": list(segments),
                "segments": bool(segments) and "segments" not in cursor.shut,
            }
        reply = _run_customer_lookup(session, cursor, name, key, by_phone=matched_by == "phone")
        if reply is None:
            continue
        node, gaps = reply.data.get("customer"), gaps + reply.gaps
        cursor = replace(cursor, shut=(*cursor.shut, *reply.dropped_flags))
        if not node:
            continue
        if name != "customer_by_id" and segments and "segments" not in cursor.shut:
            reply = session.run_document(
                "customer_segments", cursor, id=node["id"], segmentIds=list(segments)
            )
            gaps += reply.gaps
        node["segments"] = shop_info.list_segment_memberships(reply.data, segments)
        return node, gaps, replace(cursor, customer=node["id"], matched_by=matched_by)
    return None, gaps, cursor


def _iterate_customer_lookups(session: GatherSession) -> Iterator[tuple[str, str, dict[str, Any]]]:
    who = session.principal
    if who.customer_id:
        yield "customer_id", "customer_by_id", {"id": build_gid("Customer", who.customer_id)}
    if who.email:
        yield "email", "customer_by_identifier", {"identifier": {"emailAddress": who.email.strip()}}
    if session.sole_phone:
        yield "phone", "customer_by_identifier", {"identifier": {"phoneNumber": session.sole_phone}}


def _run_customer_lookup(
    session: GatherSession, cursor: GatherCursor, name: str, key: dict[str, Any], *, by_phone: bool
) -> Any:
    try:
        return session.run_sized_document(name, cursor, "first", FIRST_ORDER_COUNT, **key)
    except ConnectorRefused:
        if by_phone:  # Shopify refuses what it cannot read as a number: nobody is found by it
            return None
        raise


def _has_visible_scopes(installation: Any) -> bool:
    """Tell whether the scopes are shown. Where even they are withheld, everything is tried."""
    return bool((installation.get("currentAppInstallation") or {}).get("accessScopes"))


def _close_ungranted_flags(cursor: GatherCursor, installation: Any) -> GatherCursor:
    if not _has_visible_scopes(installation):
        return cursor
    shut = [need.flag for need in scopes.find_missing_scopes(scopes.read_granted_scopes(installation))]
    if "orders" in shut:
        shut += ["search", "checkouts", "returns", "dispatches", "payments", "disputes", "abandonments"]
    return replace(cursor, shut=(*cursor.shut, *shut))


def _collect_emails(session: GatherSession, cursor: GatherCursor, node: Any) -> tuple[str, ...]:
    """Addresses whose guest orders are hers. One that only a phone led to is not taken for hers."""
    given = [session.principal.email]
    if node and cursor.matched_by != "phone":
        given.append((node.get("defaultEmailAddress") or {}).get("emailAddress") or "")
    return tuple(dict.fromkeys(email for one in given if (email := normalise_identifier("email", one))))
