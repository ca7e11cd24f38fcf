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
from bridge.ports import Claim
from bridge.rules.webhooks.topics import MANDATORY
from bridge.store.access.findings import FindingRows
from bridge.store.access.packages import PackageRows
from bridge.store.crypto.keyring import Vault
from bridge.store.engine import guarded, open_engine, turn
from bridge.store.erasure.plans import PlanRows
from bridge.store.evidence.chain import EvidenceRows
from bridge.store.evidence.chain_heads import HeadRows
from bridge.store.index.rows import IndexRows
from bridge.store.listing import Listing
from bridge.store.notices.letters import NoticeRows
from bridge.store.recovery.ledger_state import RestoringRows
from bridge.store.refunds.refund_accounts import RefundRows
from bridge.store.requests.requests import OPEN, RequestRows
from bridge.store.retention.documents import DocumentRows
from bridge.store.retention.documents_by_order import VaultOrderRows
from bridge.store.retention.expire import AgeingRows
from bridge.store.retention.legal_holds import LegalClaimRows
from bridge.store.retention.policies import LawFileRows
from bridge.store.reviews import ReviewRows
from bridge.store.schema.tables import deliveries, notice_accounts, packages, requests
from bridge.store.schema.ulid import new_id
from bridge.store.session import Session
from bridge.store.shops.shop_exits import EndingRows
from bridge.store.shops.tokens import TokenRows
from bridge.store.webhooks import inbox
from bridge.store.webhooks.group_commit import GroupCommit
from bridge.store.webhooks.inbox import InboxRows

Bell = Callable[[Sequence[tuple[str, str, bool]]], None]


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
        self.heads = HeadRows(session)
        self.packages = PackageRows(session)
        self.documents = DocumentRows(session)
        self.endings = EndingRows(session)
        self.plans = PlanRows(session)
        self.restoring = RestoringRows(session)
        self.refunds = RefundRows(session)
        self.reviews = ReviewRows(session)
        self.vault_orders = VaultOrderRows(session)
        self.legal_claims = LegalClaimRows(session)
        self.law_files = LawFileRows(session)
        self.ageing = AgeingRows(session)
        self.listing = Listing(session)
        self.tokens = TokenRows(session)

    @contextmanager
    def tentative(self) -> Iterator[Callable[[], None]]:
        """See ports.Tx."""
        with self.session.connection.begin_nested() as point:
            yield point.rollback


