"""Extract from a delivery what the index needs and nothing more: customer, order, parcel, carrier.

Pure. Addresses, lines and amounts are not read; e-mail, phone and ids are returned only to become pseudonyms or to be
sealed, names and PIN codes only to become keyed digests, by which a carrier's record of another person is recognised.
Shapes: REST bodies of 2026-01 to 2026-10, GIDs or numbers as ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bridge.model import ConsigneeClues
from bridge.rules.index.consignee.clues import read_order_clues
from bridge.rules.index.identity import legacy_id, read_record_id
from bridge.rules.index.json_values import parse_utc_datetime, read_object, read_objects, read_text
from bridge.rules.index.listings import FulfillmentListing
from bridge.rules.index.shipping import (
    AttributionRules,
    ParcelSighting,
    is_cash_on_delivery,
    is_unsettled,
    read_fulfillment_listing,
    read_fulfillment_parcels,
    read_reverse_parcels,
)


class SightingKind(StrEnum):
    """The kind of object that a delivery showed."""

    ORDER = "order"
    PARCELS = "parcels"
    ORDER_DELETED = "order_gone"
    CUSTOMER = "customer"
    CUSTOMER_DELETED = "customer_gone"
    CUSTOMERS_MERGED = "merge"
    CONSENT = "consent"
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """What one delivery showed. Ids are decimal text; `updated_at` decides which of two is newer.

    `cod`: the price is collected at the door, None where the delivery does not say. `matter` is a return or a
    dispute of the order by its own id (`return/1`), and `matter_open` whether it is still to be settled. `listings` say
    which numbers each fulfilment lists now, `clues` which persons they are for. `consents` are (channel, when) of each consent to
    marketing that stands.
    """

    kind: SightingKind
    order_id: str = ""
    order_name: str = ""
    customer_id: str = ""
    kept_customer_id: str = ""
    email: str = ""
    phone: str = ""
    placed_at: datetime | None = None
    updated_at: datetime | None = None
    parcels: tuple[ParcelSighting, ...] = ()
    cod: bool | None = None
    matter: str = ""
    matter_open: bool = False
    listings: tuple[FulfillmentListing, ...] = ()
    clues: ConsigneeClues = field(default=ConsigneeClues(), repr=False)
    consents: tuple[tuple[str, datetime], ...] = ()


def extract_sighting(topic: str, body: Mapping[str, Any], rules: AttributionRules = ()) -> Sighting:
    """Return the sighting of one delivery, whose shape was checked before (`rules/webhooks/topics.py`).

    `rules` are the merchant's own rules for whose account a parcel is on.
    """
    read = _SIGHTING_READERS.get(topic) or _SIGHTING_READERS.get(topic.partition("/")[0])
    return read(body, rules) if read else Sighting(kind=SightingKind.NOTHING)


def _read_order_sighting(body: Mapping[str, Any], rules: AttributionRules) -> Sighting:
    customer = read_object(body.get("customer"))
    billing, shipping = read_object(body.get("billing_address")), read_object(body.get("shipping_address"))
    phone = read_text(body.get("phone"), customer.get("phone"), billing.get("phone"))
    if not phone and not _is_gift(billing, shipping):
        phone = read_text(shipping.get("phone"))
    updated_at = parse_utc_datetime(body.get("updated_at"))
    parcels, listings = _read_fulfillments(read_objects(body.get("fulfillments")), updated_at, rules)
    return Sighting(
        kind=SightingKind.ORDER,
        order_id=read_record_id(body),
        order_name=read_text(body.get("name"))[:64],
        customer_id=legacy_id(customer.get("id")),
        email=read_text(body.get("email"), body.get("contact_email"), customer.get("email")),
        phone=phone,
        placed_at=parse_utc_datetime(body.get("created_at")),
        updated_at=updated_at,
        parcels=parcels,
        cod=is_cash_on_delivery(body),
        listings=listings,
        clues=read_order_clues(body),
    )


def _is_gift(billing: Mapping[str, Any], shipping: Mapping[str, Any]) -> bool:
    """Return whether the addresses name two persons."""
    buyer, receiver = (" ".join(read_text(one.get("name")).casefold().split()) for one in (billing, shipping))
    return bool(buyer and receiver) and buyer != receiver


def _read_fulfillments(
    shipments: Sequence[Mapping[str, Any]], updated_at: datetime | None, rules: AttributionRules
) -> tuple[tuple[ParcelSighting, ...], tuple[FulfillmentListing, ...]]:
    parcels, listings = list[ParcelSighting](), list[FulfillmentListing]()
    for shipment in shipments:
        seen = read_fulfillment_parcels(shipment, rules)
        parcels += seen
        listing = read_fulfillment_listing(shipment, seen, updated_at)
        listings += [listing] if listing else []
    return tuple(parcels), tuple(listings)


def _read_fulfillment_sighting(body: Mapping[str, Any], rules: AttributionRules) -> Sighting:
    destination = read_object(body.get("destination"))
    updated_at = parse_utc_datetime(body.get("updated_at"))
    parcels, listings = _read_fulfillments([body], updated_at, rules)
    return Sighting(
        kind=SightingKind.PARCELS,
        order_id=legacy_id(body.get("order_id")),
        email=read_text(body.get("email")),
        phone=read_text(destination.get("phone")),
        updated_at=updated_at,
        parcels=parcels,
        listings=listings,
        clues=read_order_clues({"destination": destination}),
    )


def _read_refund_sighting(body: Mapping[str, Any], rules: AttributionRules) -> Sighting:
    return Sighting(
        kind=SightingKind.PARCELS,
        order_id=_get_order_id(body),
        updated_at=parse_utc_datetime(body.get("updated_at") or body.get("processed_at")),
        parcels=read_reverse_parcels(body, rules),
    )


def _read_dispute_sighting(body: Mapping[str, Any], _: AttributionRules) -> Sighting:
    """Return a chargeback or an inquiry: while it is open the proof of delivery is needed."""
    seen = Sighting(
        kind=SightingKind.PARCELS, order_id=_get_order_id(body), updated_at=parse_utc_datetime(body.get("finalized_on"))
    )
    return _add_blocker(seen, "dispute", body)


def _add_blocker(sighting: Sighting, kind: str, body: Mapping[str, Any]) -> Sighting:
    is_open = is_unsettled(kind, read_text(body.get("status")))
    if is_open is None:
        return sighting
    return replace(sighting, matter=f"{kind}/{read_record_id(body)}", matter_open=is_open)


def _read_customer_sighting(body: Mapping[str, Any], _: AttributionRules) -> Sighting:
    return Sighting(
        kind=SightingKind.CUSTOMER,
        customer_id=read_record_id(body),
        email=read_text(body.get("email")),
        phone=read_text(body.get("phone")),
        placed_at=parse_utc_datetime(body.get("created_at")),
        updated_at=parse_utc_datetime(body.get("updated_at")),
        consents=tuple(_iterate_consents(body)),
    )


def _read_consent_sighting(body: Mapping[str, Any], _: AttributionRules) -> Sighting:
    """Return a change of a consent, of which bodies about customers say nothing since version 2025-01."""
    return Sighting(
        kind=SightingKind.CONSENT,
        customer_id=legacy_id(body.get("customer_id")) or read_record_id(body),
        email=read_text(body.get("email_address")),
        phone=read_text(body.get("phone")),
        consents=tuple(_iterate_consents(body)),
    )


def _iterate_consents(body: Mapping[str, Any]) -> Iterator[tuple[str, datetime]]:
    """Yield the channels of consents that stand, with the day of each; one without a day proves nothing."""
    for channel in ("email", "sms"):
        consent = read_object(body.get(f"{channel}_marketing_consent"))
        at = parse_utc_datetime(consent.get("consent_updated_at"))
        if at is not None and read_text(consent.get("state")).lower() == "subscribed":
            yield channel, at


def _read_customer_merge(body: Mapping[str, Any], _: AttributionRules) -> Sighting:
    """Return a merge of two customers. One that failed changes nothing; one without status counts as done."""
    if read_text(body.get("status")).lower() in ("failed", "requested", "in_progress"):
        return Sighting(kind=SightingKind.NOTHING)
    return Sighting(
        kind=SightingKind.CUSTOMERS_MERGED,
        customer_id=legacy_id(body.get("admin_graphql_api_customer_deleted_id")),
        kept_customer_id=legacy_id(body.get("admin_graphql_api_customer_kept_id")),
    )


def _get_order_id(body: Mapping[str, Any]) -> str:
    return legacy_id(body.get("order_id")) or read_record_id(read_object(body.get("order")))


_SIGHTING_READERS: Mapping[str, Callable[[Mapping[str, Any], AttributionRules], Sighting]] = {
    "orders": _read_order_sighting,
    "orders/delete": lambda body, _: Sighting(kind=SightingKind.ORDER_DELETED, order_id=read_record_id(body)),
    "orders/edited": lambda *_: Sighting(kind=SightingKind.NOTHING),  # lines only; `orders/updated` comes with it
    "orders/risk_assessment_changed": lambda *_: Sighting(kind=SightingKind.NOTHING),
    "fulfillments": _read_fulfillment_sighting,
    "refunds": _read_refund_sighting,
    "returns": lambda body, rules: _add_blocker(_read_refund_sighting(body, rules), "return", body),
    "disputes": _read_dispute_sighting,
    "customers": _read_customer_sighting,
    "customers/delete": lambda body, _: Sighting(kind=SightingKind.CUSTOMER_DELETED, customer_id=read_record_id(body)),
    "customers/merge": _read_customer_merge,
    "customers_email_marketing_consent": _read_consent_sighting,
    "customers_marketing_consent": _read_consent_sighting,
}
