"""Deliveries: received webhooks, leased, retried and finished."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, Update, and_, bindparam, or_, select, update

from bridge.errors import KeyMissing, LeaseLost, SealBroken
from bridge.model import Delivery, DeliveryState, Fact, Lease
from bridge.rules.webhooks.mandatory_bodies import MANDATORY_TOPICS
from bridge.rules.webhooks.topics import BODY_OF_ANOTHER_TOPIC, SHOP_MALFORMED, TOPIC_MALFORMED
from bridge.store.evidence.chain import EvidenceRows
from bridge.store.schema.columns import inline
from bridge.store.schema.tables import deliveries
from bridge.store.session import Session
from bridge.store.value_lists import bind_values, match_values
from bridge.store.webhooks.insert_rows import ENQUEUE_GRACE_S

REENQUEUE_AFTER_S = 15.0
_ENQUEUE_GRACE = timedelta(seconds=ENQUEUE_GRACE_S)
DELIVERY_BODY_AAD = "deliveries|{id}|body|{shop}"
DISMISSED = "dismissed"  # the reason of a delivery that an operator closed
SAME_FIELDS = tuple(name for name in Delivery.__slots__ if name not in {"raw", "state"})  # a column for each
READ_SAME = attrgetter(*SAME_FIELDS)
SETTLED_REASONS = (DISMISSED, "person_erased")
# mandatory webhooks that nobody has acted on, as `rules.webhooks.topics.is_mandatory` says
HAS_FAILED = deliveries.c.state.in_([inline(DeliveryState.FAILED), inline(DeliveryState.REJECTED)])
NEEDS_ACTION = and_(
    HAS_FAILED,
    or_(
        and_(deliveries.c.topic.in_(list(MANDATORY_TOPICS)), deliveries.c.reason != BODY_OF_ANOTHER_TOPIC),
        and_(deliveries.c.topic == "", deliveries.c.reason.not_in([TOPIC_MALFORMED, SHOP_MALFORMED])),
    ),
    deliveries.c.reason.not_in(SETTLED_REASONS),
)


def _select_due_deliveries(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Build the selection of deliveries that a worker may lease now, the oldest first."""
    now = bindparam("now", type_=deliveries.c.wake_at.type)
    free = or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until < now)
    due = or_(deliveries.c.attempts == 0, deliveries.c.wake_at <= now)
    return (
        select(*(deliveries.c[name] for name in (*SAME_FIELDS, "state", "body", "body_bytes", "fence")))
        .where(deliveries.c.state == inline(DeliveryState.RECEIVED), free, due, *conditions)
        .order_by(deliveries.c.received_at, deliveries.c.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
    )


UPDATE_LEASED_DELIVERY = update(deliveries).where(
    deliveries.c.id == bindparam("of"), deliveries.c.fence == bindparam("by")
)


@cache
def _build_held_update(dialect: str) -> Update:
    """Build what leases `those` deliveries, which are locked; what it sets besides are its other parameters."""
    held = update(deliveries).where(match_values(dialect, deliveries.c.id))
    return held.values(fence=deliveries.c.fence + 1, attempts=deliveries.c.attempts + 1)


SELECT_DUE_DELIVERY = _select_due_deliveries(deliveries.c.id == bindparam("of"))


@cache
def _select_index_deliveries(topics: tuple[str, ...]) -> Select[Any]:
    """Build, once for each list of topics, the selection of a shop's deliveries for the index: every request runs it."""
    wanted = or_(*(deliveries.c.topic.startswith(topic, autoescape=True) for topic in topics))
    # two privacy topics begin with "customers/" too: they are dispatched, never indexed
    not_ours = deliveries.c.topic.not_in(list(MANDATORY_TOPICS))
    return _select_due_deliveries(deliveries.c.shop == bindparam("of"), not_ours, wanted)


def _warn_of_failure(delivery_id: str, topic: str, fault: str) -> None:
    import structlog  # noqa: PLC0415 - slow to import: a listing logs nothing

    structlog.get_logger().warning("delivery.failed", id=delivery_id, topic=topic, fault=fault)


class InboxRows:
    """Deliveries, from received to done."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def acquire_lease(self, delivery_id: str) -> tuple[Lease, Delivery] | None:
        """Lease one delivery; None where it is done, leased or not due."""
        leases = self._lease_selected(SELECT_DUE_DELIVERY, {"of": delivery_id, "most": 1})
        return leases[0] if leases else None

    def hold_delivery(self, delivery_id: str) -> tuple[Lease, Delivery] | None:
        """Lease one delivery as `acquire_lease` does, until this transaction ends, as `hold_batch` does."""
        held = self._lease_selected(SELECT_DUE_DELIVERY, {"of": delivery_id, "most": 1}, is_held=True)
        return held[0] if held else None

    def acquire_lease_batch(
        self, shop: str, topics: Iterable[str], limit: int, limit_bytes: int
    ) -> list[tuple[Lease, Delivery]]:
        """Lease the oldest deliveries of these topics, bounded in rows and bytes."""
        return self._lease_selected(_select_index_deliveries(tuple(topics)), {"of": shop, "most": limit}, limit_bytes)

    def hold_batch(
        self, shop: str, topics: Iterable[str], limit: int, limit_bytes: int
    ) -> list[tuple[Lease, Delivery]]:
        """Lease such a batch until this transaction ends, without writing it: the locks on the rows are enough.

        So each row is written once, by `complete_held_deliveries`. What ends otherwise needs `write_leases` first.
        """
        given = {"of": shop, "most": limit}
        return self._lease_selected(_select_index_deliveries(tuple(topics)), given, limit_bytes, is_held=True)

    def _lease_selected(
        self, selection: Select[Any], parameters: dict[str, Any], limit_bytes: int = 0, *, is_held: bool = False
    ) -> list[tuple[Lease, Delivery]]:
        size, leased = 0, list[tuple[Lease, Any]]()
        for row in self._connection.execute(selection, parameters | {"now": self._session.now()}).all():
            size += row.body_bytes
            if leased and limit_bytes and size > limit_bytes:
                break
            leased.append((Lease(row_id=row.id, fence=row.fence + 1), row))
        if not is_held:
            self.write_leases([lease for lease, _ in leased])
        opened = [(lease, self._open_or_fail(lease, row, is_held=is_held)) for lease, row in leased]
        return [(lease, delivery) for lease, delivery in opened if delivery]

    def write_leases(self, leases: Sequence[Lease]) -> None:
        """Write leases of deliveries that this transaction holds."""
        if leases:
            lease_until = self._session.now() + timedelta(seconds=self._session.lease_s)
            self._update_held(leases, {"lease_until": lease_until})

    def _update_held(self, leases: Sequence[Lease], values: dict[str, Any]) -> int:
        those = bind_values(self._connection, [lease.row_id for lease in leases])
        statement = _build_held_update(self._connection.dialect.name)
        return self._connection.execute(statement, values | {"those": those}).rowcount

    def _open_or_fail(self, lease: Lease, row: Any, *, is_held: bool) -> Delivery | None:
        """Open a delivery. One that does not open (key removed, or altered) fails alone, and operators see it."""
        try:
            return self.open_delivery(row)
        except (KeyMissing, SealBroken) as fault:
            error = type(fault).__name__
            if is_held:
                self.write_leases([lease])
            self.finish_delivery(lease, DeliveryState.FAILED, error)
            _warn_of_failure(row.id, row.topic, error)
            EvidenceRows(self._session).append_fact(
                Fact.DELIVERY_FAILED, shop=row.shop, delivery=row.id, topic=row.topic, error=error
            )
            return None

    def open_delivery(self, row: Any) -> Delivery:
        """Return a row as a Delivery, its body in the clear."""
        aad = DELIVERY_BODY_AAD.format(id=row.id, shop=row.shop)
        raw = self._session.keyring.open(row.body, aad) if row.body is not None else b""
        return Delivery(raw=raw, state=DeliveryState(row.state), **dict(zip(SAME_FIELDS, READ_SAME(row), strict=True)))

    def finish_delivery(self, lease: Lease, state: DeliveryState, reason: str = "") -> None:
        """End a delivery. DONE destroys its body. Raises LeaseLost."""
        self._update_leased_delivery(lease, self._build_end_values(state, reason))

    def complete_held_deliveries(self, leases: Sequence[Lease]) -> None:
        """End deliveries of `hold_batch` as done and destroy their bodies, in one statement. Raises LeaseLost."""
        if leases and self._update_held(leases, self._build_end_values(DeliveryState.DONE)) != len(leases):
            raise LeaseLost(leases[0].row_id)

    def dismiss_delivery(self, delivery_id: str) -> bool:
        """Close a failed or rejected delivery that needs no action; False where it is in another state."""
        ended = (DeliveryState.FAILED, DeliveryState.REJECTED)
        is_open = (deliveries.c.id == delivery_id, deliveries.c.state.in_(ended), deliveries.c.reason != DISMISSED)
        values = {"state": DeliveryState.REJECTED, "reason": DISMISSED, "last_error": ""}
        return bool(self._connection.execute(update(deliveries).where(*is_open).values(values)).rowcount)

    def find_rejected_delivery(self, delivery_id: str) -> Delivery | None:
        """Return a rejected delivery that has its body. Raises KeyMissing, SealBroken."""
        is_rejected = (deliveries.c.state == DeliveryState.REJECTED, deliveries.c.body.is_not(None))
        row = self._connection.execute(select(deliveries).where(deliveries.c.id == delivery_id, *is_rejected)).first()
        return self.open_delivery(row) if row else None

    def readmit_delivery(self, delivery: Delivery) -> None:
        """Store an earlier rejected delivery as received now, under its topic and shop; its body is sealed for that shop."""
        aad = DELIVERY_BODY_AAD.format(id=delivery.id, shop=delivery.shop)
        values: dict[str, Any] = {"shop": delivery.shop, "topic": delivery.topic}
        values |= {"state": DeliveryState.RECEIVED, "reason": "", "last_error": "", "attempts": 0, "done_at": None}
        values |= {"wake_at": self._session.now(), "rung_at": None}
        values["body"] = self._session.keyring.seal(delivery.raw, aad)
        self._connection.execute(update(deliveries).where(deliveries.c.id == delivery.id).values(values))

    def _build_end_values(self, state: DeliveryState, reason: str = "") -> dict[str, Any]:
        error = reason if state is DeliveryState.FAILED else ""
        values: dict[str, Any] = {"state": state, "reason": reason, "last_error": error}
        values |= {"done_at": self._session.now(), "wake_at": None, "lease_until": None}
        if state is DeliveryState.DONE:
            values["body"] = None
        if state is DeliveryState.REJECTED:
            values |= {"once_key": None, "digest": None}
        return values

    def schedule_retry(self, lease: Lease, error: str, retry_at: datetime) -> None:
        """Release a delivery until `retry_at`. Raises LeaseLost."""
        values = {"last_error": error[:200], "wake_at": retry_at, "rung_at": None, "lease_until": None}
        self._update_leased_delivery(lease, values)

    def _update_leased_delivery(self, lease: Lease, values: dict[str, Any]) -> None:
        leased = {"of": lease.row_id, "by": lease.fence}
        if self._connection.execute(UPDATE_LEASED_DELIVERY, values | leased).rowcount != 1:
            raise LeaseLost(lease.row_id)


def new_delivery_row(delivery: Delivery, *, sealed_body: bytes, digest: str, unique_webhook_id: bool) -> dict[str, Any]:
    """Build the given columns of a received delivery. `unique_webhook_id`: another one with its webhook id is a repetition."""
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
        "once_key": f"{delivery.shop}|{delivery.topic}|{delivery.webhook_id}" if unique_webhook_id else None,
        "digest": digest,
        "body": sealed_body,
        "body_bytes": len(delivery.raw),
        "state": delivery.state,
        "reason": delivery.reason,
        "wake_at": delivery.received_at + _ENQUEUE_GRACE if received else None,
    }
