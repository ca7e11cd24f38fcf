"""Finds the customer: by id, else by e-mail, else by phone if the request names nothing else. The first step.

Reads the complete customer, the records that belong to it and the first orders. A customer that Shopify no longer
knows by id may still be known by e-mail. Changes nothing at Shopify.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bridge.connectors.shopify.api import scopes, versions
from bridge.connectors.shopify.api.answers import CUSTOMER_RECORD_NAMES, RECORD_NAMES, SYSTEM
from bridge.connectors.shopify.customers import read_customers
from bridge.connectors.shopify.gathering import complete_record, flatten, orders, pages
from bridge.connectors.shopify.gathering.cursor import GatherCursor, GatherStage
from bridge.connectors.shopify.gathering.orders import StepResult
from bridge.connectors.shopify.gathering.session import GatherSession, build_gid, parse_gid_number
from bridge.errors import ConnectorRefused
from bridge.model import Absence, CustomerVerdict, Gap
from bridge.rules.index.identity import list_email_spellings, list_normal_forms, normalise_identifier
from bridge.rules.requests.same_person import SEVERAL_CUSTOMERS, collect_doubts, judge_customers, list_contacts

# Types of metaobject fields that can reference a customer.
# https://shopify.dev/docs/apps/build/custom-data/metafields/list-of-data-types
CUSTOMER_REFERENCE_TYPES = frozenset(
    {"customer_reference", "list.customer_reference", "mixed_reference", "list.mixed_reference"}
)
SHOP_LISTS = {"segments": "customer segments", "metaobjectDefinitions": "metaobject definitions"}
# Lists that are read only if the customer, or orders, can be read.
RECORDS_BEHIND = {
    "customer": ("segments", "metaobjects", "abandonment"),
    "orders": ("checkouts", "payments", "disputes", "abandonment"),
}
FIRST_ORDER_COUNT = 12  # most customers have fewer: all their orders are in this answer, for 800 points in all


def read_customer(session: GatherSession, cursor: GatherCursor) -> StepResult:
    """Read the token's scopes, find the customer, and return the findings of the customer and the first orders."""
    installation = session.run_document("installation", cursor)
    missing_scopes = _find_missing_scopes(installation.data)
    closed_flags = (*cursor.closed_flags, *_list_closed_flags(missing_scopes))
    cursor = replace(cursor, closed_flags=closed_flags)
    gaps = installation.gaps + _list_shop_gaps(installation.data)
    gaps += versions.list_version_gaps(session.client.version) + scopes.list_scope_gaps(missing_scopes)
    for need in missing_scopes:
        gaps += _list_shut_doors(need.flag, need.scope)
    segments = _read_segment_names(installation.data)
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
        cursor = replace(cursor, metaobject_types=_list_customer_metaobject_types(installation.data))
    if flatten.has_next_page(page):
        order_count = int(node.get("numberOfOrders") or 0)
        stage, last_number = GatherStage.ORDERS, 0
        remaining = order_count - len(order_findings)
        if order_count > session.bulk_orders or pages.is_bulk_cheaper(session, cursor, remaining):
            stage, last_number = GatherStage.BULK, max(map(parse_gid_number, flatten.list_nodes(page)), default=0)
        cursor = replace(cursor, stage=stage, remaining_orders=remaining, recorded_up_to=last_number)
        cursor = replace(cursor, after=flatten.read_end_cursor(page))
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
            with_segments = bool(segments) and "segments" not in cursor.closed_flags
            variables |= {"segmentIds": list(segments), "segments": with_segments}
        reply = _run_customer_lookup(session, cursor, name, variables, by_phone=matched_by == "phone")
        if reply is None:
            continue
        node, gaps = reply.data.get("customer"), gaps + reply.gaps
        for absence, absent in ((Absence.DENIED, reply.denied), (Absence.UNREACHED, reply.failed)):
            for one in absent:
                gaps += _list_shut_doors("customer", one.reason, absence) if one.path == ("customer",) else ()
        if not node:
            continue
        if name != "customer_by_id" and segments and "segments" not in cursor.closed_flags:
            reply = session.run_document("customer_segments", cursor, id=node["id"], segmentIds=list(segments))
            gaps += reply.gaps
        node["segments"] = _list_segment_memberships(reply.data, segments)
        if not cursor.customers and matched_by != "phone":
            cursor, more_gaps = _add_other_customers(session, cursor, node)
            gaps += more_gaps
        return node, gaps, replace(cursor, customer=node["id"], matched_by=matched_by)
    return None, gaps, cursor