class SqlStore:
    """The memory of one process. Connects on first use; `close` gives connections back.

    `rung` hears, after each commit of accepted deliveries and on another thread than any request's, which
    jobs to ring for: (job, id, first).
    """

    def __init__(
        self,
        url: str,
        *,
        vault: Vault,
        now: Callable[[], datetime],
        lease_s: float = 15.0,
        dedupe_hours: float = 4.0,
        queue_rows: int = 2000,
        queue_bytes: int = 64_000_000,
        wait_s: float = 3.0,
        rung: Bell | None = None,
    ) -> None:
        self.engine: Engine = open_engine(url)
        self.vault = vault
        self.now = now
        self._lease_s = lease_s
        self._dedupe = timedelta(hours=dedupe_hours)
        self._rung = rung
        self._accept = GroupCommit(
            self._commit, max_rows=queue_rows, max_bytes=queue_bytes, wait_s=wait_s, committed=self._committed
        )

    def new_id(self, prefix: str) -> str:
        """See ports.Store."""
        return new_id(prefix)

    @contextmanager
    def transaction(self) -> Iterator[SqlTx]:
        """See ports.Store."""
        with guarded(), self.engine.begin() as connection:
            yield SqlTx(Session(connection, self.vault, self.now, self._lease_s))

    def accept(self, delivery: Delivery) -> bool:
        """See ports.Store."""
        received = delivery.state is DeliveryState.RECEIVED
        name = "delivery" if received else f"rejected|{delivery.reason}|{delivery.webhook_id}"
        content = b"\0".join([delivery.topic.encode(), delivery.shop.encode(), delivery.raw])
        return self._accept.put(
            inbox.new_row(
                delivery,
                sealed=self.vault.seal(delivery.raw, inbox.PLACE.format(id=delivery.id, shop=delivery.shop)),
                digest=self.vault.digest("delivery", name.encode() + b"\0" + content),
                once=received and bool(delivery.webhook_id),
            )
        )

    def _commit(self, rows: Sequence[dict[str, Any]]) -> set[str]:
        with guarded(), turn(self.engine), self.engine.begin() as connection:
            return inbox.insert_rows(connection, rows, dedupe_after=self.now() - self._dedupe)

    def _committed(self, rows: Sequence[dict[str, Any]]) -> None:
        if self._rung is not None:
            waiting = [row for row in rows if row["state"] == DeliveryState.RECEIVED]
            self._rung(list(dict.fromkeys(_job(row["topic"], row["shop"], row["id"]) for row in waiting)))

    def lock(self, name: str, holder: str, seconds: float) -> bool:
        """See ports.Store."""
        with self.transaction() as tx:
            return tx.listing.lock(name, holder, seconds)

    @contextmanager
    def keeping(self, claim: Claim, of: str = "requests") -> Iterator[None]:
        """See ports.Store. A renewal that fails is left to the next: the fence decides, not the lease."""
        stop = threading.Event()

        def renew() -> None:
            while not stop.wait(self._lease_s / 3):
                with suppress(BridgeError), self.transaction() as tx:
                    getattr(tx, of).hold(claim)

        thread = threading.Thread(target=renew, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def ring_due(self, ring: Callable[[str, str, bool], bool], *, room: int) -> int:
        """See ports.Store. Privacy work first, however much the index has to learn.

        A row is rung for again only after a while: the first bell may still be heard.
        """
        now, rung = self.now(), 0
        with self.transaction() as tx:
            jobs = [(row, _job(row.topic, row.shop, row.id)) for row in self._due(tx, deliveries, room)]
            jobs += [(row, ("process", row.id, True)) for row in self._due(tx, requests, room)]
            jobs += [(row, ("notify", row.id, False)) for row in self._due(tx, notice_accounts, room)]
            chosen = sorted(dict.fromkeys(job for _, job in jobs), key=lambda job: not job[2])[:room]
            for table in (deliveries, requests, notice_accounts):
                ids = [row.id for row, job in jobs if job in chosen]
                tx.session.connection.execute(update(table).where(table.c.id.in_(ids)).values(rung_at=now))
        for job in chosen:
            rung += ring(*job)
        return rung

    def _due(self, tx: SqlTx, table: Any, room: int) -> list[Any]:
        now = self.now()
        waiting: Any = true()
        if table is deliveries:
            waiting = table.c.state == DeliveryState.RECEIVED
        elif table is requests:
            waiting = table.c.state.in_(OPEN)
        free = or_(table.c.lease_until.is_(None), table.c.lease_until < now)
        quiet = or_(table.c.rung_at.is_(None), table.c.rung_at < now - timedelta(seconds=inbox.RING_AGAIN_S))
        columns, order = [table.c.id, table.c.shop], [table.c.wake_at]
        if table is deliveries:
            columns.append(table.c.topic)
            order.insert(0, table.c.topic.not_in(list(MANDATORY)))
        due = select(*columns).where(waiting, table.c.wake_at <= now, free, quiet)
        return list(tx.session.connection.execute(due.order_by(*order).limit(room)))

    def purge(self, *, keep_failed_days: int, keep_packages_days: int) -> Mapping[str, int]:
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
                tx.findings.drop(request_id)
                if request_id in done:
                    tx.requests.forget(request_id)
                else:
                    tx.requests.rerun_tasks(request_id)
            return {"raw_bodies": bodies, "packages": len(ids)}

    def check(self) -> None:
        """One round trip. Raises StoreUnavailable."""
        with guarded(), self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def _job(topic: str, shop: str, row_id: str) -> tuple[str, str, bool]:
    """Privacy work is rung for one by one and first; what only teaches the index, once for all of a shop."""
    return ("dispatch", row_id, True) if topic in MANDATORY else ("index", shop, False)
