"""Lists and removes what Shopify's own erasure leaves: metafields, notes and custom attributes of other apps.

Removes only the given items and reads them again: an item counts as removed only if it is no longer found. Never returns
a value, never changes an open order, and reads the customer's own orders only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bridge.connectors.shopify.api import scopes
from bridge.connectors.shopify.api.answers import SYSTEM
from bridge.connectors.shopify.api.client import ShopifyClient
from bridge.connectors.shopify.erasure import find_customer_number
from bridge.connectors.shopify.gathering.flatten import has_next_page, list_nodes
from bridge.connectors.shopify.gathering.paging import iterate_list
from bridge.connectors.shopify.gathering.session import build_gid
from bridge.model import Principal, Residue
from bridge.rules.index.identity import normalise_identifier
from bridge.rules.scanning.scanner import scan_text

METAFIELD_OWNER_TYPES = {"customer_metafields": "Customer", "order_metafields": "Order"}
CLEARING_CHANGES: Mapping[str, Mapping[str, object]] = {
    "order_notes": {"note": ""},
    "order_attributes": {"customAttributes": []},
}
RESIDUE_BATCH_SIZE = 25  # metafields per deletion, orders per query: far below the cost limit of one call
MAX_LISTED_PARCELS = 20  # the size in the document: a full list may go on
# https://shopify.dev/docs/api/admin-graphql/latest/enums/OrderDisplayFulfillmentStatus
COMPLETED_FULFILLMENT_STATUSES = frozenset({"FULFILLED", "FULFILLMENT_NOT_REQUIRED", "RESTOCKED"})
# https://shopify.dev/docs/api/admin-graphql/latest/enums/FulfillmentDisplayStatus
ARRIVED_PARCEL_STATUSES = frozenset({"DELIVERED", "PICKED_UP", "CANCELED", "LABEL_VOIDED"})
# No carrier reports on these: they count as arrived unless the parcel has a tracking number.
UNREPORTED_PARCEL_STATUSES = frozenset({"FULFILLED", "MARKED_AS_FULFILLED"})
# https://shopify.dev/docs/api/admin-graphql/latest/enums/OrderReturnStatus
OPEN_RETURN_STATUSES = frozenset({"RETURN_REQUESTED", "IN_PROGRESS"})


def read_residue(client: ShopifyClient, principal: Principal, shop: str) -> list[Residue]:
    """Return the residue that exists now. Raises CredentialRejected if a part may not be read, else as `run_document`."""
    number = find_customer_number(client, principal, shop)
    if not number:
        return []
    found = _read_metafields(client, shop, "customer_metafields", number)
    for order in _iterate_residue_orders(client, shop, number):
        found += _list_order_residue(client, shop, order)
    installation = client.run_document(shop, "installation", segments=False, definitions=False)
    for need in scopes.find_missing_scopes(scopes.read_granted_scopes(installation.data)):
        if need.scope == "read_all_orders":  # without it Shopify omits older orders without notice
            found.append(Residue(system=SYSTEM, kind="orders", ref="", what=need.what, hold_reason=need.scope))
    return found


def read_customer_metafields(client: ShopifyClient, number: str, shop: str) -> list[Residue]:
    """Return the customer's metafields that exist now, by name. Raises as `read_residue`."""
    return _read_metafields(client, shop, "customer_metafields", number)


def remove_residue(client: ShopifyClient, items: Sequence[Residue], shop: str) -> list[Residue]:
    """Remove the items without a hold, read again and return those that still exist. Raises as `read_residue`.

    https://shopify.dev/docs/api/admin-graphql/latest/mutations/metafieldsDelete and orderUpdate. The error of a single
    item is not read, because its text may quote a value: a refused item shows when it is read again.
    """
    removable = [item for item in items if not item.hold_reason]
    fields = [_build_metafield_identifier(item) for item in removable if item.kind in METAFIELD_OWNER_TYPES]
    for start in range(0, len(fields), RESIDUE_BATCH_SIZE):
        batch = fields[start : start + RESIDUE_BATCH_SIZE]
        client.run_document(shop, "residue_metafields_delete", metafields=batch).require_access()
    orders: dict[str, dict[str, object]] = {}
    for item in removable:
        if item.kind in CLEARING_CHANGES:
            orders.setdefault(item.ref, {}).update(CLEARING_CHANGES[item.kind])
    for number, changes in orders.items():
        order = {"id": build_gid("Order", number), **changes}
        client.run_document(shop, "residue_order_update", input=order).require_access()
    wanted = {_identify_residue(item) for item in items}
    return [item for item in _read_back(client, items, shop) if _identify_residue(item) in wanted]


