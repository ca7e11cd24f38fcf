"""`ports.Ledger` in a small database of its own, which is not in the backups of the other. Rows are only added.

Made on first use; triggers refuse changes and deletions, as for the evidence. Holds keyed HMACs, ids and hashes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    func,
    insert,
    select,
    text,
)
from sqlalchemy import inspect as look_at
from sqlalchemy.dialects import postgresql, sqlite

from bridge.errors import BackupRestored, LedgerUnavailable, StoreUnavailable
from bridge.model import Destroyed, Head, Tombstone
from bridge.store.engine import guarded, open_engine
from bridge.store.schema.utc_datetime import Moment

AWAY_S = 30.0  # so long nobody knocks again: a clock that waits for each of its turns would stand still
PIECE = 1_000

metadata = MetaData()
tombstone_rows = Table(
    "tombstones",
    metadata,
    Column("shop", String(100), primary_key=True),
    Column("field", String(16), primary_key=True),
    Column("key", String(80), primary_key=True),
    Column("erased_at", Moment, primary_key=True),
    Column("request_id", String(40), nullable=False),
)
destroyed_rows = Table(
    "destroyed",
    metadata,
    Column("kind", String(24), primary_key=True),
    Column("ref", String(64), primary_key=True),
    Column("shop", String(100), nullable=False),
    Column("at", Moment, nullable=False),
)
head_rows = Table(
    "heads",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("signature", String(128), nullable=False),
    Column("restored_from", String(96), nullable=False),
)


class NoLedger:
    """None was configured."""

    configured = False

    def put_head(self, head: Head) -> None:
        """See ports.Ledger."""

    def carry(self, tombstones: Sequence[Tombstone], destroyed: Sequence[Destroyed], head: Head) -> None:
        """See ports.Ledger."""

    def last_head(self) -> Head | None:
        """See ports.Ledger."""
        return None

    def tombstones(self) -> Sequence[Tombstone]:
        """See ports.Ledger."""
        return ()

    def destroyed(self) -> Sequence[Destroyed]:
        """See ports.Ledger."""
        return ()

    def close(self) -> None:
        """See ports.Ledger."""


class SqlLedger:
    """A ledger under a URL. Connects on first use."""

    configured = True

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        self._made = False
        self._away_until = 0.0

    def put_head(self, head: Head) -> None:
        """See ports.Ledger."""
        self.carry((), (), head)

    def carry(self, tombstones: Sequence[Tombstone], destroyed: Sequence[Destroyed], head: Head) -> None:
        """See ports.Ledger."""
        with self._open() as connection:
            if connection.dialect.name == "postgresql":  # whoever compares with the last head is alone
                connection.execute(text("LOCK TABLE heads IN SHARE ROW EXCLUSIVE MODE"))
            last = _last(connection)
            if last is None or (last.seq, last.hash) != (head.seq, head.hash):
                if last is not None and head.seq <= last.seq and not head.restored_from:
                    raise BackupRestored(f"the ledger saw fact {last.seq}, the database is at {head.seq}")
                connection.execute(insert(head_rows), _row(head))
            _add(connection, tombstone_rows, tombstones)
            _add(connection, destroyed_rows, destroyed)

    def last_head(self) -> Head | None:
        """See ports.Ledger."""
        with self._open() as connection:
            return _last(connection)

    def tombstones(self) -> Sequence[Tombstone]:
        """See ports.Ledger."""
        key = (tombstone_rows.c.shop, tombstone_rows.c.field, tombstone_rows.c.key)
        newest = (
            select(*key, func.max(tombstone_rows.c.erased_at).label("erased_at")).group_by(*key).subquery()
        )
        same = [tombstone_rows.c[name] == newest.c[name] for name in ("shop", "field", "key", "erased_at")]
        rows = select(tombstone_rows).join(newest, same[0] & same[1] & same[2] & same[3])
        ordered = rows.order_by(
            tombstone_rows.c.shop, tombstone_rows.c.request_id, tombstone_rows.c.field, tombstone_rows.c.key
        )
        with self._open() as connection:
            return [Tombstone(**row) for row in connection.execute(ordered).mappings()]

    def destroyed(self) -> Sequence[Destroyed]:
        """See ports.Ledger."""
        with self._open() as connection:
            rows = select(destroyed_rows).order_by(
                destroyed_rows.c.shop, destroyed_rows.c.kind, destroyed_rows.c.ref
            )
            return [Destroyed(**row) for row in connection.execute(rows).mappings()]

    def close(self) -> None:
        """See ports.Ledger."""
        self._engine.dispose()

    @contextmanager
    def _open(self) -> Iterator[Connection]:
        """A transaction; after a failure nobody is asked again for a while."""
        if time.monotonic() < self._away_until:
            raise LedgerUnavailable("ledger: it did not answer a moment ago")
        try:
            with guarded(), self._engine.begin() as connection:
                if not self._made:
                    _make(connection)
                yield connection
                self._made = True
        except StoreUnavailable as fault:
            self._away_until = time.monotonic() + AWAY_S
            raise LedgerUnavailable(str(fault).replace("database", "ledger")) from None


def _row(noun: Any) -> dict[str, Any]:
    return {field.name: getattr(noun, field.name) for field in fields(noun)}


def _add(connection: Connection, table: Table, nouns: Sequence[Any]) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).on_conflict_do_nothing()
    for first in range(0, len(nouns), PIECE):
        connection.execute(statement, [_row(noun) for noun in nouns[first : first + PIECE]])


def _last(connection: Connection) -> Head | None:
    newest = select(head_rows).order_by(head_rows.c.number.desc()).limit(1)
    row = connection.execute(newest).mappings().one_or_none()
    return None if row is None else Head(**{name: row[name] for name in Head.__slots__})


def _make(connection: Connection) -> None:
    """Tables and triggers, where they are not there yet; two processes take turns."""
    is_postgres = connection.dialect.name == "postgresql"
    if is_postgres:
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("bridge ledger"))))
    if look_at(connection).has_table("heads"):
        return
    metadata.create_all(connection)
    if is_postgres:
        connection.exec_driver_sql(
            "CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
        )
    for table in metadata.tables:
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
