"""What the commands share: the loaded configuration, the store, the services and the operator's name."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import click

from bridge.bootstrap import make_services, make_store
from bridge.cli.command import get_stated_operator, is_dry_run
from bridge.cli.shared.failures import CommandFailed
from bridge.cli.shared.identify_operator import identify_operator
from bridge.cli.shared.ids import exit_with_unknown_id
from bridge.errors import PayloadInvalid
from bridge.model import Fact, User
from bridge.ports.null_queue import NullQueue
from bridge.rules.webhooks.shop_domains import is_shop_domain
from bridge.services import Services
from bridge.store import SqlStore, Tx
from bridge.store.migrations.revision import is_at_newest_revision
from config.load import Configuration, read_configuration

MIGRATE_HINT = "Then: `bridge migrate` (docs/runbooks/database-unreachable.md)."
UNKNOWN_IDS = {
    "request_unknown": "req",
    "claim_unknown": "clm",
    "nomination_unknown": "nom",
    "disclosure_unknown": "dcl",
}  # reason of a refusal: kind of the id


@dataclass(frozen=True)
class CommandContext:
    """What one command works with. `operator` is the actor that evidence names; `user` is None while there are no users."""

    configuration: Configuration
    store: SqlStore
    operator: str
    user: User | None = None

    @cached_property
    def services(self) -> Services:
        """The services of the steps. Commands enqueue no jobs: `enqueue_due` enqueues what they changed."""
        quiet_logs()
        return make_services(self.configuration, NullQueue(), self.store)

    @property
    def merchant_zone(self) -> ZoneInfo:
        """The time zone in which an operator writes a day."""
        return ZoneInfo(self.configuration.merchant.clocks.timezone)

    def close(self) -> None:
        """Close the store, and the ledger where the command has made the services."""
        self.store.close()
        if "services" in vars(self):
            self.services.ledger.close()

    def choose_shop(self, shop: str | None) -> str:
        """Return `shop`, or the only shop of the merchant file. Raises UsageError if there is no choice."""
        shops = self.configuration.merchant.shops
        domain = shop or (shops[0] if len(shops) == 1 else "")
        if not domain:
            raise click.UsageError("--shop is needed: the merchant file does not name exactly one shop")
        return domain

    def require_known_shop(self, shop: str) -> None:
        """Raise UsageError if `shop` is not a shop domain, or if the merchant file names the shop by no domain of it."""
        shops = self.configuration.merchant.shops
        if not is_shop_domain(shop) or (shops and not self.store.has_known_name(shop, shops)):
            raise click.UsageError(f"{shop} is not a shop of the merchant file")

    def record_search(self, tx: Tx, *, shop: str, by: str, where: str, results: int) -> None:
        """Record that the operator searched for one person or order: by what, where, and how much was found."""
        tx.evidence.append_fact(
            Fact.RECORDS_SEARCHED, shop=shop, actor=self.operator, by=by, where=where, results=int(results)
        )

    def resolve_shop(self, domain: str) -> str:
        """Return what the rows of the shop with this domain are stored under; '' for ''."""
        with self.store.transaction() as tx:
            return tx.shop_names.directory.find_key(domain)


def name_shops(rows: Iterable[Mapping[str, Any]], tx: Tx) -> list[dict[str, Any]]:
    """Return rows for a listing with the present domain of each `shop`, instead of the one that it is stored under."""
    find_name = tx.shop_names.directory.find_current_name
    return [{**row, "shop": find_name(row["shop"]) if row["shop"] else row["shop"]} for row in rows]


@contextmanager
def open_command_context(*, require_migrated: bool = True) -> Iterator[CommandContext]:
    """Load the configuration and open the database. Raises SettingsInvalid, StoreUnavailable, CommandFailed."""
    configuration = read_configuration()
    if "structlog" in sys.modules:
        quiet_logs()
    store = make_store(configuration.settings)
    context = CommandContext(configuration, store, _read_operator(configuration))
    try:
        if not require_migrated:
            yield context
            return
        if not is_at_newest_revision(store.engine):
            raise CommandFailed(f"{_describe_unmigrated(store.engine.url.database or '')}.", MIGRATE_HINT)
        user = identify_operator(configuration.settings, store)
        store.discards_changes = is_dry_run()
        yield replace(context, operator=user.actor, user=user) if user else context
    finally:
        context.close()


def _describe_unmigrated(path: str) -> str:
    if path.startswith("/") and not Path(path).exists():
        return f"There is no database at {path}: correct DATABASE_URL, or make it"
    return "The database is not at head"


def quiet_logs() -> None:
    """Let the steps log errors only, as text. What logs nothing does not pay for the import."""
    from bridge import logs  # noqa: PLC0415 - slow to import

    logs.configure_logging("ERROR", "text")


def _read_operator(configuration: Configuration) -> str:
    """Return who runs the command, as evidence names them: as stated, or the account."""
    try:
        return f"operator:{get_stated_operator() or configuration.settings.operator or getpass.getuser()}"[:64]
    except (KeyError, OSError):
        return "operator:unknown"


@contextmanager
def exit_on_refusal(message: str, faults: Mapping[str, str], *, about: str = "") -> Iterator[None]:
    """Print in words why something was refused, and exit with 1.

    `faults` gives the words of each reason; `about` is the id that the command was given, which may be unknown.
    """
    try:
        yield
    except PayloadInvalid as fault:
        if prefix := UNKNOWN_IDS.get(fault.reason):
            exit_with_unknown_id(prefix, about)
        exit_with_error(f"{message}: {faults.get(fault.reason, fault.reason)}.")


def exit_with_error(message: str, hint: str = "") -> NoReturn:
    """Exit with 1 and the message on stderr. `hint` is what to do next, '' where the message says it."""
    raise CommandFailed(message, hint)
