"""The store: transactions over SQLite and Postgres, accepted webhooks, due rows, expired bodies and packages.

The store seals and opens by itself. Steps give and get values in the clear, inside one transaction, and never see a
key or a sealed byte.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, or_, select, text, true, update
from sqlalchemy.exc import DBAPIError

from bridge.cooperation import call_blocking
from bridge.errors import BridgeError
from bridge.model import Delivery, DeliveryState, Lease, Remnant
from bridge.rules.operations.batch_pace import BatchPace
from bridge.rules.shops.shop_names import ShopDirectory
from bridge.rules.webhooks.mandatory_bodies import MANDATORY_TOPICS
from bridge.rules.webhooks.topics import is_mandatory
from bridge.store.crypto.keyring import Keyring
from bridge.store.engine import (
    begin_reading,
    lock_sqlite_writers,
    open_accept_engine,
    open_engine,
    translate_database_errors,
)
from bridge.store.erasure.remnants import OverwriteResult, list_parts, overwrite_parts
from bridge.store.operations.leased_tables import LEASED_BY_JOB
from bridge.store.requests.requests import OPEN_STATES
from bridge.store.requests.turns import GAVE_WAY
from bridge.store.retention.expire_packages import RecordDestroyed, destroy_what_expired
from bridge.store.schema.tables import deliveries, requests
from bridge.store.schema.ulid import new_id
from bridge.store.session import Session
from bridge.store.shops.directory_cache import ShopDirectoryCache
from bridge.store.transaction import Tx
from bridge.store.webhooks import inbox
from bridge.store.webhooks.group_commit import GroupCommit
from bridge.store.webhooks.insert_rows import DeliveryRow, insert_new_rows

ROWS_COUNTED_OF_INDEX = 400  # a few milliseconds for all of them
EnqueueJobs = Callable[[Sequence[tuple[str, str, bool]]], None]


class SqlStore:
    """The store of one process. Connects on first use; `close` ends its threads and connections.

    `on_accepted` is called after each commit of accepted deliveries, on the writer's thread and not a request's,
    with the jobs to enqueue: (job, id, at front). `on_close` is called once no delivery is accepted any more.
    With `discards_changes` every transaction rolls back at its end: a dry run. `elapsed_s` is a clock that only goes forward.
    """

    def __init__(
        self,
        url: str,
        *,
        keyring: Keyring,
        now: Callable[[], datetime],
        lease_s: float = 15.0,
        dedupe_hours: float = 4.0,
        queue_rows: int = 2000,
        queue_bytes: int = 64_000_000,
        wait_s: float = 3.0,
        elapsed_s: Callable[[], float] = time.perf_counter,
        on_accepted: EnqueueJobs | None = None,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self.engine: Engine = open_engine(url)
        self._accept_engine = open_accept_engine(self.engine, writers=1)
        self.keyring = keyring
        self.now = now
        self._lease_s, self._elapsed_s = lease_s, elapsed_s
        self._shop_cache = ShopDirectoryCache()
        self._dedupe_window = timedelta(hours=dedupe_hours)
        self._on_accepted, self._on_close = on_accepted, on_close
        self.discards_changes = False
        self._group_commit = GroupCommit(
            self._commit_deliveries,
            max_rows=queue_rows,
            max_bytes=queue_bytes,
            wait_s=wait_s,
            on_committed=self._enqueue_committed,
        )

    def new_id(self, prefix: str) -> str:
        """Return a new id that sorts by time."""
        return new_id(prefix)

    @contextmanager
    def transaction(self, pace: BatchPace | None = None) -> Iterator[Tx]:
        """Open a transaction: it commits when its block ends and rolls back when the block raises.

        `pace` learns how long SQLite's writer was held; Postgres has no such. Raises StoreUnavailable where the database
        does not answer.
        """
        with translate_database_errors(self.engine):
            with self.engine.begin() as connection:
                began_s = self._elapsed_s()
                yield Tx(Session(connection, self.keyring, self.now, self._lease_s, self._shop_cache))
                if self.discards_changes:
                    connection.rollback()
            if pace is not None:
                pace.record_hold(self._elapsed_s() - began_s if self.engine.dialect.name == "sqlite" else 0.0)

    @contextmanager
    def read(self, *, one_state: bool = True) -> Iterator[Tx]:
        """Open a transaction for long reading: it sees one state, holds up no writer and must not write.

        Without `one_state` each statement may see another: less work for a few short ones that do not depend on each other.
        Raises StoreUnavailable where the database does not answer.
        """
        with translate_database_errors(self.engine), begin_reading(self.engine, one_state=one_state) as connection:
            session = Session(
                connection, self.keyring, self.now, self._lease_s, self._shop_cache, sees_one_state=one_state
            )
            yield Tx(session)

    def accept_delivery(self, delivery: Delivery, *, signature: str = "") -> bool:
        """Commit one webhook together with those that wait at the same time. Return True where it is new.

        A verified `signature` stands for the body where a webhook id finds a repetition, too: to hash the body once more
        costs as much as to verify it. After a change of Shopify's secret the id alone finds it.
        The new ones of a batch are enqueued after its commit, outside of this call. Raises StoreUnavailable when the
        webhook was not committed in time or too many wait.
        """
        received = delivery.state is DeliveryState.RECEIVED
        # of a mandatory webhook only the signed bytes count: an id that nobody signed must not hide another body
        webhook_id = "" if is_mandatory(delivery.topic, delivery.reason) else delivery.webhook_id
        name = "delivery" if received else f"rejected|{delivery.reason}|{webhook_id}"
        body = f"signature|{signature}".encode() if signature and webhook_id else delivery.raw
        content = b"\0".join([name.encode(), delivery.topic.encode(), delivery.shop.encode(), body])
        return self._group_commit.commit_row(
            inbox.new_delivery_row(
                delivery,
                sealed_body=self.keyring.seal(
                    delivery.raw, inbox.DELIVERY_BODY_AAD.format(id=delivery.id, shop=delivery.shop)
                ),
                digest=self.keyring.digest("delivery", content),
                unique_webhook_id=received and bool(webhook_id),
            )
        )

    def _commit_deliveries(self, rows: Sequence[DeliveryRow]) -> set[str]:
        with translate_database_errors(self.engine), lock_sqlite_writers(self.engine):
            try:
                return self._insert_deliveries(rows)
            except DBAPIError as fault:
                if not fault.connection_invalidated:
                    raise
                # the connection was dead: a new one repeats it, and nothing is doubled
                return self._insert_deliveries(rows, is_again=True)

    def _insert_deliveries(self, rows: Sequence[DeliveryRow], *, is_again: bool = False) -> set[str]:
        dedupe_after = self.now() - self._dedupe_window
        with self._accept_engine.begin() as connection:
            return insert_new_rows(connection, rows, dedupe_after=dedupe_after, is_again=is_again)

    def _enqueue_committed(self, rows: Sequence[dict[str, Any]]) -> None:
        if self._on_accepted is not None:
            received = [row for row in rows if row["state"] == DeliveryState.RECEIVED]
            jobs = (_job_for_delivery(row["topic"], row["shop"], row["id"]) for row in received)
            self._on_accepted(list(dict.fromkeys(jobs)))

    def acquire_named_lock(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a named lock for some seconds; False where another holder has it."""
        with self.transaction() as tx:
            return tx.operator_queries.acquire_named_lock(name, holder, seconds)

    @contextmanager
    def renewing_lease(self, lease: Lease, repository: str = "requests") -> Iterator[None]:
        """Renew a lease of `tx.<repository>` in the background while the block works.

        A renewal that fails is repeated at the next interval: the fence protects the row, not the renewal.
        """
        stop = threading.Event()

        def renew() -> None:
            while not stop.wait(self._lease_s / 3):
                with suppress(BridgeError), self.transaction() as tx:
                    getattr(tx, repository).verify_lease(lease)

        thread = threading.Thread(target=renew, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def enqueue_due(self, enqueue: Callable[[str, str, bool], bool], *, max_jobs: int) -> int:
        """Enqueue rows that are due and that no worker leased, at most `max_jobs`. Return how many were enqueued.

        `enqueue(job, row id, at front)` returns False where the queue did not answer. Privacy work comes first, but a request that
        gave way goes last. A row is enqueued again only after REENQUEUE_AFTER_S: the earlier job may still wait in the queue.
        """
        now = self.now()
        with self.transaction() as tx:
            due_deliveries = self._select_due_rows(tx, deliveries, max_jobs)
            jobs = [(row, _job_for_delivery(row.topic, row.shop, row.id)) for row in due_deliveries]
            jobs += [
                (row, ("process", row.id, not row.gave_way)) for row in self._select_due_rows(tx, requests, max_jobs)
            ]
            for table, job in LEASED_BY_JOB:
                jobs += [(row, (job, row.id, False)) for row in self._select_due_rows(tx, table, max_jobs)]
            chosen = sorted(dict.fromkeys(job for _, job in jobs), key=lambda job: not job[2])[:max_jobs]
            for table in (deliveries, requests, *(table for table, _ in LEASED_BY_JOB)):
                ids = [row.id for row, job in jobs if job in chosen]
                tx.session.connection.execute(update(table).where(table.c.id.in_(ids)).values(rung_at=now))
        return sum(enqueue(*job) for job in chosen)

    def _select_due_rows(self, tx: Tx, table: Any, max_jobs: int) -> list[Any]:
        now = self.now()
        is_open: Any = true()
        if table is deliveries:
            is_open = table.c.state == DeliveryState.RECEIVED
        elif table is requests:
            is_open = table.c.state.in_(OPEN_STATES)
        free = or_(table.c.lease_until.is_(None), table.c.lease_until < now)
        enqueued_before = now - timedelta(seconds=inbox.REENQUEUE_AFTER_S)
        not_enqueued = or_(table.c.rung_at.is_(None), table.c.rung_at < enqueued_before)
        columns, order = [table.c.id, table.c.shop], [table.c.wake_at]
        if table is deliveries:
            columns.append(table.c.topic)
            order.insert(0, table.c.topic.not_in(list(MANDATORY_TOPICS)))
        if table is requests:
            columns.append(GAVE_WAY.label("gave_way"))
        due = select(*columns).where(is_open, table.c.wake_at <= now, free, not_enqueued)
        return list(tx.session.connection.execute(due.order_by(*order).limit(max_jobs)))

    def expire_bodies_and_packages(
        self, *, keep_failed_days: int, keep_packages_days: int, on_destroyed: RecordDestroyed | None = None
    ) -> Mapping[str, int]:
        """Destroy bodies of failed and rejected webhooks, packages, and details of requests, that reached their age. Return how many.

        In short transactions; `on_destroyed` is called in each with what it destroyed: (transaction, kind, how many).
        """
        return destroy_what_expired(
            self, keep_failed_days=keep_failed_days, keep_packages_days=keep_packages_days, on_destroyed=on_destroyed
        )

    def read_shop_directory(self) -> ShopDirectory:
        """Return the names of all shops. Raises StoreUnavailable."""
        with self.read(one_state=False) as tx:
            return tx.shop_names.directory

    def has_known_name(self, domain: str, known_domains: Collection[str]) -> bool:
        """Return whether the shop with this domain has, or had, one of the known domains. Raises StoreUnavailable."""
        return call_blocking(lambda: self.read_shop_directory().has_known_name(domain, known_domains))

    def list_parts(self, *, keys_only: bool = False) -> Sequence[str]:
        """Return the parts of the database that `overwrite_parts` takes: all, or those with the data subjects' keys."""
        return list_parts(self.engine, keys_only=keys_only)

    def overwrite_parts(
        self, found: Sequence[Remnant], parts: Sequence[str], *, max_bytes: int | None
    ) -> OverwriteResult:
        """Overwrite what these remnants left in parts of the database, none of which is larger than `max_bytes`.

        Waits for no lock: what others use is left. Raises StoreUnavailable and StoreFault.
        """
        return overwrite_parts(self.engine, found, parts, max_bytes=max_bytes)

    def count_rows_for_plans(self) -> None:
        """Let SQLite count some rows of each index, by which it chooses one. Raises StoreUnavailable."""
        if self.engine.dialect.name == "sqlite":
            with self.transaction() as tx:
                tx.session.connection.exec_driver_sql(f"PRAGMA analysis_limit={ROWS_COUNTED_OF_INDEX}")
                tx.session.connection.exec_driver_sql("ANALYZE")

    def ping(self) -> None:
        """Make one round trip to the database. Raises StoreUnavailable."""
        with translate_database_errors(self.engine), self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Commit the deliveries that wait, end the threads, and close all connections.

        `accept_delivery` raises StoreUnavailable from then on.
        """
        self._group_commit.close()
        if self._on_close is not None:
            self._on_close()
        self._accept_engine.dispose()
        self.engine.dispose()


def _job_for_delivery(topic: str, shop: str, row_id: str) -> tuple[str, str, bool]:
    """Return (job, row id, at front): privacy work one job each and first, index updates one job for a whole shop."""
    return ("dispatch", row_id, True) if topic in MANDATORY_TOPICS else ("index", shop, False)
