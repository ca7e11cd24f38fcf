"""What a delivery teaches the index, and nothing more: who, which order, which parcel, which carrier.

Pure. Names, addresses, lines and amounts are left where they are; e-mail, phone and ids leave here only to
become pseudonyms or to be sealed. Shapes: REST bodies of 2025-10 to 2026-10, GIDs or numbers as ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from bridge.rules.attribution import attribute
from bridge.rules.identity import legacy_id


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
class SeenParcel:
    """One tracking number with what the shop wrote beside it, attributed."""

    number: str
    carrier: str
    account_holder: str
    shipped_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """What one delivery showed. Ids are decimal text; `updated_at` decides which of two is newer."""

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


def learn(topic: str, body: Mapping[str, Any]) -> Sighting:
    """The sighting of one delivery, whose shape was checked before (`rules/topics`)."""
    read = _READERS.get(topic) or _READERS.get(topic.partition("/")[0])
    return read(body) if read else Sighting(kind=Seen.NOTHING)


def moment(value: Any) -> datetime | None:
    """An aware moment in UTC from ISO 8601 text with an offset; None for anything else."""
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.astimezone(UTC) if parsed.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def _order(body: Mapping[str, Any]) -> Sighting:
    customer = _mapping(body.get("customer"))
    address = _mapping(body.get("shipping_address")) or _mapping(body.get("billing_address"))
    return Sighting(
        kind=Seen.ORDER,
        order_id=_id(body),
        order_name=_text(body.get("name"))[:64],
        customer_id=legacy_id(customer.get("id")),
        email=_first(body.get("email"), body.get("contact_email"), customer.get("email")),
        phone=_first(body.get("phone"), customer.get("phone"), address.get("phone")),
        placed_at=moment(body.get("created_at")),
        updated_at=moment(body.get("updated_at")),
        parcels=tuple(
            parcel for shipment in _mappings(body.get("fulfillments")) for parcel in _parcels(shipment)
        ),
    )


def _order_gone(body: Mapping[str, Any]) -> Sighting:
    return Sighting(kind=Seen.ORDER_GONE, order_id=_id(body))


def _fulfillment(body: Mapping[str, Any]) -> Sighting:
    destination = _mapping(body.get("destination"))
    return Sighting(
        kind=Seen.PARCELS,
        order_id=legacy_id(body.get("order_id")),
        email=_text(body.get("email")),
        phone=_text(destination.get("phone")),
        updated_at=moment(body.get("updated_at")),
        parcels=tuple(_parcels(body)),
    )


def _sent_back(body: Mapping[str, Any]) -> Sighting:
    return Sighting(
        kind=Seen.PARCELS,
        order_id=_order_of(body),
        updated_at=moment(body.get("updated_at") or body.get("processed_at")),
        parcels=_return_parcels(body),
    )


def _customer(body: Mapping[str, Any]) -> Sighting:
    return Sighting(
        kind=Seen.CUSTOMER,
        customer_id=_id(body),
        email=_text(body.get("email")),
        phone=_text(body.get("phone")),
        placed_at=moment(body.get("created_at")),
        updated_at=moment(body.get("updated_at")),
    )


def _customer_gone(body: Mapping[str, Any]) -> Sighting:
    return Sighting(kind=Seen.CUSTOMER_GONE, customer_id=_id(body))


def _uninstalled(_: Mapping[str, Any]) -> Sighting:
    return Sighting(kind=Seen.UNINSTALLED)


def _merge(body: Mapping[str, Any]) -> Sighting:
    """A merge that failed changes nothing; one that says no status is taken at its word."""
    if _text(body.get("status")).lower() in ("failed", "requested", "in_progress"):
        return Sighting(kind=Seen.NOTHING)
    return Sighting(
        kind=Seen.MERGE,
        customer_id=legacy_id(body.get("admin_graphql_api_customer_deleted_id")),
        kept_customer_id=legacy_id(body.get("admin_graphql_api_customer_kept_id")),
    )


def _parcels(shipment: Mapping[str, Any]) -> Iterable[SeenParcel]:
    company = _text(shipment.get("tracking_company"))
    numbers = _texts(shipment.get("tracking_numbers")) or _texts([shipment.get("tracking_number")])
    urls = _texts(shipment.get("tracking_urls")) or _texts([shipment.get("tracking_url")])
    shipped_at = moment(shipment.get("created_at"))
    for place, number in enumerate(numbers):
        # parallel lists by convention, but their lengths may differ: the last URL then speaks for the rest
        url = urls[min(place, len(urls) - 1)] if urls else ""
        yield _attributed(company, url, number, shipped_at)


def _return_parcels(body: Mapping[str, Any]) -> tuple[SeenParcel, ...]:
    """Reverse waybills, where a return carries them."""
    found = []
    for key in ("reverse_deliveries", "return_shipments", "reverse_shipments"):
        for shipment in _mappings(body.get(key)):
            tracking = _mapping(shipment.get("tracking")) or shipment
            number = _first(tracking.get("number"), tracking.get("tracking_number"))
            if number:
                company = _first(tracking.get("carrier_name"), tracking.get("tracking_company"))
                url = _first(tracking.get("url"), tracking.get("tracking_url"))
                found.append(_attributed(company, url, number, None))
    return tuple(found)


def _attributed(company: str, url: str, number: str, shipped_at: datetime | None) -> SeenParcel:
    by = attribute(company=company, url=url, number=number)
    return SeenParcel(
        number=number[:64], carrier=by.carrier, account_holder=by.account_holder, shipped_at=shipped_at
    )


def _order_of(body: Mapping[str, Any]) -> str:
    order = _mapping(body.get("order"))
    return (
        legacy_id(body.get("order_id"))
        or legacy_id(order.get("id"))
        or legacy_id(order.get("admin_graphql_api_id"))
    )


def _id(body: Mapping[str, Any]) -> str:
    return legacy_id(body.get("id")) or legacy_id(body.get("admin_graphql_api_id"))


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(values: Any) -> list[str]:
    return [text for text in map(_text, values) if text] if isinstance(values, list) else []


def _first(*values: Any) -> str:
    return next((text for text in map(_text, values) if text), "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(values: Any) -> list[Mapping[str, Any]]:
    return [value for value in values if isinstance(value, Mapping)] if isinstance(values, list) else []


def _nothing(_: Mapping[str, Any]) -> Sighting:
    return Sighting(kind=Seen.NOTHING)


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Sighting]] = {
    "orders": _order,
    "orders/delete": _order_gone,
    "orders/edited": _nothing,  # tells of lines; `orders/updated` comes with it
    "orders/risk_assessment_changed": _nothing,
    "fulfillments": _fulfillment,
    "refunds": _sent_back,
    "returns": _sent_back,
    "customers": _customer,
    "customers/delete": _customer_gone,
    "customers/merge": _merge,
    "app/uninstalled": _uninstalled,
}
