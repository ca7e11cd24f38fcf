"""The composition root: builds services from settings. Every collaborator is made here and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module

from bridge.async_enqueuer import AsyncEnqueuer
from bridge.ports import AlertReceiver, CallLimits, Connector, Ledger, Mailbox, Queue, TimestampAuthority
from bridge.services import Services
from bridge.store import Keyring, SqlStore
from bridge.store.engine import TRANSACTION_POOLING, mark_pooled
from bridge.store.transaction import load_all_row_classes
from config.load import Configuration
from config.settings import Settings


class WallClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)


def make_keyring(settings: Settings) -> Keyring:
    """Return the keyring of the settings' keys. Raises KeyMissing."""
    keys = [(key_id, key.reveal_bytes()) for key_id, key in settings.keys]
    return Keyring(keys, settings.pseudonym_key.reveal_bytes(), settings.evidence_key.reveal_bytes())


def make_store(settings: Settings, queue: Queue | None = None) -> SqlStore:
    """Return the store. With a queue, the jobs of accepted deliveries are put on it."""
    enqueuer = AsyncEnqueuer(queue) if queue else None
    is_pooled = settings.database_pooling == TRANSACTION_POOLING
    return SqlStore(
        mark_pooled(settings.database_url) if is_pooled else settings.database_url,
        keyring=make_keyring(settings),
        now=WallClock().now,
        lease_s=settings.lease_s,
        dedupe_hours=settings.dedupe_hours,
        queue_rows=settings.accept_queue_rows,
        queue_bytes=settings.accept_queue_bytes,
        wait_s=settings.accept_wait_s,
        on_accepted=enqueuer.enqueue_all if enqueuer else None,
        on_close=enqueuer.close if enqueuer else None,
    )


def make_ledger(settings: Settings) -> Ledger:
    """Return the ledger outside the backup, or the null one."""
    from bridge.store.recovery.ledger import NullLedger, SqlLedger  # noqa: PLC0415 - slow to import

    return SqlLedger(settings.ledger_url) if settings.ledger_url else NullLedger()


def make_timestamp_authority(settings: Settings) -> TimestampAuthority | None:
    """Return the timestamp authority, None where none is set. Raises SettingsInvalid."""
    if not settings.tsa_url:
        return None
    from bridge.connectors.timestamp_authority import Rfc3161Authority  # noqa: PLC0415 - slow to import

    return Rfc3161Authority(settings.tsa_url, settings.tsa_roots)


def make_alert_receiver(settings: Settings) -> AlertReceiver | None:
    """Return who receives alerts at once, None where no address is set."""
    if not settings.alert_webhook_url:
        return None
    from bridge.connectors.alert_webhook import AlertWebhook  # noqa: PLC0415 - slow to import

    return AlertWebhook(settings.alert_webhook_url.reveal())


def make_mailbox(settings: Settings) -> Mailbox | None:
    """Return the mailbox that is read, None where none is set. Raises CredentialRejected."""
    if not settings.mailbox_url:
        return None
    from bridge.connectors.mailbox.imap import ImapMailbox  # noqa: PLC0415 - slow to import

    return ImapMailbox(settings.mailbox_url.reveal())


def _load_before_fork() -> None:
    """Load what steps use and a listing does not: a worker forks for its jobs, and none of them should pay for it."""
    load_all_row_classes()
    for library in ("phonenumbers", "cryptography.hazmat.primitives.ciphers.aead"):
        import_module(library)


def make_services(
    start: Configuration, queue: Queue, store: SqlStore | None = None, limits: CallLimits | None = None
) -> Services:
    """Return everything that a step is given. `limits` are what all workers share of the systems that they call."""
    # half of the start of a command that only reads the database
    from bridge.connectors.registry import build_connectors  # noqa: PLC0415
    from bridge.connectors.shopify import Shopify  # noqa: PLC0415
    from bridge.connectors.smtp import SmtpMailer  # noqa: PLC0415
    from bridge.store.shops.tokens import StoredTokenCache  # noqa: PLC0415

    _load_before_fork()
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
        tokens=StoredTokenCache(store),
        list_domains=lambda shop: store.read_shop_directory().list_domains(shop),
        limits=limits,
    )
    return Services(
        settings=settings,
        merchant=start.merchant,
        retention=start.retention,
        clock=WallClock(),
        store=store,
        ledger=make_ledger(settings),
        queue=queue,
        mailer=SmtpMailer(settings.smtp_url.reveal(), settings.mail_from),
        connectors={shopify.system: shopify, **build_connectors(settings, limits)},
        digest=store.keyring.digest,
        sign=store.keyring.sign,
        timestamp_authority=make_timestamp_authority(settings),
        alert_receiver=make_alert_receiver(settings),
        mailbox=make_mailbox(settings),
    )
