"""Keyed digests of signed bodies that must be recognised for good: the mandatory ones and those of an uninstall.

Only a digest is stored, never the body. No erasure and no expiry removes it: signed bytes do not lose their signature.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from bridge.model import Delivery, RememberedBody
from bridge.store.schema.tables import remembered_bodies
from bridge.store.session import Session
from bridge.store.upsert import upsert


class RememberedBodyRows:
    """The bodies that were received before."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def remember_body(self, digest: str, delivery: Delivery, *, shop_number: str, request_id: str = "") -> None:
        """Remember the body of a delivery by its digest; one that is known stays as it is."""
        row: dict[str, Any] = {
            "digest": digest,
            "shop": delivery.shop,
            "topic": delivery.topic,
            "shop_number": shop_number[:40],
        }
        row |= {"first_received_at": delivery.received_at, "request_id": request_id}
        self._connection.execute(upsert(self._connection, remembered_bodies), row)

    def find_body(self, digest: str) -> RememberedBody | None:
        """Return the first receipt of the bytes with this digest; None where there was none."""
        columns = [remembered_bodies.c[name] for name in RememberedBody.__slots__]
        row = self._connection.execute(select(*columns).where(remembered_bodies.c.digest == digest)).mappings().first()
        return RememberedBody(**row) if row else None

    def find_shop_number(self, shop: str) -> str:
        """Return the number of a shop as its newest signed body gave it; '' where none did."""
        numbers = select(remembered_bodies.c.shop_number).where(
            remembered_bodies.c.shop == shop, remembered_bodies.c.shop_number != ""
        )
        newest = numbers.order_by(remembered_bodies.c.first_received_at.desc()).limit(1)
        return self._connection.scalar(newest) or ""
