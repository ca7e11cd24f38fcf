"""Fill the holes of one page of orders: what the platform knows and the index does not, by the way that webhooks take.

Nothing comes back: an order of an erased person is dropped, one that is older than the erasure of its shop is left, and so
is one whose age is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from bridge.model import DocumentKind, HoleCounts, OrderPage, PlatformOrder, Sale
from bridge.services import Services
from bridge.steps.erasure.orders_without_invoice_copy import filter_orders_without_invoice, has_bridge_vault
from bridge.steps.index.ingest_bodies import ParsedBody, ingest_bodies, parse_body

if TYPE_CHECKING:
    from bridge.store import Tx


@dataclass(frozen=True, kw_only=True, slots=True)
class HoleLimits:
    """Before when orders are left alone: placed before the shop was erased, or last changed before the index' age ended."""

    shop_erased_at: datetime | None = None
    expired_before: datetime | None = None

    def classify(self, order: PlatformOrder) -> HoleCounts:
        """Return why an order is left alone, as a count of one; nothing counted for one that is compared."""
        if self.shop_erased_at and (order.placed_at is None or order.placed_at <= self.shop_erased_at):
            return HoleCounts(erased=1)
        last_at = max((at for at in (order.placed_at, order.updated_at) if at), default=None)
        is_over = self.expired_before is not None and last_at is not None and last_at < self.expired_before
        return HoleCounts(expired=int(is_over))


def fill_page(shop: str, page: OrderPage, limits: HoleLimits, *, tx: Tx, services: Services) -> HoleCounts:
    """Compare the orders of a page and fill their holes. Return what was found. Raises as `ingest_bodies`."""
    counts = HoleCounts(orders=len(page.orders) + page.unread, unread=page.unread)
    compared = list[PlatformOrder]()
    for order in page.orders:
        left_alone = limits.classify(order)
        counts = counts.add(left_alone)
        if left_alone == HoleCounts():
            compared.append(order)
    return counts.add(_fill_orders(shop, compared, tx, services))


def _fill_orders(shop: str, orders: Sequence[PlatformOrder], tx: Tx, services: Services) -> HoleCounts:
    parsed = {
        order.order_id: [parse_body(topic, body, (), services) for topic, body in order.webhooks] for order in orders
    }
    sightings = {order_id: [one.sighting for one in bodies] for order_id, bodies in parsed.items()}
    holes = tx.hole_finder.find_holes(shop, sightings)
    sales = [sale for order in orders for sale in order.sales]
    unsealed = _find_unsealed_sales(shop, sales, tx, services)
    chosen = list[ParsedBody]()
    for order_id, bodies in parsed.items():
        if holes[order_id].is_newer:
            continue  # a webhook came since the page was read: the next night compares it
        own_sales = [sale for sale in unsealed if sale.order_id == order_id]
        if holes[order_id].is_open or own_sales:
            chosen += [replace(bodies[0], sales=own_sales), *bodies[1:]]
    dropped = ingest_bodies(shop, chosen, tx=tx, services=services, seals_erased=False)
    erased = {sighting.order_id for sighting in dropped} & parsed.keys()
    filled = [found for order_id, found in holes.items() if order_id not in erased]
    sealed = len(unsealed) - len(_find_unsealed_sales(shop, unsealed, tx, services)) if unsealed else 0
    return HoleCounts(
        missing=sum(found.is_missing for found in filled),
        outdated=sum(found.is_outdated for found in filled),
        parcels=sum(found.parcels for found in filled),
        documents=sealed,
        erased=len(erased),
        unread=sum(not order.is_complete for order in orders),
    )


def _find_unsealed_sales(shop: str, sales: Sequence[Sale], tx: Tx, services: Services) -> list[Sale]:
    """Return the sales of which the bridge should have a copy and has none, however it was made."""
    if not sales or not has_bridge_vault(services):
        return []
    invoices = [sale for sale in sales if not sale.refund_id]
    without = set(filter_orders_without_invoice(shop, [sale.order_id for sale in invoices], tx))
    refunds = [sale for sale in sales if sale.refund_id]
    credited = tx.documents.find_sealed_sources(shop, DocumentKind.CREDIT_NOTE, [sale.refund_id for sale in refunds])
    return [
        *(sale for sale in invoices if sale.order_id in without),
        *(sale for sale in refunds if sale.refund_id not in credited),
    ]
