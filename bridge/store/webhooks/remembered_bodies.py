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

    def remember_body(self, digest: str, delivery: Delivery, *, request_id: str = "") -> None:
        """Remember the body of a delivery by its digest; one that is known stays as it is."""
        row: dict[str, Any] = {"digest": digest, "shop": delivery.shop, "topic": delivery.topic}
        row |= {"first_received_at": delivery.received_at, "request_id": request_id}
        self._connection.execute(upsert(self._connection, remembered_bodies), row)

    def find_body(self, digest: str) -> RememberedBody | None:
        """Return the first receipt of the bytes with this digest; None where there was none."""
        columns = [remembered_bodies.c[name] for name in RememberedBody.__slots__]
        row = self._connection.execute(select(*columns).where(remembered_bodies.c.digest == digest)).mappings().first()
        return RememberedBody(**row) if row else None
