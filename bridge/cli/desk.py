"""What every command needs: the store, the operator's name, and printing for people and for machines."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import click

from bridge import logs
from bridge.bootstrap import make_store
from bridge.errors import NeedsOperator
from bridge.store import SqlStore
from bridge.store.migrate import at_head
from config.start import Start, load_all

AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


@dataclass(frozen=True, slots=True)
class Desk:
    """An operator at work: what was loaded, and the memory."""

    start: Start
    store: SqlStore


@contextmanager
def desk(*, migrated: bool = True) -> Iterator[Desk]:
    """Load everything and open the database. Raises SettingsInvalid, StoreUnavailable, NeedsOperator."""
    start = load_all()
    logs.configure("ERROR", "text")
    store = make_store(start.settings)
    try:
        if migrated and not at_head(store.engine):
            raise NeedsOperator("the database is not at head: run `python -m bridge migrate` first")
        yield Desk(start, store)
    finally:
        store.close()


def operator() -> str:
    """Who acts, for evidence: the account at this machine."""
    try:
        return f"operator:{getpass.getuser()}"[:64]
    except (KeyError, OSError):
        return "operator:unknown"


def emit(value: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(value, default=_plain, indent=2, ensure_ascii=False))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    return str(value)


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, empty: str) -> None:
    """A table for people."""
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    if not cells:
        click.echo(empty)
        return
    widths = [max(len(column), *(len(line[i]) for line in cells)) for i, column in enumerate(columns)]
    for line in [[column.replace("_", " ") for column in columns], *cells]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def since(text: str | None) -> datetime | None:
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


def refuse(message: str) -> None:
    """Tell why on stderr and end with 1."""
    click.echo(message, err=True)
    sys.exit(1)
