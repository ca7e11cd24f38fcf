"""The index: whose order, whose parcel, at which carrier. Reads and learns; `store/forget` erases.

Lookups go by pseudonym. What must be read again (order id and name, waybill) is sealed under the person's
data key. Deliveries come late, twice and in any order: the newest `updated_at` wins.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from bridge.model import Principal, Waybill
from bridge.rules.minimise import Sighting
from bridge.store.forget import Forgetting
from bridge.store.learn import Learning
from bridge.store.tables import parcels

PARCEL_PLACE = "parcels|{key}|doc|{shop}"
ORDER_PLACE = "orders|{key}|doc|{shop}"


class IndexRows(Learning, Forgetting):
    """`ports.Index` in one transaction."""

    def learn(self, shop: str, sightings: Sequence[Sighting]) -> int:
        """See ports.Index."""
        return self.learn_all(shop, sightings)

    def parcels(self, shop: str, who: Principal) -> list[Waybill]:
        """See ports.Index."""
        mine = {row.order_key: row for row in self.orders_of(shop, who)}
        if not mine:
            return []
        rows = self._connection.execute(
            select(parcels)
            .where(parcels.c.shop == shop, parcels.c.order_key.in_(list(mine)))
            .order_by(parcels.c.shipped_at, parcels.c.parcel_key)
        ).all()
        return [self._waybill(shop, row, mine[row.order_key]) for row in rows]

    def _waybill(self, shop: str, row: Any, order: Any) -> Waybill:
        place = PARCEL_PLACE.format(key=row.parcel_key, shop=shop)
        number = json.loads(self._session.open(row.doc, place))["number"]
        doc = self.order_doc(shop, order)
        return Waybill(
            number=number,
            carrier=row.carrier,
            account_holder=row.account_holder,
            order_id=doc.get("id", ""),
            order_name=doc.get("name", ""),
            shipped_at=row.shipped_at,
        )

    def order_doc(self, shop: str, row: Any) -> dict[str, str]:
        """What is sealed of an order: its id and its name."""
        if row.doc is None:
            return {}
        opened: dict[str, str] = json.loads(
            self._session.open(row.doc, ORDER_PLACE.format(key=row.order_key, shop=shop))
        )
        return opened
