"""Finds the customer: by id, else by e-mail, else by phone if the request names nothing else. The first step.

Reads the complete customer, the records that belong to it and the first orders. A customer that Shopify no longer
knows by id may still be known by e-mail. Changes nothing at Shopify.
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

FIRST_ORDER_COUNT = 12  # most customers have fewer: all their orders are in this answer, for 800 points in all


def read_customer(session: GatherSession, cursor: GatherCursor) -> StepResult:
    """Read the token's scopes, find the customer, and return the findings of the customer and the first orders."""
    installation = session.run_document("installation", cursor)
    cursor = _close_ungranted_flags(
        replace(cursor, closed_flags=(*cursor.closed_flags, *installation.dropped_flags)), installation.data
    )
    gaps = (
        installation.gaps
        + shop_info.list_shop_gaps(installation.data)
        + versions.list_version_gaps(session.client.version)
    )
    gaps += (
        scopes.list_scope_gaps(scopes.find_missing_scopes(scopes.read_granted_scopes(installation.data)))
        if _has_visible_scopes(installation.data)
        else ()
    )
    segments = shop_info.read_segment_names(installation.data)
    node = None
    if "customer" not in cursor.closed_flags:
        node, more_gaps, cursor = _search_customer(session, cursor, segments)
        gaps += more_gaps
    cursor = replace(cursor, emails=_collect_emails(session, cursor, node))
    if not node:
        return (), gaps, replace(cursor, stage=GatherStage.SEARCHED_ORDERS)
    findings, more_gaps = complete_record.complete_customer(session, cursor, node)
    page = node.get("orders")
    order_findings, order_gaps, cursor = orders.collect_order_findings(
        session, cursor, ((one, "customer_id") for one in flatten.list_nodes(page))
    )
    if "metaobjects" not in cursor.closed_flags:
        cursor = replace(cursor, metaobject_types=shop_info.list_customer_metaobject_types(installation.data))
    if flatten.has_next_page(page):
        remaining = int(node.get("numberOfOrders") or 0) - len(order_findings)
        is_bulk = int(node.get("numberOfOrders") or 0) > session.bulk_orders
        stage = GatherStage.BULK if is_bulk else GatherStage.ORDERS
        last_number = max((parse_gid_number(one) for one in flatten.list_nodes(page)), default=0) if is_bulk else 0
        cursor = replace(
            cursor,
            stage=stage,
            after=flatten.read_end_cursor(page),
            remaining_orders=remaining,
            recorded_up_to=last_number,
        )
    else:
        cursor = replace(cursor, stage=GatherStage.RELATED_RECORDS, list_cursors={})
    return (*findings, *order_findings), gaps + more_gaps + order_gaps, cursor


def _search_customer(
    session: GatherSession, cursor: GatherCursor, segments: dict[str, str]
) -> tuple[dict[str, Any] | None, tuple[Gap, ...], GatherCursor]:
    """Try one lookup after the other until one finds the customer."""
    gaps: tuple[Gap, ...] = ()
    for matched_by, name, variables in _iterate_customer_lookups(session):
        if name == "customer_by_id":
            variables |= {
                "segmentIds": list(segments),
                "segments": bool(segments) and "segments" not in cursor.closed_flags,
            }
        reply = _run_customer_lookup(session, cursor, name, variables, by_phone=matched_by == "phone")
        if reply is None:
            continue
        node, gaps = reply.data.get("customer"), gaps + reply.gaps
        cursor = replace(cursor, closed_flags=(*cursor.closed_flags, *reply.dropped_flags))
        if not node:
            continue
        if name != "customer_by_id" and segments and "segments" not in cursor.closed_flags:
            reply = session.run_document("customer_segments", cursor, id=node["id"], segmentIds=list(segments))
            gaps += reply.gaps
        node["segments"] = shop_info.list_segment_memberships(reply.data, segments)
        return node, gaps, replace(cursor, customer=node["id"], matched_by=matched_by)
    return None, gaps, cursor


def _iterate_customer_lookups(session: GatherSession) -> Iterator[tuple[str, str, dict[str, Any]]]:
    principal = session.principal
    if principal.customer_id:
        yield "customer_id", "customer_by_id", {"id": build_gid("Customer", principal.customer_id)}
    if principal.email:
        yield "email", "customer_by_identifier", {"identifier": {"emailAddress": principal.email.strip()}}
    if session.sole_phone:
        yield "phone", "customer_by_identifier", {"identifier": {"phoneNumber": session.sole_phone}}


def _run_customer_lookup(
    session: GatherSession, cursor: GatherCursor, name: str, variables: dict[str, Any], *, by_phone: bool
) -> Any:
    try:
        return session.run_sized_document(name, cursor, "first", FIRST_ORDER_COUNT, **variables)
    except ConnectorRefused:
        if by_phone:  # Shopify refuses an invalid phone number: it finds nobody
            return None
        raise


def _has_visible_scopes(installation: Any) -> bool:
    """Return whether the answer shows the scopes; if they are denied, everything is requested."""
    return bool((installation.get("currentAppInstallation") or {}).get("accessScopes"))


def _close_ungranted_flags(cursor: GatherCursor, installation: Any) -> GatherCursor:
    if not _has_visible_scopes(installation):
        return cursor
    closed = [need.flag for need in scopes.find_missing_scopes(scopes.read_granted_scopes(installation))]
    if "orders" in closed:
        closed += ["search", "checkouts", "returns", "dispatches", "payments", "disputes", "abandonments"]
    return replace(cursor, closed_flags=(*cursor.closed_flags, *closed))


def _collect_emails(session: GatherSession, cursor: GatherCursor, node: Any) -> tuple[str, ...]:
    """Return the e-mail addresses whose guest orders belong to the data subject.

    The address of a customer that was found by phone alone is not trusted.
    """
    emails = [session.principal.email]
    if node and cursor.matched_by != "phone":
        emails.append((node.get("defaultEmailAddress") or {}).get("emailAddress") or "")
    return tuple(dict.fromkeys(email for one in emails if (email := normalise_identifier("email", one))))
