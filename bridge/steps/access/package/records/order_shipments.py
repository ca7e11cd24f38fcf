"""What an order says of its parcels, as lines of `shipments`: those that were sent, and those that came back.

Pure and tolerant like `rows.py`. Attributes a parcel as the erasure does (`rules/shipping.py`), or the package
would name another than is asked to erase.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bridge.rules.index.attribution import UNKNOWN, attribute
from bridge.rules.index.identity import legacy_id
from bridge.steps.access.package.text import ends, items, moment, pick, text_of

if TYPE_CHECKING:
    from datetime import tzinfo

    from bridge.rules.index.shipping import Rules

Body = Mapping[str, Any]


def tracked(system: str, order: Body, zone: tzinfo, rules: Rules) -> Iterator[dict[str, str]]:
    """Make the lines of an order's parcels. `rules` are the merchant's own word about whose account they are on."""
    told = {"told_by": system, "order": text_of(order.get("name"))}
    for sending in items(order, "fulfillments"):
        location = legacy_id(pick(sending, "location.id"))
        for tracking in items(sending, "trackingInfo"):
            yield told | _parcel(tracking, "company", rules, location) | _sent(sending, zone)
    for back in items(order, "returns"):
        for tracking in sent_back(back):
            yield told | _parcel(tracking, "carrierName", rules)


def sent_back(back: Body) -> Iterator[Body]:
    """Yield the tracking of each parcel of a return; the platform gives it no day of its own."""
    for part in items(back, "reverseFulfillmentOrders"):
        for delivery in items(part, "reverseDeliveries"):
            tracking = pick(delivery, "deliverable.tracking")
            if isinstance(tracking, Mapping) and any(tracking.values()):
                yield tracking


def _parcel(tracking: Body, company: str, rules: Rules, location: str = "") -> dict[str, str]:
    carrier, number = text_of(tracking.get(company)), text_of(tracking.get("number"))
    url = text_of(tracking.get("url"))
    whose = attribute(company=carrier, url=url, number=number, location=location, rules=rules)
    return {
        "carrier": carrier,
        "carrier_id": "" if whose.carrier == UNKNOWN else whose.carrier,
        "account_holder": whose.account_holder,
        "waybill": number,
    }


def _sent(sending: Body, zone: tzinfo) -> dict[str, str]:
    # the address was with the carrier from the day the platform calls the parcel sent
    known = (sending.get(name) for name in ("createdAt", "inTransitAt", "deliveredAt"))
    shipped_on, last_on = ends(known, zone)
    return {
        "status": text_of(sending.get("displayStatus")) or text_of(sending.get("status")),
        "status_at": moment(sending.get("deliveredAt") or sending.get("createdAt"), zone),
        "shipped_on": shipped_on,
        "last_on": last_on,
    }
