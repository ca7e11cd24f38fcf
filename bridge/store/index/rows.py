"""The index: whose order, whose parcel, at which carrier. Reads and learns; `store/forget` and `store/forget_shop` erase.

Lookups go by pseudonym. What must be read again (order id and name, waybill) is sealed under the person's
data key. Deliveries come late, twice and in any order: the newest `updated_at` wins.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bridge.model import IndexedOrder, ParcelStatus, Principal, Tombstone, Waybill
from bridge.rules.index.minimise import Sighting
from bridge.store.erasure.erasures import ErasureLookup
from bridge.store.index.ingest import SightingIngest
from bridge.store.recovery.reapply_erasures import ErasureReapplier
from bridge.store.schema.tables import parcels, suppressions
from bridge.store.shops.erase_shop import ShopEraser

PARCEL_AAD = "parcels|{key}|doc|{shop}"
ORDER_AAD = "orders|{key}|doc|{shop}"


class IndexRows(SightingIngest, ErasureReapplier, ShopEraser, ErasureLookup):
    """`ports.Index` in one transaction."""

    def ingest_sightings(self, shop: str, sightings: Sequence[Sighting]) -> Sequence[Sighting]:
        """See ports.Index."""
        return self.ingest_batch(shop, sightings)

    def list_parcels(self, shop: str, principal: Principal) -> list[Waybill]:
        """See ports.Index."""
        return self._read_order_parcels(shop, self.list_order_rows(shop, principal))

    def list_parcels_by_tombstones(self, shop: str, tombstones: Sequence[Tombstone]) -> list[Waybill]:
        """See ports.Index."""
        return self._read_order_parcels(shop, self.list_order_rows_by_tombstones(shop, tombstones))

    def _read_order_parcels(self, shop: str, order_rows: Sequence[Any]) -> list[Waybill]:
        mine = {row.order_key: row for row in order_rows}
        if not mine:
            return []
        rows = self._connection.execute(
            select(parcels)
            .where(parcels.c.shop == shop, parcels.c.order_key.in_(list(mine)))
            .order_by(parcels.c.shipped_at, parcels.c.parcel_key)
        ).all()
        return [self._waybill_from_row(shop, row, mine[row.order_key]) for row in rows]

    def list_orders(self, shop: str, principal: Principal) -> dict[str, IndexedOrder]:
        """See ports.Index."""
        docs = [self.open_order_doc(shop, row) for row in self.list_order_rows(shop, principal) if row.doc]
        return {doc["id"]: IndexedOrder(name=doc["name"], matters=_read_open_blockers(doc)) for doc in docs}

    def find_erasing_request(self, shop: str, order_id: str) -> str:
        """See ports.Index."""
        key = self.pseudonym(shop, "order", order_id)
        hers = (suppressions.c.shop == shop, suppressions.c.field == "order", suppressions.c.key == key)
        return self._connection.scalar(select(suppressions.c.request_id).where(*hers)) or ""

    def _waybill_from_row(self, shop: str, row: Any, order: Any) -> Waybill:
        place = PARCEL_AAD.format(key=row.parcel_key, shop=shop)
        parcel = json.loads(self._session.open(row.doc, place))
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
        )

    def open_order_doc(self, shop: str, row: Any) -> dict[str, Any]:
        """What is sealed of an order: its id and name, whether it is paid at the door, what is not settled."""
        if row.doc is None:
            return {}
        opened: dict[str, Any] = json.loads(
            self._session.open(row.doc, ORDER_AAD.format(key=row.order_key, shop=shop))
        )
        return opened


def _read_open_blockers(doc: dict[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(matter for matter, (_, is_open) in doc.get("matters", {}).items() if is_open))
