"""What Shopify's own erasure leaves: metafields, notes and custom attributes that other systems wrote.

Names what is there, removes what it is told to, and reads it again: only what is not found any more is gone. Never
gives a value, never touches an order that is still on its way, and looks at the customer's own orders only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.api import scopes
from bridge.connectors.shopify.api.answers import SYSTEM, Reply
from bridge.connectors.shopify.erasure import find_customer
from bridge.connectors.shopify.gathering.session import gid
from bridge.errors import CredentialRejected
from bridge.model import Residue
from bridge.rules.index.identity import normal
from bridge.rules.scanning.scanner import scan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bridge.connectors.shopify.api.client import Client
    from bridge.model import Principal

OWNERS = {"customer_metafields": "Customer", "order_metafields": "Order"}
CLEARED: Mapping[str, Mapping[str, object]] = {
    "order_notes": {"note": ""},
    "order_attributes": {"customAttributes": []},
}
AT_ONCE = 25  # metafields of one deletion, orders of one reading: far below what one call may cost
PARCELS = 20  # as the document asks: a list that is full may have more
# https://shopify.dev/docs/api/admin-graphql/latest/enums/OrderDisplayFulfillmentStatus
SENT = frozenset({"FULFILLED", "FULFILLMENT_NOT_REQUIRED", "RESTOCKED"})
# https://shopify.dev/docs/api/admin-graphql/latest/enums/FulfillmentDisplayStatus
ARRIVED = frozenset({"DELIVERED", "PICKED_UP", "CANCELED", "LABEL_VOIDED"})
UNTOLD = frozenset(
    {"FULFILLED", "MARKED_AS_FULFILLED"}
)  # nobody reports on it: arrived, unless it can be tracked
# https://shopify.dev/docs/api/admin-graphql/latest/enums/OrderReturnStatus
COMING_BACK = frozenset({"RETURN_REQUESTED", "IN_PROGRESS"})


def residue(client: Client, who: Principal, shop: str) -> list[Residue]:
    """Read what is there now. Raises as `Client.ask`, CredentialRejected where a part may not be read."""
    number = find_customer(client, who, shop)
    if not number:
        return []
    found = _metafields(client, shop, "customer_metafields", number)
    for order in _orders(client, shop, number):
        found += _of_order(client, shop, order)
    installed = client.ask(shop, "installation", segments=False, definitions=False)
    lacking = {need.scope: need.what for need in scopes.missing(scopes.granted(installed.data))}
    scope = "read_all_orders"
    if scope in lacking:  # without it the older orders are left out in silence
        found.append(Residue(system=SYSTEM, kind="orders", ref="", what=lacking[scope], held=scope))
    return found


def remove_residue(client: Client, items: Sequence[Residue], shop: str) -> list[Residue]:
    """Remove what is not held, read again, and give what is still there. Raises as `residue`.

    https://shopify.dev/docs/api/admin-graphql/latest/mutations/metafieldsDelete and orderUpdate. A refusal of a
    single one is not read from its error, whose words may quote a value: it is seen when it is read again.
    """
    free = [item for item in items if not item.held]
    fields = [_identifier(item) for item in free if item.kind in OWNERS]
    for start in range(0, len(fields), AT_ONCE):
        batch = fields[start : start + AT_ONCE]
        _allowed(client.ask(shop, "residue_metafields_delete", metafields=batch))
    orders: dict[str, dict[str, object]] = {}
    for item in free:
        if item.kind in CLEARED:
            orders.setdefault(item.ref, {}).update(CLEARED[item.kind])
    for number, changes in orders.items():
        _allowed(client.ask(shop, "residue_order_update", input={"id": gid("Order", number), **changes}))
    wanted = {_mark(item) for item in items}
    return [item for item in _read_back(client, items, shop) if _mark(item) in wanted]


def _read_back(client: Client, items: Sequence[Residue], shop: str) -> Iterator[Residue]:
    owners = dict.fromkeys((item.kind == "customer_metafields", item.ref) for item in items if item.ref)
    orders = []
    for customer, number in owners:
        if customer:
            yield from _metafields(client, shop, "customer_metafields", number)
        else:
            orders.append(gid("Order", number))
    for start in range(0, len(orders), AT_ONCE):
        reply = _allowed(client.ask(shop, "residue_read_back", ids=orders[start : start + AT_ONCE]))
        for order in reply.data.get("nodes") or ():
            if order:
                yield from _of_order(client, shop, order)


def _orders(client: Client, shop: str, customer: str) -> Iterator[Mapping[str, Any]]:
    after = None
    while True:
        reply = client.ask(shop, "residue_orders", customer=gid("Customer", customer), after=after)
        page = (_allowed(reply).data.get("customer") or {}).get("orders") or {}
        yield from page.get("nodes") or ()
        after = _next(page)
        if not after:
            return


def _of_order(client: Client, shop: str, order: Mapping[str, Any]) -> list[Residue]:
    number, why = normal("order", str(order["id"])), held(order)
    fields = order.get("metafields") or {}
    if _next(fields):
        found = _metafields(client, shop, "order_metafields", number, why)
    else:
        found = _named(fields, "order_metafields", number, why)
    names = ", ".join(str(one["key"]) for one in order.get("customAttributes") or ())
    others = {"order_notes": _note(order), "order_attributes": names}
    return found + [
        Residue(system=SYSTEM, kind=kind, ref=number, what=what, held=why)
        for kind, what in others.items()
        if what
    ]


def _note(order: Mapping[str, Any]) -> str:
    """The note by its name, with the kinds of numbers that should not stand in it; '' where there is none."""
    note = order.get("note")
    kinds = sorted({hit.kind for hit in scan(str(note))}) if note else []
    return f"note with {', '.join(kinds)}" if kinds else "note" if note else ""


def _metafields(client: Client, shop: str, kind: str, number: str, why: str = "") -> list[Residue]:
    found: list[Residue] = []
    after = None
    while True:
        reply = client.ask(shop, "residue_metafields", owner=gid(OWNERS[kind], number), after=after)
        page = (_allowed(reply).data.get("node") or {}).get("metafields") or {}
        found += _named(page, kind, number, why)
        after = _next(page)
        if not after:
            return found


def _named(page: Mapping[str, Any], kind: str, number: str, why: str) -> list[Residue]:
    return [
        Residue(system=SYSTEM, kind=kind, ref=number, what=f"{one['namespace']}.{one['key']}", held=why)
        for one in page.get("nodes") or ()
    ]


def held(order: Mapping[str, Any]) -> str:
    """Say why an order must be left as it is: '' where nothing more happens with it."""
    ended = order.get("closedAt") or order.get("cancelledAt")
    parcels = order.get("fulfillments") or ()
    if not ended and order.get("displayFulfillmentStatus") not in SENT:
        return "order_open"
    if len(parcels) >= PARCELS or not all(_arrived(parcel) for parcel in parcels):
        return "parcel_not_delivered"
    return "return_open" if order.get("returnStatus") in COMING_BACK else ""


def _arrived(parcel: Mapping[str, Any]) -> bool:
    status = parcel.get("displayStatus")
    untracked = not any(one.get("number") for one in parcel.get("trackingInfo") or ())
    return bool(parcel.get("deliveredAt")) or status in ARRIVED or (status in UNTOLD and untracked)


def _identifier(item: Residue) -> dict[str, str]:
    namespace, _, key = item.what.rpartition(".")
    return {"ownerId": gid(OWNERS[item.kind], item.ref), "namespace": namespace, "key": key}


def _mark(item: Residue) -> tuple[str, str, str]:
    """By what an item is known again: a note and a list of attributes by their order."""
    return item.kind, item.ref, item.what if item.kind in OWNERS else ""


def _next(page: Mapping[str, Any]) -> str | None:
    info = page.get("pageInfo") or {}
    return str(info["endCursor"]) if info.get("hasNextPage") else None


def _allowed(reply: Reply) -> Reply:
    if reply.denied:  # what may not be read must not pass for what is not there
        raise CredentialRejected(f"shopify: not allowed ({reply.denied[0].reason})")
    return reply