def _read_back(client: ShopifyClient, items: Sequence[Residue], shop: str) -> Iterator[Residue]:
    owners = dict.fromkeys((item.kind == "customer_metafields", item.ref) for item in items if item.ref)
    for is_customer, number in owners:
        if is_customer:
            yield from _read_metafields(client, shop, "customer_metafields", number)
    orders = [build_gid("Order", number) for is_customer, number in owners if not is_customer]
    for start in range(0, len(orders), RESIDUE_BATCH_SIZE):
        batch = orders[start : start + RESIDUE_BATCH_SIZE]
        reply = client.run_document(shop, "residue_orders_by_ids", ids=batch).require_access()
        for order in filter(None, reply.data.get("nodes") or ()):
            yield from _list_order_residue(client, shop, order)


def _iterate_residue_orders(client: ShopifyClient, shop: str, customer: str) -> Iterator[Mapping[str, Any]]:
    def fetch_page(after: str | None) -> Any:
        reply = client.run_document(shop, "residue_orders", customer=build_gid("Customer", customer), after=after)
        return (reply.require_access().data.get("customer") or {}).get("orders")

    for page in iterate_list(fetch_page):
        yield from list_nodes(page)


def _list_order_residue(client: ShopifyClient, shop: str, order: Mapping[str, Any]) -> list[Residue]:
    number, block_reason = normalise_identifier("order", str(order["id"])), find_block_reason(order)
    fields = order.get("metafields") or {}
    if has_next_page(fields):
        found = _read_metafields(client, shop, "order_metafields", number, block_reason)
    else:
        found = _list_metafield_residue(fields, "order_metafields", number, block_reason)
    names = ", ".join(str(one["key"]) for one in order.get("customAttributes") or ())
    others = {"order_notes": _describe_note(order), "order_attributes": names}
    return found + [
        Residue(system=SYSTEM, kind=kind, ref=number, what=what, hold_reason=block_reason)
        for kind, what in others.items()
        if what
    ]


def _describe_note(order: Mapping[str, Any]) -> str:
    """Return `note`, with the kinds of sensitive numbers in it; '' if there is no note."""
    note = order.get("note")
    kinds = sorted({hit.kind for hit in scan_text(str(note))}) if note else []
    return f"note with {', '.join(kinds)}" if kinds else "note" if note else ""


def _read_metafields(client: ShopifyClient, shop: str, kind: str, number: str, block_reason: str = "") -> list[Residue]:
    owner = build_gid(METAFIELD_OWNER_TYPES[kind], number)

    def fetch_page(after: str | None) -> Any:
        reply = client.run_document(shop, "residue_metafields", owner=owner, after=after)
        return (reply.require_access().data.get("node") or {}).get("metafields")

    pages = iterate_list(fetch_page)
    return [item for page in pages for item in _list_metafield_residue(page, kind, number, block_reason)]


def _list_metafield_residue(page: Any, kind: str, number: str, block_reason: str) -> list[Residue]:
    return [
        Residue(system=SYSTEM, kind=kind, ref=number, what=f"{one['namespace']}.{one['key']}", hold_reason=block_reason)
        for one in list_nodes(page)
    ]


def find_block_reason(order: Mapping[str, Any]) -> str:
    """Return why an order must not be changed: `order_open`, `parcel_not_delivered`, `return_open`; '' if it is closed."""
    is_closed = order.get("closedAt") or order.get("cancelledAt")
    parcels = order.get("fulfillments") or ()
    if not is_closed and order.get("displayFulfillmentStatus") not in COMPLETED_FULFILLMENT_STATUSES:
        return "order_open"
    if len(parcels) >= MAX_LISTED_PARCELS or not all(_has_parcel_arrived(parcel) for parcel in parcels):
        return "parcel_not_delivered"
    return "return_open" if order.get("returnStatus") in OPEN_RETURN_STATUSES else ""


def _has_parcel_arrived(parcel: Mapping[str, Any]) -> bool:
    if parcel.get("deliveredAt") or parcel.get("displayStatus") in ARRIVED_PARCEL_STATUSES:
        return True
    is_tracked = any(one.get("number") for one in parcel.get("trackingInfo") or ())
    return parcel.get("displayStatus") in UNREPORTED_PARCEL_STATUSES and not is_tracked


def _build_metafield_identifier(item: Residue) -> dict[str, str]:
    namespace, _, key = item.what.rpartition(".")
    return {"ownerId": build_gid(METAFIELD_OWNER_TYPES[item.kind], item.ref), "namespace": namespace, "key": key}


def _identify_residue(item: Residue) -> tuple[str, str, str]:
    """Return the identity of an item: kind, owner, and for a metafield its name."""
    return item.kind, item.ref, item.what if item.kind in METAFIELD_OWNER_TYPES else ""
