"""`ports.Store` over SQLite and Postgres: transactions, accepting, ringing for what is due, purging."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, and_, delete, or_, select, text, true, update

from bridge.errors import BridgeError
from bridge.model import Delivery, DeliveryState, RequestState
from bridge.ports import Lease
from bridge.rules.webhooks.topics import MANDATORY_TOPICS
from bridge.store.access.findings import FindingRows
from bridge.store.access.packages import PackageRows
from bridge.store.crypto.keyring import Keyring
from bridge.store.engine import lock_sqlite_writers, open_engine, translate_database_errors
from bridge.store.erasure.plans import PlanRows
from bridge.store.evidence.chain import EvidenceRows
from bridge.store.evidence.chain_heads import SignedHeadRows
from bridge.store.index.rows import IndexRows
from bridge.store.listing import OperatorQueries
from bridge.store.notices.letters import NoticeRows
from bridge.store.recovery.ledger_state import LedgerStateRows
from bridge.store.refunds.refund_accounts import RefundRows
from bridge.store.requests.requests import OPEN_STATES, RequestRows
from bridge.store.retention.documents import DocumentRows
from bridge.store.retention.documents_by_order import VaultOrderRows
from bridge.store.retention.expire import ExpiryRows
from bridge.store.retention.legal_holds import LegalHoldRows
from bridge.store.retention.policies import RetentionPolicyRows
from bridge.store.reviews import ReviewRows
from bridge.store.schema.tables import deliveries, notice_accounts, packages, requests
from bridge.store.schema.ulid import new_id
from bridge.store.session import Session
from bridge.store.shops.shop_exits import ShopExitRows
from bridge.store.shops.tokens import TokenRows
from bridge.store.webhooks import inbox
from bridge.store.webhooks.group_commit import GroupCommit
from bridge.store.webhooks.inbox import InboxRows

EnqueueJobs = Callable[[Sequence[tuple[str, str, bool]]], None]


class SqlTx:
    """One transaction: every repository over one connection."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.inbox = InboxRows(session)
        self.requests = RequestRows(session)
        self.findings = FindingRows(session)
        self.index = IndexRows(session)
        self.notices = NoticeRows(session)
        self.evidence = EvidenceRows(session)
        self.signed_heads = SignedHeadRows(session)
        self.packages = PackageRows(session)
        self.documents = DocumentRows(session)
        self.shop_exits = ShopExitRows(session)
        self.plans = PlanRows(session)
        self.ledger_state = LedgerStateRows(session)
        self.refunds = RefundRows(session)
        self.reviews = ReviewRows(session)
        self.vault_orders = VaultOrderRows(session)
        self.legal_holds = LegalHoldRows(session)
        self.retention_policies = RetentionPolicyRows(session)
        self.expiry = ExpiryRows(session)
        self.operator_queries = OperatorQueries(session)
        self.tokens = TokenRows(session)

    @contextmanager
    def open_savepoint(self) -> Iterator[Callable[[], None]]:
        """See ports.Tx."""
        with self.session.connection.begin_nested() as point:
            yield point.rollback


