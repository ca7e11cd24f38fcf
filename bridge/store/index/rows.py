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

from bridge.model import KnownOrder, ParcelStatus, Principal, Tombstone, Waybill
from bridge.rules.index.minimise import Sighting
from bridge.store.erasure.erasures import Erasures
from bridge.store.index.ingest import Learning
from bridge.store.recovery.reapply_erasures import Reapplying
from bridge.store.schema.tables import parcels, suppressions
from bridge.store.shops.erase_shop import ForgettingShops

PARCEL_PLACE = "parcels|{key}|doc|{shop}"
ORDER_PLACE = "orders|{key}|doc|{shop}"


class IndexRows(Learning, Reapplying, ForgettingShops, Erasures):
    """`ports.Index` in one transaction."""

    def learn(self, shop: str, sightings: Sequence[Sighting]) -> Sequence[Sighting]:
        """See ports.Index."""
        return self.learn_all(shop, sightings)

    def parcels(self, shop: str, who: Principal) -> list[Waybill]:
        """See ports.Index."""
        return self._sent(shop, self.orders_of(shop, who))

    def parcels_under(self, shop: str, tombstones: Sequence[Tombstone]) -> list[Waybill]:
        """See ports.Index."""
        return self._sent(shop, self.orders_under(shop, tombstones))

    def _sent(self, shop: str, of_orders: Sequence[Any]) -> list[Waybill]:
        mine = {row.order_key: row for row in of_orders}
        if not mine:
            return []
        rows = self._connection.execute(
            select(parcels)
            .where(parcels.c.shop == shop, parcels.c.order_key.in_(list(mine)))
            .order_by(parcels.c.shipped_at, parcels.c.parcel_key)
        ).all()
        return [self._waybill(shop, row, mine[row.order_key]) for row in rows]

    def orders(self, shop: str, who: Principal) -> dict[str, KnownOrder]:
        """See ports.Index."""
        docs = [self.order_doc(shop, row) for row in self.orders_of(shop, who) if row.doc]
        return {doc["id"]: KnownOrder(name=doc["name"], matters=_open(doc)) for doc in docs}

    def erased_by(self, shop: str, order_id: str) -> str:
        """See ports.Index."""
        key = self.pseudonym(shop, "order", order_id)
        hers = (suppressions.c.shop == shop, suppressions.c.field == "order", suppressions.c.key == key)
        return self._connection.scalar(select(suppressions.c.request_id).where(*hers)) or ""

    def _waybill(self, shop: str, row: Any, order: Any) -> Waybill:
        place = PARCEL_PLACE.format(key=row.parcel_key, shop=shop)
        parcel = json.loads(self._session.open(row.doc, place))
        doc = self.order_doc(shop, order)
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
            matters=_open(doc),
        )

    def order_doc(self, shop: str, row: Any) -> dict[str, Any]:
        """What is sealed of an order: its id and name, whether it is paid at the door, what is not settled."""
        if row.doc is None:
            return {}
        opened: dict[str, Any] = json.loads(
            self._session.open(row.doc, ORDER_PLACE.format(key=row.order_key, shop=shop))
        )
        return opened


def _open(doc: dict[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(matter for matter, (_, is_open) in doc.get("matters", {}).items() if is_open))
