"""What every command needs: the store, the operator's name, and printing for people and for machines."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import click

from bridge import logs
from bridge.bootstrap import make_store
from bridge.errors import NeedsOperator
from bridge.store import SqlStore
from bridge.store.migrations.upgrade import is_at_newest_revision
from config.load import Configuration, read_configuration

JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


@dataclass(frozen=True, slots=True)
class CommandContext:
    """An operator at work: what was loaded, and the memory."""

    configuration: Configuration
    store: SqlStore


@contextmanager
def open_command_context(*, require_migrated: bool = True) -> Iterator[CommandContext]:
    """Load everything and open the database. Raises SettingsInvalid, StoreUnavailable, NeedsOperator."""
    start = read_configuration()
    logs.configure_logging("ERROR", "text")
    store = make_store(start.settings)
    try:
        if require_migrated and not is_at_newest_revision(store.engine):
            raise NeedsOperator("the database is not at head: run `python -m bridge migrate` first")
        yield CommandContext(start, store)
    finally:
        store.close()


def get_operator() -> str:
    """Who acts, for evidence: the account at this machine."""
    try:
        return f"operator:{getpass.getuser()}"[:64]
    except (KeyError, OSError):
        return "operator:unknown"


def parse_since(text: str | None) -> datetime | None:
    """A moment from `2h`, `3d`, or an ISO date or moment (UTC where it says no zone)."""
    if not text:
        return None
    units = {"m": "minutes", "h": "hours", "d": "days"}
    if text[:-1].isdigit() and text[-1] in units:
        return datetime.now(UTC) - timedelta(**{units[text[-1]]: int(text[:-1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("give 30m, 2h, 3d, or a date such as 2026-11-22") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def exit_with_error(message: str) -> NoReturn:
    """Tell why on stderr and end with 1."""
    click.echo(message, err=True)
    sys.exit(1)
