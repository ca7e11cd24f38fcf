"""Overwrites what destroyed keys and erased values left in the database's own files, and knows what is not overwritten yet.

A deleted row stays readable for whoever has the key ring: Postgres keeps it in the table's file, even after a plain VACUUM,
SQLite in its log and in rare gaps of its pages. A part is what is overwritten at once: a table of Postgres; the log or the
file of SQLite. Never touches the write-ahead log of Postgres, its replicas or backups: the server alone ends those.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, Engine, delete, exc, func, select, text, update

from bridge.model import Remnant
from bridge.store.engine import connect_without_transaction, translate_database_errors
from bridge.store.schema.index_tables import data_keys, remnants
from bridge.store.schema.tables import requests
from bridge.store.session import Session

OVERWRITTEN_WITHIN = timedelta(hours=2)  # the clock does it each hour
SQLITE_LOG, SQLITE_FILE = "log", "file"
TRIES, PAUSE_S, MAX_REWRITES = 10, 0.1, 3  # a reader, or another worker, may be in the way for a moment
CHECKPOINT_WAIT_MS = 200  # a checkpoint that waits for readers holds up all writers
XID_RANGE = 2**32
SELECT_SQLITE_SIZE = text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
SELECT_TABLE = text(
    "SELECT pg_relation_filenode(oid) AS file, relfrozenxid::text::bigint AS horizon,"
    " pg_total_relation_size(oid) AS size, pg_has_role(relowner, 'USAGE') AS is_own"
    " FROM pg_class WHERE oid = CAST(:table AS regclass)"
)
SELECT_LOG_POSITION = text("SELECT pg_current_wal_lsn()::text, current_setting('max_wal_size')")


@dataclass(frozen=True, kw_only=True, slots=True)
class OverwriteResult:
    """What one pass overwrote: the parts by id of the remnant.

    `log_position` is where Postgres' write-ahead log ended then, and `log_limit` its `max_wal_size`; both '' on SQLite.
    """

    parts_by_id: Mapping[str, AbstractSet[str]]
    log_position: str = ""
    log_limit: str = ""


class RemnantRows:
    """The transactions that destroyed keys or sealed values, each until all parts are overwritten."""

    def __init__(self, session: Session) -> None:
        self._connection = session.connection

    def list_remnants(self, *, lacking: Collection[str]) -> list[Remnant]:
        """Return those for which one of these parts was not overwritten yet, the oldest first; without a part all."""
        rows = self._connection.execute(
            select(remnants, func.coalesce(requests.c.shop, "").label("shop"))
            .select_from(remnants.outerjoin(requests, requests.c.id == remnants.c.request_id))
            .order_by(remnants.c.id)
        ).mappings()
        found = (Remnant(**{**row, "overwritten": frozenset(row["overwritten"].split())}) for row in rows)
        return [remnant for remnant in found if not lacking or not remnant.overwritten.issuperset(lacking)]

    def record_overwritten(self, remnant: Remnant, parts: Collection[str], *, is_complete: bool) -> bool:
        """Record that these parts are overwritten too. False where another worker did it.

        A complete one is forgotten, or waits for the certificate of its request: see `list_overwritten`.
        """
        known = " ".join(sorted(remnant.overwritten))
        is_unchanged = (remnants.c.id == remnant.id, remnants.c.overwritten == known)
        if is_complete and not remnant.request_id:
            return bool(self._connection.execute(delete(remnants).where(*is_unchanged)).rowcount)
        both = " ".join(sorted({*remnant.overwritten, *parts}))
        return bool(self._connection.execute(update(remnants).where(*is_unchanged).values(overwritten=both)).rowcount)

    def list_overwritten(self, parts: Collection[str]) -> list[Remnant]:
        """Return those of requests of which no part waits, until the certificate was looked at, the oldest first."""
        every, waiting = self.list_remnants(lacking=()), self.list_remnants(lacking=parts)
        waiting_ids = {"", *(remnant.request_id for remnant in waiting)}
        return [remnant for remnant in every if remnant.request_id not in waiting_ids]

    def forget_remnants(self, found: Iterable[Remnant]) -> None:
        """Delete these: they are overwritten, and the certificate says so."""
        self._connection.execute(delete(remnants).where(remnants.c.id.in_([remnant.id for remnant in found])))


def list_parts(engine: Engine, *, keys_only: bool = False) -> tuple[str, ...]:
    """Return the parts of this database: all, or those in which the wrapped keys of data subjects are."""
    from bridge.store.sealed_columns import SEALED_TABLES  # noqa: PLC0415 - slow to import

    if engine.dialect.name == "sqlite":
        return (SQLITE_LOG,) if keys_only else (SQLITE_LOG, SQLITE_FILE)
    return (data_keys.name,) if keys_only else SEALED_TABLES


def overwrite_parts(
    engine: Engine, found: Sequence[Remnant], parts: Collection[str], *, max_bytes: int | None
) -> OverwriteResult:
    """Overwrite these parts, but none that is larger than `max_bytes`.

    Without a limit no statement is cut off either. Never waits for a lock: a part that others use is tried again, then
    left. Raises StoreUnavailable and StoreFault.
    """
    overwritten: dict[str, set[str]] = {remnant.id: set() for remnant in found}
    with translate_database_errors(engine), connect_without_transaction(engine) as connection:
        if engine.dialect.name == "sqlite":
            done = _overwrite_sqlite(connection, parts, max_bytes)
            return OverwriteResult(parts_by_id=dict.fromkeys(overwritten, done))
        if max_bytes is None:
            connection.execute(text("SET statement_timeout = 0"))
        for table in parts:
            lacking = [remnant for remnant in found if table not in remnant.overwritten]
            for remnant in _rewrite_postgres_table(connection, table, lacking, max_bytes):
                overwritten[remnant.id].add(table)
        position, limit = connection.execute(SELECT_LOG_POSITION).one()
        return OverwriteResult(parts_by_id=overwritten, log_position=position, log_limit=limit)


@contextmanager
def _leave_if_refused() -> Iterator[None]:
    """Go on where a statement was cut off or the database is locked; a lost connection is raised."""
    try:
        yield
    except exc.OperationalError as fault:
        if fault.connection_invalidated:
            raise


def _overwrite_sqlite(connection: Connection, parts: Collection[str], max_bytes: int | None) -> set[str]:
    """Overwrite the log, and the file where that is asked for. secure_delete misses gaps that a split page leaves."""
    size = connection.scalar(SELECT_SQLITE_SIZE) or 0
    done = {SQLITE_LOG}
    if SQLITE_FILE in parts and (max_bytes is None or size <= max_bytes):
        with _leave_if_refused():
            connection.execute(text("VACUUM"))
            done.add(SQLITE_FILE)
    connection.execute(text(f"PRAGMA busy_timeout = {CHECKPOINT_WAIT_MS}"))
    for _ in range(TRIES):
        is_busy, *_ = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
        if not is_busy:
            return done
        time.sleep(PAUSE_S)
    return set()


def _rewrite_postgres_table(
    connection: Connection, table: str, found: Sequence[Remnant], max_bytes: int | None
) -> list[Remnant]:
    """Write the live rows of a table into a new file and drop the old one. Return what is overwritten thereby.

    Rows that an open snapshot may still see move into the new file: the horizon (`relfrozenxid`) tells which do not.
    """
    lacking, rewritten = list(found), 0
    for number in range(TRIES if found else 0):
        if number:
            time.sleep(PAUSE_S)
        before = connection.execute(SELECT_TABLE, {"table": table}).one()
        if not before.is_own or (max_bytes is not None and before.size > max_bytes):
            break
        with _leave_if_refused():
            connection.execute(text(f"VACUUM (FULL, SKIP_LOCKED) {table}"))
        after = connection.execute(SELECT_TABLE, {"table": table}).one()
        if after.file != before.file:
            lacking = [remnant for remnant in lacking if not _is_before(remnant.transaction_id, after.horizon)]
            rewritten += 1
        if not lacking or rewritten == MAX_REWRITES:
            break
    return [remnant for remnant in found if remnant not in lacking]


def _is_before(transaction_id: int | None, horizon: int) -> bool:
    """Return whether a transaction's number is before the horizon; table rows hold its lower 32 bits."""
    return transaction_id is not None and 0 < (horizon - transaction_id) % XID_RANGE < XID_RANGE // 2