def _add_other_customers(
    session: GatherSession, cursor: GatherCursor, node: Mapping[str, Any]
) -> tuple[GatherCursor, tuple[Gap, ...]]:
    """Return the cursor with the person's other customers, which are read after this one.

    A customer that may be somebody else is a gap, for an operator.
    """
    own = [("email", (node.get("defaultEmailAddress") or {}).get("emailAddress"))]
    own += [("phone", (node.get("defaultPhoneNumber") or {}).get("phoneNumber"))]
    known = {(field, form) for field, value in own for form in list_normal_forms(field, str(value or ""))}
    principal = replace(session.principal, customer_id=normalise_identifier("customer", str(node["id"])))
    if known.issuperset(list_contacts(principal)) and not principal.further_customer_ids:
        return cursor, ()
    judgements = judge_customers(principal, read_customers(session.client, principal, session.shop))
    others = [build_gid("Customer", one.customer.id) for one in judgements if one.verdict is CustomerVerdict.SAME]
    customers = tuple(dict.fromkeys((node["id"], *others)))
    cursor = replace(cursor, customers=customers) if len(customers) > 1 else cursor
    doubts = collect_doubts(judgements)
    session.doubtful_customers.extend(doubts)
    foreign = [one.customer.found_by for one in judgements if one.verdict is not CustomerVerdict.SAME]
    session.foreign_contacts.update(contact for found_by in foreign for contact in found_by)
    if not doubts:
        return cursor, ()
    what = f"records of {len(doubts)} further customer{'' if len(doubts) == 1 else 's'}"
    return cursor, (Gap(system=SYSTEM, absence=Absence.UNATTRIBUTED, what=what, reason=SEVERAL_CUSTOMERS),)


def _iterate_customer_lookups(session: GatherSession) -> Iterator[tuple[str, str, dict[str, Any]]]:
    principal = session.principal
    if principal.customer_id:
        yield "customer_id", "customer_by_id", {"id": build_gid("Customer", principal.customer_id)}
    for email in list_email_spellings(principal.email):
        yield "email", "customer_by_identifier", {"identifier": {"emailAddress": email}}
    for phone in session.sole_phones:
        yield "phone", "customer_by_identifier", {"identifier": {"phoneNumber": phone}}


def _run_customer_lookup(
    session: GatherSession, cursor: GatherCursor, name: str, variables: dict[str, Any], *, by_phone: bool
) -> Any:
    try:
        return session.run_sized_document(name, cursor, "first", FIRST_ORDER_COUNT, **variables)
    except ConnectorRefused:
        if by_phone:  # Shopify refuses an invalid phone number: it finds nobody
            return None
        raise


def _find_missing_scopes(installation: Any) -> list[scopes.RequiredScope]:
    """Return the missing scopes; none if the answer does not show the scopes, so that everything is requested."""
    if not (installation.get("currentAppInstallation") or {}).get("accessScopes"):
        return []
    return scopes.find_missing_scopes(scopes.read_granted_scopes(installation))


def _list_closed_flags(missing_scopes: list[scopes.RequiredScope]) -> list[str]:
    closed = [need.flag for need in missing_scopes]
    if "orders" in closed:
        closed += ["search", "returns", "dispatches", "abandonments", *RECORDS_BEHIND["orders"]]
    return closed


def _list_shut_doors(flag: str, reason: str, absence: Absence = Absence.DENIED) -> tuple[Gap, ...]:
    """Return a gap for each kind of record that can be reached only through what is missing."""
    names = [name for _, name in CUSTOMER_RECORD_NAMES.values()] if flag == "customer" else []
    names += [RECORD_NAMES[name][1] for name in RECORDS_BEHIND.get(flag, ())]
    return tuple(Gap(system=SYSTEM, absence=absence, what=name, reason=reason) for name in names)


def _collect_emails(session: GatherSession, cursor: GatherCursor, node: Any) -> tuple[str, ...]:
    """Return the e-mail addresses whose guest orders belong to the data subject.

    The address of a customer that was found by phone alone is not trusted.
    """
    emails = [session.principal.email]
    if node and cursor.matched_by != "phone":
        emails.append((node.get("defaultEmailAddress") or {}).get("emailAddress") or "")
    forms = (("email", email) for one in emails for email in list_normal_forms("email", one))
    return tuple(dict.fromkeys(email for of, email in forms if (of, email) not in session.foreign_contacts))


def _read_segment_names(installation: Mapping[str, Any]) -> dict[str, str]:
    """Return the name of each segment by its id."""
    found = flatten.list_nodes(installation.get("segments"))
    return {str(one["id"]): str(one.get("name", "")) for one in found}


def _list_segment_memberships(answer: Mapping[str, Any], segment_names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the segments that contain the customer, with their names."""
    rows = (answer.get("customerSegmentMembership") or {}).get("memberships") or ()
    return [row | {"name": segment_names.get(row["segmentId"], "")} for row in rows if row.get("isMember")]


def _list_customer_metaobject_types(installation: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the types of metaobjects that have a field for a customer."""
    return tuple(
        str(one["type"])
        for one in flatten.list_nodes(installation.get("metaobjectDefinitions"))
        if any(
            (field.get("type") or {}).get("name") in CUSTOMER_REFERENCE_TYPES
            for field in one.get("fieldDefinitions") or ()
        )
    )


def _list_shop_gaps(installation: Mapping[str, Any]) -> tuple[Gap, ...]:
    """Return a gap for each list that is incomplete."""
    return tuple(
        Gap(system=SYSTEM, absence=Absence.UNREACHED, what=what, reason="list_too_long")
        for name, what in SHOP_LISTS.items()
        if flatten.has_next_page(installation.get(name))
    )
