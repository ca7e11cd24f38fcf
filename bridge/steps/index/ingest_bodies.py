"""Put webhooks' bodies about orders, parcels and customers into the index, and seal what they prove was sold.

The one way into the index: for webhooks as they come, and for what a reconciliation reads at the platform.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.model import Fact, Sale
from bridge.rules.index.minimise import Sighting, SightingKind, extract_sighting
from bridge.rules.scanning.free_text import SensitiveTextLocation, find_sensitive_text
from bridge.rules.webhooks.named_shop import read_named_shop
from bridge.services import Services
from bridge.steps.consents.renew_consents import end_renewed_stops, record_renewals
from bridge.steps.index.flag_carrier_conflicts import flag_carrier_conflicts
from bridge.steps.index.flag_sensitive_text import FREE_TEXT_CATEGORY, flag_sensitive_text
from bridge.steps.index.late_delivery import apply_late_delivery
from bridge.steps.index.release_merged import record_released_suppressions, release_merged_suppressions
from bridge.steps.retention.seal_invoices import seal_sales

if TYPE_CHECKING:
    from bridge.store import Tx


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ParsedBody:
    """What was read of one body, which itself is not kept: two hundred of them are a burden to the garbage collector.

    `named_shop` is the domain and the number of the shop that it names, '' for what it does not name.
    """

    named_shop: tuple[str, str]
    sighting: Sighting
    sales: Sequence[Sale]
    sensitive_locations: Sequence[SensitiveTextLocation]


def parse_body(topic: str, body: Mapping[str, Any], sales: Sequence[Sale], services: Services) -> ParsedBody:
    """Return what a body of this topic says. Raises PayloadInvalid."""
    category = services.retention.categories.get(FREE_TEXT_CATEGORY)
    return ParsedBody(
        named_shop=read_named_shop(body),
        sighting=extract_sighting(topic, body, services.merchant.attribution),
        sales=sales,
        sensitive_locations=find_sensitive_text(topic, body, category.scan_for if category else ()),
    )


def ingest_bodies(
    shop: str, parsed: Sequence[ParsedBody], *, tx: Tx, services: Services, seals_erased: bool = True
) -> Sequence[Sighting]:
    """Index bodies under the key of a shop. Return the sightings that were dropped, because their data subject was erased.

    Of those only what a carrier must still be asked to erase is used, and without `seals_erased` no sale of theirs is sealed.
    """
    sightings = [one.sighting for one in parsed]
    # first: every step locks the keys of data subjects before the evidence
    released = release_merged_suppressions(shop, sightings, tx=tx, services=services)
    dropped = tx.index.ingest_sightings(shop, sightings)
    renewed = end_renewed_stops(shop, [one for one in sightings if one not in dropped], tx=tx)
    erased_ids = {sighting.order_id for sighting in dropped}
    sales = [sale for one in parsed for sale in one.sales if seals_erased or sale.order_id not in erased_ids]
    seal_sales(shop, sales, tx=tx, services=services, erased_order_ids=erased_ids)
    locations = [location for one in parsed for location in one.sensitive_locations]
    flag_sensitive_text(shop, locations, tx=tx)  # writes evidence: after the keys are locked
    _flag_conflicts(shop, sightings, dropped, tx)
    for sighting in dropped:
        apply_late_delivery(shop, sighting, tx=tx, services=services)
    for sighting in sightings:
        if sighting.kind is SightingKind.CUSTOMERS_MERGED:
            tx.evidence.append_fact(Fact.CUSTOMERS_MERGED, shop=shop)
    record_released_suppressions(shop, released, tx)
    record_renewals(shop, renewed, tx)
    return dropped


def _flag_conflicts(shop: str, sightings: Sequence[Sighting], dropped: Sequence[Sighting], tx: Tx) -> None:
    dropped_ids = set(map(id, dropped))
    for sighting in sightings:
        if id(sighting) not in dropped_ids:
            flag_carrier_conflicts(shop, sighting.order_id, sighting.parcels, tx=tx)
