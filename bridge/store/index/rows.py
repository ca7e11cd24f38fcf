"""The index: orders of data subjects, and the parcels of orders with their carriers.

Lookups go by pseudonym. Order id, order name and waybill, which must be read again, are sealed under the data
subject's data key. It erases nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bridge.model import IndexedOrder, ParcelStatus, Principal, Waybill
from bridge.rules.index.listings import decide_listing, find_fulfillments
from bridge.rules.index.minimise import Sighting
from bridge.store.index.corrected_contacts import replace_customer_contact
from bridge.store.index.ingest import ingest_batch
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.index.routing import SightingRouter
from bridge.store.schema.index_tables import parcels
from bridge.store.session import Session

PARCEL_AAD = "parcels|{key}|doc|{shop}"
ORDER_AAD = "orders|{key}|doc|{shop}"


class IndexRows:
    """Orders and parcels as webhooks reported them."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._person_lookup = PersonLookup(session)

    def lock_shop(self, shop: str) -> None:
        """Take the shop's advisory lock until commit. Call before any other lock."""
        self._session.lock_shop(shop)

    def ingest_sightings(self, shop: str, sightings: Sequence[Sighting]) -> Sequence[Sighting]:
        """Store what webhooks reported. Return the sightings that were dropped because their data subject was erased."""
        return ingest_batch(self._session, shop, sightings)

    def find_sightings_of_other_shops(
        self, shop: str, sightings: Sequence[Sighting], own: Iterable[Sighting] = ()
    ) -> set[int]:
        """Return the positions of sightings whose order or customer another shop knows, and neither this one nor `own`."""
        return SightingRouter(self._session).find_sightings_of_other_shops(shop, sightings, own)

    def replace_contact(self, shop: str, customer_id: str, field: str, former: str, new: str) -> None:
        """Find a customer by a new e-mail address or phone (`field`), and by the former one no longer."""
        replace_customer_contact(self._session, shop, customer_id, field, former, new)

    def list_parcels(self, shop: str, principal: Principal) -> list[Waybill]:
        """Return every parcel of the data subject's orders and of the orders that are named."""
        return self.list_parcels_of_rows(shop, self._person_lookup.list_order_rows(shop, principal))

    def list_parcels_of_rows(self, shop: str, order_rows: Sequence[Any]) -> list[Waybill]:
        """Return every parcel of these rows of `orders`."""
        orders_by_key = {row.order_key: row for row in order_rows}
        if not orders_by_key:
            return []
        of_shop = parcels.c.shop.in_(self._session.shops.list_keys(shop))
        of_orders = (of_shop, parcels.c.order_key.in_(list(orders_by_key)))
        ordered = select(parcels).where(*of_orders).order_by(parcels.c.shipped_at, parcels.c.parcel_key)
        rows = self._connection.execute(ordered).all()
        return [self._waybill_from_row(row.shop, row, orders_by_key[row.order_key]) for row in rows]

    def list_orders(self, shop: str, principal: Principal) -> dict[str, IndexedOrder]:
        """Return the data subject's orders as the index knows them, by id."""
        return self.read_orders(self._person_lookup.list_order_rows(shop, principal))

    def read_orders(self, order_rows: Iterable[Any]) -> dict[str, IndexedOrder]:
        """Return these rows of `orders` in the clear, by order id."""
        docs = [(row, self.open_order_doc(row.shop, row)) for row in order_rows if row.doc]
        return {
            doc["id"]: IndexedOrder(
                name=doc["name"],
                matters=_read_open_blockers(doc),
                placed_at=row.placed_at,
                updated_at=row.source_updated_at,
            )
            for row, doc in docs
        }

    def _waybill_from_row(self, shop: str, row: Any, order: Any) -> Waybill:
        aad = PARCEL_AAD.format(key=row.parcel_key, shop=shop)
        parcel = json.loads(self._session.open(row.doc, aad))
        doc = self.open_order_doc(shop, order)
        return Waybill(
            number=parcel["number"],
            carrier=row.carrier,
            account_holder=row.account_holder,
            order_id=doc.get("id", ""),
            order_name=doc.get("name", ""),
            shipped_at=row.shipped_at,
            status=ParcelStatus(parcel.get("status", ParcelStatus.UNKNOWN)),
            status_at=datetime.fromisoformat(parcel["status_at"]) if parcel.get("status_at") else None,
            cod=doc.get("cod"),
            matters=_read_open_blockers(doc),
            fulfillments=find_fulfillments(doc.get("listings", {}), parcel["number"]),
            listing=decide_listing(doc.get("listings", {}), parcel["number"]),
            clues=doc.get("clues", ""),
            is_return=parcel.get("is_return", False),
            is_conflict=parcel.get("is_conflict", False),
        )

    def open_order_doc(self, shop: str, row: Any) -> dict[str, Any]:
        """Return the sealed part of an order row: id, name, cash on delivery, returns and disputes."""
        if row.doc is None:
            return {}
        opened: dict[str, Any] = json.loads(self._session.open(row.doc, ORDER_AAD.format(key=row.order_key, shop=shop)))
        return opened


def _read_open_blockers(doc: dict[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(blocker for blocker, (_, is_open) in doc.get("matters", {}).items() if is_open))