class SqlStore:
    """The store of one process. Connects on first use; `close` ends its threads and connections.

    `on_accepted` is called after each commit of accepted deliveries, on the writer's thread and not a request's,
    with the jobs to enqueue: (job, id, at front). `on_close` is called once no delivery is accepted any more.
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
        on_accepted: EnqueueJobs | None = None,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self.engine: Engine = open_engine(url)
        self.keyring = keyring
        self.now = now
        self._lease_s = lease_s
        self._dedupe_window = timedelta(hours=dedupe_hours)
        self._on_accepted, self._on_close = on_accepted, on_close
        self._group_commit = GroupCommit(
            self._commit_deliveries,
            max_rows=queue_rows,
            max_bytes=queue_bytes,
            wait_s=wait_s,
            on_committed=self._enqueue_committed,
        )

    def new_id(self, prefix: str) -> str:
        """See ports.Store."""
        return new_id(prefix)

    @contextmanager
    def transaction(self) -> Iterator[SqlTx]:
        """See ports.Store."""
        with translate_database_errors(), self.engine.begin() as connection:
            yield SqlTx(Session(connection, self.keyring, self.now, self._lease_s))

    def accept_delivery(self, delivery: Delivery) -> bool:
        """See ports.Store."""
        received = delivery.state is DeliveryState.RECEIVED
        name = "delivery" if received else f"rejected|{delivery.reason}|{delivery.webhook_id}"
        content = b"\0".join([delivery.topic.encode(), delivery.shop.encode(), delivery.raw])
        return self._group_commit.commit_row(
            inbox.new_delivery_row(
                delivery,
                sealed_body=self.keyring.seal(
                    delivery.raw, inbox.DELIVERY_BODY_AAD.format(id=delivery.id, shop=delivery.shop)
                ),
                digest=self.keyring.digest("delivery", name.encode() + b"\0" + content),
                unique_webhook_id=received and bool(delivery.webhook_id),
            )
        )

    def _commit_deliveries(self, rows: Sequence[dict[str, Any]]) -> set[str]:
        with translate_database_errors(), lock_sqlite_writers(self.engine), self.engine.begin() as connection:
            return inbox.insert_deliveries(connection, rows, dedupe_after=self.now() - self._dedupe_window)

    def _enqueue_committed(self, rows: Sequence[dict[str, Any]]) -> None:
        if self._on_accepted is not None:
            waiting = [row for row in rows if row["state"] == DeliveryState.RECEIVED]
            self._on_accepted(
                list(
                    dict.fromkeys(_job_for_delivery(row["topic"], row["shop"], row["id"]) for row in waiting)
                )
            )

    def acquire_named_lock(self, name: str, holder: str, seconds: float) -> bool:
        """See ports.Store."""
        with self.transaction() as tx:
            return tx.operator_queries.acquire_named_lock(name, holder, seconds)

    @contextmanager
    def renewing_lease(self, lease: Lease, repository: str = "requests") -> Iterator[None]:
        """See ports.Store. A renewal that fails is left to the next: the fence decides, not the lease."""
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
        """See ports.Store. Privacy work first, however much the index has to learn.

        A row is rung for again only after a while: the first bell may still be heard.
        """
        now, rung = self.now(), 0
        with self.transaction() as tx:
            jobs = [
                (row, _job_for_delivery(row.topic, row.shop, row.id))
                for row in self._select_due_rows(tx, deliveries, max_jobs)
            ]
            jobs += [
                (row, ("process", row.id, True)) for row in self._select_due_rows(tx, requests, max_jobs)
            ]
            jobs += [
                (row, ("notify", row.id, False))
                for row in self._select_due_rows(tx, notice_accounts, max_jobs)
            ]
            chosen = sorted(dict.fromkeys(job for _, job in jobs), key=lambda job: not job[2])[:max_jobs]
            for table in (deliveries, requests, notice_accounts):
                ids = [row.id for row, job in jobs if job in chosen]
                tx.session.connection.execute(update(table).where(table.c.id.in_(ids)).values(rung_at=now))
        for job in chosen:
            rung += enqueue(*job)
        return rung

    def _select_due_rows(self, tx: SqlTx, table: Any, max_jobs: int) -> list[Any]:
        now = self.now()
        waiting: Any = true()
        if table is deliveries:
            waiting = table.c.state == DeliveryState.RECEIVED
        elif table is requests:
            waiting = table.c.state.in_(OPEN_STATES)
        free = or_(table.c.lease_until.is_(None), table.c.lease_until < now)
        quiet = or_(
            table.c.rung_at.is_(None), table.c.rung_at < now - timedelta(seconds=inbox.REENQUEUE_AFTER_S)
        )
        columns, order = [table.c.id, table.c.shop], [table.c.wake_at]
        if table is deliveries:
            columns.append(table.c.topic)
            order.insert(0, table.c.topic.not_in(list(MANDATORY_TOPICS)))
        due = select(*columns).where(waiting, table.c.wake_at <= now, free, quiet)
        return list(tx.session.connection.execute(due.order_by(*order).limit(max_jobs)))

    def expire_bodies_and_packages(
        self, *, keep_failed_days: int, keep_packages_days: int
    ) -> Mapping[str, int]:
        """See ports.Store."""
        now = self.now()
        with self.transaction() as tx:
            old = and_(
                deliveries.c.body.is_not(None),
                deliveries.c.state.in_([DeliveryState.FAILED, DeliveryState.REJECTED]),
                deliveries.c.received_at < now - timedelta(days=keep_failed_days),
            )
            bodies = tx.session.connection.execute(update(deliveries).where(old).values(body=None)).rowcount
            over = packages.c.made_at < now - timedelta(days=keep_packages_days)
            ids = list(tx.session.connection.scalars(select(packages.c.request_id).where(over).distinct()))
            tx.session.connection.execute(delete(packages).where(packages.c.request_id.in_(ids)))
            finished = (requests.c.id.in_(ids), requests.c.state == RequestState.DONE)
            done = set(tx.session.connection.scalars(select(requests.c.id).where(*finished)))
            for request_id in ids:
                tx.findings.delete_findings(request_id)
                if request_id in done:
                    tx.requests.erase_principal(request_id)
                else:
                    tx.requests.reset_tasks(request_id)
            return {"raw_bodies": bodies, "packages": len(ids)}

    def ping(self) -> None:
        """One round trip. Raises StoreUnavailable."""
        with translate_database_errors(), self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Commit the deliveries that wait, end the threads, and close all connections.

        `accept_delivery` raises StoreUnavailable from then on.
        """
        self._group_commit.close()
        if self._on_close is not None:
            self._on_close()
        self.engine.dispose()


def _job_for_delivery(topic: str, shop: str, row_id: str) -> tuple[str, str, bool]:
    """Privacy work is rung for one by one and first; what only teaches the index, once for all of a shop."""
    return ("dispatch", row_id, True) if topic in MANDATORY_TOPICS else ("index", shop, False)
