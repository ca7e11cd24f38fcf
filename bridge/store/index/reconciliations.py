"""Reconciliations: at most one of a shop runs at a time, leased by the worker that compares a part of its orders."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select

from bridge.model import (
    HoleCounts,
    Lease,
    OrderSelection,
    Reconciliation,
    ReconciliationKind,
    ReconciliationProgress,
    ReconciliationState,
)
from bridge.store.leases import acquire_row_lease, renew_row_lease, update_leased_row
from bridge.store.retention.deletions import DELETION_KIND_SHOP
from bridge.store.schema.index_tables import reconciliations
from bridge.store.schema.retention_tables import destructions
from bridge.store.session import Session
from bridge.store.upsert import upsert

PROGRESS_AAD = "reconciliations|{id}|progress|{shop}"
KEPT_FOR = timedelta(days=90)


class ReconciliationRows:
    """Reconciliations and the leases on them."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def open_reconciliation(self, run: Reconciliation) -> bool:
        """Store a new run. Return False while another one of the shop runs. Forget those that ended long ago."""
        now = self._session.now()
        self._connection.execute(delete(reconciliations).where(reconciliations.c.finished_at < now - KEPT_FOR))
        row = {
            "id": run.id,
            "shop": run.shop,
            "kind": run.kind,
            "active_key": run.shop,
            "since": run.selection.since,
            "until": run.selection.until,
            "by_creation": run.selection.by_creation,
            "state": run.state,
            "actor": run.actor[:64],
            "started_at": run.started_at,
            "progress": self._seal_progress(run.id, run.shop, run.progress),
            "counts": json.dumps(asdict(run.counts)),
            "wake_at": now,
        }
        insert = upsert(self._connection, reconciliations).returning(reconciliations.c.id)
        return self._connection.scalar(insert, row) is not None

    def find_reconciliation(self, run_id: str) -> Reconciliation | None:
        """Return one run, if there is one with this id."""
        row = self._connection.execute(select(reconciliations).where(reconciliations.c.id == run_id)).one_or_none()
        return self._open_row(row) if row else None

    def find_running(self, shop: str) -> Reconciliation | None:
        """Return the run of the shop that has not ended, if any."""
        rows = select(reconciliations).where(reconciliations.c.active_key == shop)
        row = self._connection.execute(rows).one_or_none()
        return self._open_row(row) if row else None

    def list_latest(self) -> Sequence[Reconciliation]:
        """Return of each shop the last import and the last comparison of changes: those that ended well, and the others."""
        is_done = reconciliations.c.state == ReconciliationState.DONE
        is_backfill = reconciliations.c.kind == ReconciliationKind.BACKFILL
        columns = (reconciliations.c.shop, is_done, is_backfill)
        newest = select(func.max(reconciliations.c.id)).group_by(*columns)
        rows = select(reconciliations).where(reconciliations.c.id.in_(newest)).order_by(reconciliations.c.id)
        return [self._open_row(row) for row in self._connection.execute(rows)]

    def find_oldest_comparison(self, shops: Collection[str]) -> datetime | None:
        """Return when the changes of all these shops were compared: of each one's last end the earliest."""
        ended = select(func.max(reconciliations.c.finished_at).label("at")).where(
            reconciliations.c.shop.in_(shops),
            reconciliations.c.state == ReconciliationState.DONE,
            reconciliations.c.kind != ReconciliationKind.BACKFILL,
        )
        last = ended.group_by(reconciliations.c.shop).subquery()
        oldest: datetime | None = self._connection.scalar(select(func.min(last.c.at)))
        return oldest

    def find_last_start(self, shop: str, kind: ReconciliationKind) -> datetime | None:
        """Return when the last run of this kind began."""
        started = select(func.max(reconciliations.c.started_at))
        of_kind = (reconciliations.c.shop == shop, reconciliations.c.kind == kind)
        started_at: datetime | None = self._connection.scalar(started.where(*of_kind))
        return started_at

    def find_last_failed(self, shop: str, kind: ReconciliationKind) -> Reconciliation | None:
        """Return the last run of this kind if it failed."""
        of_kind = (reconciliations.c.shop == shop, reconciliations.c.kind == kind)
        rows = select(reconciliations).where(*of_kind).order_by(reconciliations.c.id.desc()).limit(1)
        row = self._connection.execute(rows).one_or_none()
        return self._open_row(row) if row is not None and row.state == ReconciliationState.FAILED else None

    def has_seen_orders(self, shop: str) -> bool:
        """Return whether the last run that was completed found orders that were placed or changed."""
        done = (reconciliations.c.shop == shop, reconciliations.c.state == ReconciliationState.DONE)
        last = select(reconciliations.c.counts).where(*done).order_by(reconciliations.c.id.desc()).limit(1)
        counts = self._connection.scalar(last)
        return counts is not None and HoleCounts(**json.loads(counts)).orders > 0

    def list_completed_spans(self, shop: str) -> Sequence[OrderSelection]:
        """Return the spans of time whose changes were compared, in the order in which the runs began."""
        done = select(reconciliations).where(
            reconciliations.c.shop == shop,
            reconciliations.c.state == ReconciliationState.DONE,
            reconciliations.c.kind != ReconciliationKind.BACKFILL,
        )
        rows = self._connection.execute(done.order_by(reconciliations.c.started_at, reconciliations.c.id))
        return [OrderSelection(since=row.since, until=row.until) for row in rows]

    def find_shop_erasure(self, shop: str) -> datetime | None:
        """Return when the shop was last erased: what is older must not come back."""
        of_shop = destructions.c.shop.in_(self._session.shops.list_keys(shop))
        erased = select(func.max(destructions.c.at)).where(of_shop, destructions.c.kind == DELETION_KIND_SHOP)
        erased_at: datetime | None = self._connection.scalar(erased)
        return erased_at

    def sum_counts(self) -> Mapping[str, int]:
        """Return the counts of all stored runs together."""
        total = HoleCounts()
        for counts in self._connection.scalars(select(reconciliations.c.counts)):
            total = total.add(HoleCounts(**json.loads(counts)))
        return asdict(total)

    def acquire_lease(self, run_id: str) -> Lease | None:
        """Lease a run that is due; None where it ended, is not due, or leased."""
        is_running = reconciliations.c.state == ReconciliationState.RUNNING
        return acquire_row_lease(self._session, reconciliations, run_id, is_running)

    def verify_lease(self, lease: Lease) -> None:
        """Verify and renew a lease at the start of a transaction; a released one is not renewed. Raises LeaseLost."""
        renew_row_lease(self._session, reconciliations, lease)

    def save_progress(self, lease: Lease, run: Reconciliation) -> None:
        """Store how far a leased run is. Raises LeaseLost."""
        progress = self._seal_progress(run.id, run.shop, run.progress)
        values = {"progress": progress, "counts": json.dumps(asdict(run.counts)), "attempts": run.attempts}
        update_leased_row(self._session, reconciliations, lease, {**values, "last_error": run.last_error[:200]})

    def release_lease(self, lease: Lease, run: Reconciliation, *, wake_at: datetime | None) -> None:
        """Store a run and release it until `wake_at`; one that ended lets the next of its shop begin. Raises LeaseLost."""
        self.save_progress(lease, run)
        values: dict[str, Any] = {"state": run.state, "finished_at": run.finished_at, "wake_at": wake_at}
        if run.state is not ReconciliationState.RUNNING:
            values["active_key"] = None
        update_leased_row(self._session, reconciliations, lease, {**values, "rung_at": None, "lease_until": None})

    def _seal_progress(self, run_id: str, shop: str, progress: ReconciliationProgress) -> bytes:
        plain = json.dumps(asdict(progress)).encode()
        return self._session.keyring.seal(plain, PROGRESS_AAD.format(id=run_id, shop=shop))

    def _open_row(self, row: Any) -> Reconciliation:
        progress = json.loads(self._session.open(row.progress, PROGRESS_AAD.format(id=row.id, shop=row.shop)))
        return Reconciliation(
            id=row.id,
            shop=row.shop,
            kind=ReconciliationKind(row.kind),
            selection=OrderSelection(since=row.since, until=row.until, by_creation=row.by_creation),
            state=ReconciliationState(row.state),
            actor=row.actor,
            started_at=row.started_at,
            progress=ReconciliationProgress(**progress | {"denied": tuple(progress["denied"])}),
            counts=HoleCounts(**json.loads(row.counts)),
            finished_at=row.finished_at,
            attempts=row.attempts,
            last_error=row.last_error,
        )
