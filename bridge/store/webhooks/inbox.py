"""Deliveries: accepted, claimed, settled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.errors import ClaimLost, KeyMissing, SealBroken
from bridge.model import Delivery, DeliveryState, Fact
from bridge.ports import Claim
from bridge.rules.webhooks.topics import MANDATORY
from bridge.store.evidence.chain import EvidenceRows
from bridge.store.schema.tables import deliveries

if TYPE_CHECKING:
    from bridge.store.session import Session

SWEEP_GRACE_S = 5.0  # the bell comes first; sweep looks after it
RING_AGAIN_S = 15.0
PLACE = "deliveries|{id}|body|{shop}"


def insert_rows(
    connection: Connection, rows: Sequence[dict[str, Any]], *, dedupe_after: datetime
) -> set[str]:
    """Insert what is new among the rows; returns the ids of those.

    New means: neither this webhook id nor, since `dedupe_after`, these bytes under this topic and shop.
    """
    first: dict[str, dict[str, Any]] = {}
    for row in rows:
        first.setdefault(row["digest"], row)
    known = deliveries.c.digest.in_(list(first))
    connection.execute(
        update(deliveries).where(known, deliveries.c.received_at < dedupe_after).values(digest=None)
    )
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(deliveries).on_conflict_do_nothing().returning(deliveries.c.id)
    return set(connection.scalars(statement, list(first.values())))


def _waiting(*which: ColumnElement[bool]) -> Select[Any]:
    """Deliveries that can be worked on now, the oldest first."""
    now = bindparam("now", type_=deliveries.c.wake_at.type)
    free = or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until < now)
    due = or_(deliveries.c.attempts == 0, deliveries.c.wake_at <= now)
    return (
        select(deliveries)
        .where(deliveries.c.state == DeliveryState.RECEIVED, free, due, *which)
        .order_by(deliveries.c.received_at, deliveries.c.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
    )


OWNED = update(deliveries).where(deliveries.c.id == bindparam("of"), deliveries.c.fence == bindparam("by"))
ONE = _waiting(deliveries.c.id == bindparam("of"))


@cache
def _teaching(topics: tuple[str, ...]) -> Select[Any]:
    """Deliveries of a shop that the index learns from: looked for before every request, and built once."""
    wanted = or_(*(deliveries.c.topic.startswith(topic, autoescape=True) for topic in topics))
    # "customers/" is also how two privacy topics begin: those are dispatched, never learned from
    not_ours = deliveries.c.topic.not_in(list(MANDATORY))
    return _waiting(deliveries.c.shop == bindparam("of"), not_ours, wanted)


class InboxRows:
    """`ports.Inbox` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def claim(self, delivery_id: str) -> tuple[Claim, Delivery] | None:
        """See ports.Inbox."""
        claimed = self._claim(ONE, {"of": delivery_id, "most": 1})
        return claimed[0] if claimed else None

    def claim_batch(
        self, shop: str, topics: Iterable[str], limit: int, limit_bytes: int
    ) -> list[tuple[Claim, Delivery]]:
        """See ports.Inbox."""
        return self._claim(_teaching(tuple(topics)), {"of": shop, "most": limit}, limit_bytes)

    def _claim(
        self, which: Select[Any], given: dict[str, Any], limit_bytes: int = 0
    ) -> list[tuple[Claim, Delivery]]:
        now = self._session.now()
        rows = self._connection.execute(which, given | {"now": now}).all()
        size = 0
        taken: list[Any] = []
        for row in rows:
            size += row.body_bytes
            if taken and limit_bytes and size > limit_bytes:
                break
            taken.append(row)
        if taken:
            self._connection.execute(
                update(deliveries)
                .where(deliveries.c.id.in_([row.id for row in taken]))
                .values(
                    fence=deliveries.c.fence + 1,
                    attempts=deliveries.c.attempts + 1,
                    lease_until=now + timedelta(seconds=self._session.lease_s),
                )
            )
        claimed = [(Claim(row_id=row.id, fence=row.fence + 1), row) for row in taken]
        return [(claim, opened) for claim, row in claimed if (opened := self._readable(claim, row))]

    def _readable(self, claim: Claim, row: Any) -> Delivery | None:
        """A body that does not open (its key left the ring, or it was altered) fails alone, and is shown."""
        try:
            return self.opened(row)
        except (KeyMissing, SealBroken) as fault:
            error = type(fault).__name__
            self.settle(claim, DeliveryState.FAILED, error)
            EvidenceRows(self._session).append(
                Fact.DELIVERY_FAILED, shop=row.shop, delivery=row.id, topic=row.topic, error=error
            )
            return None

    def opened(self, row: Any) -> Delivery:
        """A row as a Delivery, its body in the clear."""
        place = PLACE.format(id=row.id, shop=row.shop)
        return Delivery(
            id=row.id,
            shop=row.shop,
            topic=row.topic,
            received_at=row.received_at,
            raw=self._session.vault.open(row.body, place) if row.body is not None else b"",
            webhook_id=row.webhook_id,
            event_id=row.event_id,
            api_version=row.api_version,
            triggered_at=row.triggered_at,
            secret_index=row.secret_index,
            state=DeliveryState(row.state),
            reason=row.reason,
            attempts=row.attempts,
        )

    def settle(self, claim: Claim, state: DeliveryState, reason: str = "") -> None:
        """See ports.Inbox."""
        values: dict[str, Any] = {
            "state": state,
            "reason": reason,
            "last_error": reason if state is DeliveryState.FAILED else "",
            "done_at": self._session.now(),
            "wake_at": None,
            "lease_until": None,
        }
        if state is DeliveryState.DONE:
            values["body"] = None
        if state is DeliveryState.REJECTED:
            values |= {"once_key": None, "digest": None}
        self._write(claim, values)

    def retry(self, claim: Claim, error: str, at: datetime) -> None:
        """See ports.Inbox."""
        self._write(claim, {"last_error": error[:200], "wake_at": at, "rung_at": None, "lease_until": None})

    def _write(self, claim: Claim, values: dict[str, Any]) -> None:
        mine = {"of": claim.row_id, "by": claim.fence}
        if self._connection.execute(OWNED, values | mine).rowcount != 1:
            raise ClaimLost(claim.row_id)


def new_row(delivery: Delivery, *, sealed: bytes, digest: str, once: bool) -> dict[str, Any]:
    """The row of a delivery that was just received. `once`: another with its webhook id is a repetition."""
    received = delivery.state is DeliveryState.RECEIVED
    return {
        "id": delivery.id,
        "shop": delivery.shop,
        "topic": delivery.topic,
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "api_version": delivery.api_version,
        "triggered_at": delivery.triggered_at,
        "received_at": delivery.received_at,
        "secret_index": delivery.secret_index,
        "once_key": f"{delivery.shop}|{delivery.topic}|{delivery.webhook_id}" if once else None,
        "digest": digest,
        "body": sealed,
        "body_bytes": len(delivery.raw),
        "state": delivery.state,
        "reason": delivery.reason,
        "done_at": None,
        "attempts": 0,
        "last_error": "",
        "wake_at": delivery.received_at + timedelta(seconds=SWEEP_GRACE_S) if received else None,
        "rung_at": None,
        "lease_until": None,
        "fence": 0,
    }
