"""The composition root: settings become services. Every collaborator is made here and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime

from bridge.async_enqueuer import Ringer
from bridge.connectors.registry import carriers
from bridge.connectors.shopify import Shopify
from bridge.connectors.smtp import Smtp
from bridge.connectors.timestamp_authority import TimestampAuthority
from bridge.ports import Connector, Ledger, Queue, Services
from bridge.store import SqlStore, Vault
from bridge.store.recovery.ledger import NoLedger, SqlLedger
from bridge.store.shops.tokens import StoredTokens
from config.load import Start
from config.settings import Settings


class WallClock:
    """`ports.Clock` on the machine's clock."""

    def now(self) -> datetime:
        """See ports.Clock."""
        return datetime.now(UTC)


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


def make_ledger(settings: Settings) -> Ledger:
    """The ledger outside the backup, or none."""
    return SqlLedger(settings.ledger_url) if settings.ledger_url else NoLedger()


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
        bulk_orders=settings.shopify_bulk_orders,
        tokens=StoredTokens(store),
    )
    return Services(
        settings=settings,
        merchant=start.merchant,
        retention=start.retention,
        clock=WallClock(),
        store=store,
        ledger=make_ledger(settings),
        queue=queue,
        mailer=Smtp(settings.smtp_url.reveal(), settings.mail_from),
        connectors={shopify.system: shopify, **carriers(settings)},
        digest=store.vault.digest,
        sign=store.vault.sign,
        stamper=TimestampAuthority(settings.tsa_url) if settings.tsa_url else None,
    )
