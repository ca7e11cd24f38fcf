"""What a delivery teaches the index, and nothing more: who, which order, which parcel, which carrier.

Pure. Names, addresses, lines and amounts are left where they are; e-mail, phone and ids leave here only to
become pseudonyms or to be sealed. Shapes: REST bodies of 2025-10 to 2026-10, GIDs or numbers as ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bridge.rules.index.identity import legacy_id
from bridge.rules.index.json_values import first, mapping, mappings, moment, text
from bridge.rules.index.shipping import Rules, SeenParcel, cod, parcels, reverse_parcels, still_open


class Seen(StrEnum):
    """What kind of thing a delivery showed."""

    ORDER = "order"
    PARCELS = "parcels"
    ORDER_GONE = "order_gone"
    CUSTOMER = "customer"
    CUSTOMER_GONE = "customer_gone"
    MERGE = "merge"
    UNINSTALLED = "uninstalled"
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """What one delivery showed. Ids are decimal text; `updated_at` decides which of two is newer.

    `cod`: the price is collected at the door, None where the delivery does not say. `matter` is a return or a
    dispute of the order by its own id (`return/1`), and `matter_open` whether it is still to be settled.
    """

    kind: Seen
    order_id: str = ""
    order_name: str = ""
    customer_id: str = ""
    kept_customer_id: str = ""
    email: str = ""
    phone: str = ""
    placed_at: datetime | None = None
    updated_at: datetime | None = None
    parcels: tuple[SeenParcel, ...] = ()
    cod: bool | None = None
    matter: str = ""
    matter_open: bool = False


def learn(topic: str, body: Mapping[str, Any], rules: Rules = ()) -> Sighting:
    """The sighting of one delivery, whose shape was checked before (`rules/topics`).

    `rules` are the merchant's own word about whose account a parcel travels on.
    """
    read = _READERS.get(topic) or _READERS.get(topic.partition("/")[0])
    return read(body, rules) if read else Sighting(kind=Seen.NOTHING)


def _order(body: Mapping[str, Any], rules: Rules) -> Sighting:
    customer = mapping(body.get("customer"))
    address = mapping(body.get("shipping_address")) or mapping(body.get("billing_address"))
    return Sighting(
        kind=Seen.ORDER,
        order_id=_id(body),
        order_name=text(body.get("name"))[:64],
        customer_id=legacy_id(customer.get("id")),
        email=first(body.get("email"), body.get("contact_email"), customer.get("email")),
        phone=first(body.get("phone"), customer.get("phone"), address.get("phone")),
        placed_at=moment(body.get("created_at")),
        updated_at=moment(body.get("updated_at")),
        parcels=tuple(
            parcel for shipment in mappings(body.get("fulfillments")) for parcel in parcels(shipment, rules)
        ),
        cod=cod(body),
    )


def _order_gone(body: Mapping[str, Any], _: Rules) -> Sighting:
    return Sighting(kind=Seen.ORDER_GONE, order_id=_id(body))


def _fulfillment(body: Mapping[str, Any], rules: Rules) -> Sighting:
    destination = mapping(body.get("destination"))
    return Sighting(
        kind=Seen.PARCELS,
        order_id=legacy_id(body.get("order_id")),
        email=text(body.get("email")),
        phone=text(destination.get("phone")),
        updated_at=moment(body.get("updated_at")),
        parcels=tuple(parcels(body, rules)),
    )


def _sent_back(body: Mapping[str, Any], rules: Rules) -> Sighting:
    return Sighting(
        kind=Seen.PARCELS,
        order_id=_order_of(body),
        updated_at=moment(body.get("updated_at") or body.get("processed_at")),
        parcels=reverse_parcels(body, rules),
    )


def _return(body: Mapping[str, Any], rules: Rules) -> Sighting:
    return _matter(_sent_back(body, rules), "return", body)


def _dispute(body: Mapping[str, Any], _: Rules) -> Sighting:
    """A chargeback or an inquiry: while it is open the proof of delivery is needed."""
    seen = Sighting(kind=Seen.PARCELS, order_id=_order_of(body), updated_at=moment(body.get("finalized_on")))
    return _matter(seen, "dispute", body)


def _matter(seen: Sighting, kind: str, body: Mapping[str, Any]) -> Sighting:
    is_open = still_open(kind, text(body.get("status")))
    return seen if is_open is None else replace(seen, matter=f"{kind}/{_id(body)}", matter_open=is_open)


def _customer(body: Mapping[str, Any], _: Rules) -> Sighting:
    return Sighting(
        kind=Seen.CUSTOMER,
        customer_id=_id(body),
        email=text(body.get("email")),
        phone=text(body.get("phone")),
        placed_at=moment(body.get("created_at")),
        updated_at=moment(body.get("updated_at")),
    )


def _customer_gone(body: Mapping[str, Any], _: Rules) -> Sighting:
    return Sighting(kind=Seen.CUSTOMER_GONE, customer_id=_id(body))


def _uninstalled(_: Mapping[str, Any], __: Rules) -> Sighting:
    return Sighting(kind=Seen.UNINSTALLED)


def _merge(body: Mapping[str, Any], _: Rules) -> Sighting:
    """A merge that failed changes nothing; one that says no status is taken at its word."""
    if text(body.get("status")).lower() in ("failed", "requested", "in_progress"):
        return Sighting(kind=Seen.NOTHING)
    return Sighting(
        kind=Seen.MERGE,
        customer_id=legacy_id(body.get("admin_graphql_api_customer_deleted_id")),
        kept_customer_id=legacy_id(body.get("admin_graphql_api_customer_kept_id")),
    )


def _order_of(body: Mapping[str, Any]) -> str:
    order = mapping(body.get("order"))
    return (
        legacy_id(body.get("order_id"))
        or legacy_id(order.get("id"))
        or legacy_id(order.get("admin_graphql_api_id"))
    )


def _id(body: Mapping[str, Any]) -> str:
    return legacy_id(body.get("id")) or legacy_id(body.get("admin_graphql_api_id"))


def _nothing(_: Mapping[str, Any], __: Rules) -> Sighting:
    return Sighting(kind=Seen.NOTHING)


_READERS: Mapping[str, Callable[[Mapping[str, Any], Rules], Sighting]] = {
    "orders": _order,
    "orders/delete": _order_gone,
    "orders/edited": _nothing,  # tells of lines; `orders/updated` comes with it
    "orders/risk_assessment_changed": _nothing,
    "fulfillments": _fulfillment,
    "refunds": _sent_back,
    "returns": _return,
    "disputes": _dispute,
    "customers": _customer,
    "customers/delete": _customer_gone,
    "customers/merge": _merge,
    "app/uninstalled": _uninstalled,
}
