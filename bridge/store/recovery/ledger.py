"""The ledger: a small database of its own, which is not in the backups of the main one. Rows are only added.

It is created on first use; triggers refuse changes and deletions. It holds keyed HMACs, ids and hashes only.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, String, Table, func, insert, select, text
from sqlalchemy import inspect as look_at

from bridge.errors import BackupRestored, LedgerUnavailable, StoreUnavailable
from bridge.model import Destruction, LedgerHead, Tombstone
from bridge.store.engine import open_engine, translate_database_errors
from bridge.store.schema.utc_datetime import UtcDateTime
from bridge.store.upsert import upsert

RETRY_AFTER_FAILURE_S = 30.0  # else the scheduler would wait for the ledger's timeout at each run
INSERT_BATCH_ROWS = 1_000

ledger_metadata = MetaData()
tombstone_table = Table(
    "tombstones",
    ledger_metadata,
    Column("shop", String(100), primary_key=True),
    Column("field", String(16), primary_key=True),
    Column("key", String(80), primary_key=True),
    Column("erased_at", UtcDateTime, primary_key=True),
    Column("request_id", String(40), nullable=False),
)
destruction_table = Table(
    "destroyed",
    ledger_metadata,
    Column("kind", String(24), primary_key=True),
    Column("ref", String(64), primary_key=True),
    Column("shop", String(100), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
head_table = Table(
    "heads",
    ledger_metadata,
    Column("number", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("signature", String(128), nullable=False),
    Column("restored_from", String(96), nullable=False),
)


class NullLedger:
    """The ledger of an installation that configured none."""

    configured = False

    def append_head(self, head: LedgerHead) -> None:
        """Do nothing."""

    def append_records(
        self, tombstones: Sequence[Tombstone], destroyed_records: Sequence[Destruction], head: LedgerHead
    ) -> None:
        """Do nothing."""

    def read_last_head(self) -> LedgerHead | None:
        """Return None: there is no head."""
        return None

    def list_tombstones(self) -> Sequence[Tombstone]:
        """Return none."""
        return ()

    def list_destructions(self) -> Sequence[Destruction]:
        """Return none."""
        return ()

    def close(self) -> None:
        """Do nothing."""


class SqlLedger:
    """A ledger under a database URL. It connects on first use."""

    configured = True

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        self._is_created = False
        self._unavailable_until = 0.0

    def append_head(self, head: LedgerHead) -> None:
        """Add the chain's head. Raises BackupRestored."""
        self.append_records((), (), head)

    def append_records(
        self, tombstones: Sequence[Tombstone], destroyed_records: Sequence[Destruction], head: LedgerHead
    ) -> None:
        """Add these and the head that proves them, all or nothing. Raises BackupRestored."""
        with self._begin_transaction() as connection:
            if connection.dialect.name == "postgresql":  # one writer at a time compares with the last head
                connection.execute(text("LOCK TABLE heads IN SHARE ROW EXCLUSIVE MODE"))
            last = _read_last_head(connection)
            if last is None or (last.seq, last.hash) != (head.seq, head.hash):
                if last is not None and head.seq <= last.seq and not head.restored_from:
                    raise BackupRestored(f"the ledger saw fact {last.seq}, the database is at {head.seq}")
                connection.execute(insert(head_table), _row_from_record(head))
            _insert_new_records(connection, tombstone_table, tombstones)
            _insert_new_records(connection, destruction_table, destroyed_records)

    def read_last_head(self) -> LedgerHead | None:
        """Return the head that was added last, if any."""
        with self._begin_transaction() as connection:
            return _read_last_head(connection)

    def list_tombstones(self) -> Sequence[Tombstone]:
        """Return every suppression key with its newest erasure, ordered by shop and request."""
        key = (tombstone_table.c.shop, tombstone_table.c.field, tombstone_table.c.key)
        newest = select(*key, func.max(tombstone_table.c.erased_at).label("erased_at")).group_by(*key).subquery()
        same = [tombstone_table.c[name] == newest.c[name] for name in ("shop", "field", "key", "erased_at")]
        rows = select(tombstone_table).join(newest, same[0] & same[1] & same[2] & same[3])
        ordered = rows.order_by(*(tombstone_table.c[name] for name in ("shop", "request_id", "field", "key")))
        with self._begin_transaction() as connection:
            return [Tombstone(**row) for row in connection.execute(ordered).mappings()]

    def list_destructions(self) -> Sequence[Destruction]:
        """Return everything that was destroyed, ordered by shop."""
        with self._begin_transaction() as connection:
            rows = select(destruction_table).order_by(*(destruction_table.c[name] for name in ("shop", "kind", "ref")))
            return [Destruction(**row) for row in connection.execute(rows).mappings()]

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextmanager
    def _begin_transaction(self) -> Iterator[Connection]:
        """Open a transaction; after a failure, refuse for RETRY_AFTER_FAILURE_S without asking the database."""
        if time.monotonic() < self._unavailable_until:
            raise LedgerUnavailable("ledger: it did not answer recently")
        try:
            with translate_database_errors(self._engine), self._engine.begin() as connection:
                if not self._is_created:
                    _create_ledger_tables(connection)
                yield connection
                self._is_created = True
        except StoreUnavailable as fault:
            self._unavailable_until = time.monotonic() + RETRY_AFTER_FAILURE_S
            raise LedgerUnavailable("ledger: " + str(fault).removeprefix("database: ")) from None


def _row_from_record(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _insert_new_records(connection: Connection, table: Table, records: Sequence[Any]) -> None:
    statement = upsert(connection, table)
    for first in range(0, len(records), INSERT_BATCH_ROWS):
        connection.execute(statement, [*map(_row_from_record, records[first : first + INSERT_BATCH_ROWS])])


def _read_last_head(connection: Connection) -> LedgerHead | None:
    newest = select(head_table).order_by(head_table.c.number.desc()).limit(1)
    row = connection.execute(newest).mappings().one_or_none()
    return None if row is None else LedgerHead(**{name: row[name] for name in LedgerHead.__slots__})


def _create_ledger_tables(connection: Connection) -> None:
    """Create tables and triggers where they are missing; two processes wait for each other."""
    is_postgres = connection.dialect.name == "postgresql"
    if is_postgres:
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("bridge ledger"))))
    if look_at(connection).has_table("heads"):
        return
    ledger_metadata.create_all(connection)
    if is_postgres:
        connection.exec_driver_sql(
            "CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
        )
    for table in ledger_metadata.tables:
        if is_postgres:
            connection.exec_driver_sql(
                f"CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()"
            )
            continue
        for verb in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )
