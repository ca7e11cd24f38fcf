"""The composition root: settings become services. Every collaborator is made here and nowhere else."""

from __future__ import annotations

import queue as queues
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

from bridge.connectors.registry import carriers
from bridge.connectors.shopify import Shopify
from bridge.ports import Connector, Queue, Services
from bridge.store import SqlStore, Vault
from bridge.store.tokens import StoredTokens
from config.settings import Settings
from config.start import Start

BELLS_KEPT = 10_000  # while Redis is away; what falls out is rung for by sweep


class WallClock:
    """`ports.Clock` on the machine's clock."""

    def now(self) -> datetime:
        """See ports.Clock."""
        return datetime.now(UTC)


class Ringer:
    """Rings the bell on a thread of its own, so that Redis can never slow what was committed already."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._waiting: queues.Queue[Sequence[tuple[str, str, bool]]] = queues.Queue(BELLS_KEPT)
        self._thread: threading.Thread | None = None

    def ring(self, jobs: Sequence[tuple[str, str, bool]]) -> None:
        """Hand over the jobs of one batch; returns at once."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="ringer", daemon=True)
            self._thread.start()
        try:
            self._waiting.put_nowait(jobs)
        except queues.Full:
            return

    def _run(self) -> None:
        while True:
            jobs = list(self._waiting.get())
            while not self._waiting.empty():
                jobs += self._waiting.get_nowait()
            self._queue.nudge_all(list(dict.fromkeys(jobs)))


def make_vault(settings: Settings) -> Vault:
    """The vault of the settings' keys. Raises KeyMissing."""
    ring = [(key_id, key.reveal_bytes()) for key_id, key in settings.keys]
    return Vault(ring, settings.pseudonym_key.reveal_bytes(), settings.evidence_key.reveal_bytes())


def make_store(settings: Settings, queue: Queue | None = None) -> SqlStore:
    """The memory. With a queue, accepted deliveries ring it."""
    return SqlStore(
        settings.database_url,
        vault=make_vault(settings),
        now=WallClock().now,
        lease_s=settings.lease_s,
        dedupe_hours=settings.dedupe_hours,
        queue_rows=settings.accept_queue_rows,
        queue_bytes=settings.accept_queue_bytes,
        wait_s=settings.accept_wait_s,
        rung=Ringer(queue).ring if queue else None,
    )


def make_services(start: Start, queue: Queue, store: SqlStore | None = None) -> Services:
    """Everything a step is given."""
    settings = start.settings
    store = store or make_store(settings, queue)
    secrets = settings.shopify_client_secrets
    shopify: Connector = Shopify(
        api_version=settings.shopify_api_version,
        base_url=settings.shopify_base_url,
        client_id=settings.shopify_client_id,
        client_secret=secrets[0].reveal() if secrets else "",
        access_token=settings.shopify_access_token.reveal(),
        tokens=StoredTokens(store),
    )
    return Services(
        settings=settings,
        merchant=start.merchant,
        retention=start.retention,
        clock=WallClock(),
        store=store,
        queue=queue,
        connectors={shopify.system: shopify, **carriers(settings)},
        digest=store.vault.digest,
        sign=store.vault.sign,
    )
