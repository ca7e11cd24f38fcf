"""Opens SQLite and Postgres, and turns their errors into the bridge's.

The text of a database error never leaves this module: it can contain the row that failed.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.engine import URL, make_url

from bridge.errors import NeedsOperator, StoreFault, StoreUnavailable
from bridge.rules.operations.causes import describe_postgres_error, describe_sqlite_error

try:
    import fcntl
except ImportError:  # a system without such locks: SQLite's writers poll
    fcntl = None  # type: ignore[assignment]

BUSY_TIMEOUT_S = 5.0
PRIVATE_FILE_MODE = 0o600
STATEMENT_TIMEOUT_MS, LOCK_TIMEOUT_MS = 15_000, 5_000
ASK_AFTER_S = 1.0  # that a connection was not used
_UNUSED_SINCE = "bridge.unused_since"  # in what the pool notes of a connection
POOLING_PARAMETER, TRANSACTION_POOLING = "pooling", "transaction"  # in the query of a Postgres URL
UNAVAILABLE_ERRORS = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError, exc.DisconnectionError)


def open_engine(url: str) -> Engine:
    """Return an engine for the URL; it connects on first use.

    SQLite: WAL, BEGIN IMMEDIATE (a lock upgrade would fail at once, whatever the timeout), synchronous FULL
    (an accepted webhook survives a power cut), secure_delete (what is erased is overwritten), 16 MB of pages kept for each
    connection (with a million parcels a batch would read the upper pages of each index again). Postgres:
    bounded waits for connection, statement and lock. Behind a pool that gives each transaction another connection
    (`pooling=transaction` in the URL), nothing is left on a connection: no prepared statement, no setting.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return _ask_idle_connections(_open_postgres(parsed, pool_size=4, max_overflow=2))
    engine = create_engine(
        parsed, hide_parameters=True, pool_size=4, max_overflow=8, connect_args={"timeout": BUSY_TIMEOUT_S}
    )

    @event.listens_for(engine, "do_connect")
    def _create(_dialect: Any, _record: Any, arguments: Any, _options: Any) -> None:
        if arguments and not arguments[0].startswith((":", "file:")):
            # Only a file that does not exist is opened here: to close any descriptor of a database that is in use
            # drops the locks of the whole process on it, and another process may then delete the log under it
            # (https://sqlite.org/howtocorrupt.html, 2.2). -wal and -shm get the mode of this file.
            with suppress(OSError):  # SQLite says what is wrong with the path
                _make_private_folder(Path(arguments[0]).parent)
                os.close(os.open(arguments[0], os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE_MODE))

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",
            "foreign_keys=ON",
            "cache_size=-16000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("without_transaction", False):
            connection.exec_driver_sql("BEGIN" if options.get("reads_only", False) else "BEGIN IMMEDIATE")

    return engine


def open_accept_engine(engine: Engine, writers: int) -> Engine:
    """Return the engine that accepts webhooks: on Postgres one of its own, where a batch is one round trip.

    Each statement commits by itself, and a connection is not asked first whether it is alive. Behind a pool of transactions a
    batch is one transaction, which brings its time limits along.
    """
    if engine.dialect.name == "sqlite":
        return engine
    if is_pooled_by_transaction(engine):
        url = engine.url.update_query_dict({POOLING_PARAMETER: TRANSACTION_POOLING})
        return _open_postgres(url, pool_size=writers)
    return _open_postgres(engine.url, isolation_level="AUTOCOMMIT", pool_size=writers, pool_reset_on_return=None)


def mark_pooled(url: str) -> str:
    """Return the URL of a Postgres database as one behind a pool of transactions; that of a file as it is."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return url
    return parsed.update_query_dict({POOLING_PARAMETER: TRANSACTION_POOLING}).render_as_string(hide_password=False)


def is_pooled_by_transaction(engine: Engine) -> bool:
    """Return whether each transaction of this engine may run on another connection of the server."""
    return bool(engine.get_execution_options().get("pooled_by_transaction", False))


def _open_postgres(url: URL, **options: Any) -> Engine:
    """Return an engine. Raises NeedsOperator for a kind of pooling that is not known."""
    pooling = url.query.get(POOLING_PARAMETER, "")
    if pooling not in ("", TRANSACTION_POOLING):
        raise NeedsOperator(f"{POOLING_PARAMETER} of the database's URL must be {TRANSACTION_POOLING}")
    limits = {"statement_timeout": STATEMENT_TIMEOUT_MS, "lock_timeout": LOCK_TIMEOUT_MS, "timezone": "UTC"}
    session: dict[str, Any] = {"options": " ".join(f"-c {name}={value}" for name, value in limits.items())}
    engine = create_engine(
        url.difference_update_query([POOLING_PARAMETER]),
        hide_parameters=True,
        pool_timeout=BUSY_TIMEOUT_S,
        pool_recycle=1800,
        connect_args={"connect_timeout": 3, **({"prepare_threshold": None} if pooling else session)},
        execution_options={"pooled_by_transaction": bool(pooling)},
        **options,
    )
    if pooling:
        settings = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in limits.items())

        @event.listens_for(engine, "begin")
        def _limit_transaction(connection: Connection) -> None:
            connection.exec_driver_sql(f"SELECT {settings}")

    return engine


def _ask_idle_connections(engine: Engine) -> Engine:
    """Let the pool ask a connection whether it is alive where it was not used for a while, or its server has sent something.

    To ask each time, as `pool_pre_ping` does, costs a worker one more round trip for every transaction. A server that stops
    or ends a connection says so: that it did is seen without asking.
    """

    @event.listens_for(engine, "checkin")
    def _note_time(_connection: Any, record: Any) -> None:
        record.info[_UNUSED_SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _ask(connection: Any, record: Any, _proxy: Any) -> None:
        now = time.monotonic()
        if now - record.info.get(_UNUSED_SINCE, now) < ASK_AFTER_S and not _has_received(connection):
            return
        assert engine.dialect.loaded_dbapi is not None  # noqa: S101 - it is connected
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            raise exc.InvalidatePoolError from None

    return engine


def _has_received(connection: Any) -> bool:
    """Return whether something waits to be read on a connection that asked for nothing, its end included."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _make_private_folder(folder: Path) -> None:
    """Create the folder and what is missing above it, for this account only."""
    for each in reversed([folder, *folder.parents]):
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def begin_reading(engine: Engine, *, one_state: bool = True) -> Iterator[Connection]:
    """Open a transaction that reads one state of the database, holds up no writer and cannot write.

    Without `one_state` each statement on Postgres sees what is committed by then: that takes no round trips to begin and end.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(reads_only=True) as connection, connection.begin():
            connection.exec_driver_sql("PRAGMA query_only=ON")
            try:
                yield connection
            finally:
                connection.exec_driver_sql("PRAGMA query_only=OFF")
        return
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    if not one_state and not is_pooled_by_transaction(engine):  # there, a transaction brings the limits of time
        options = {"isolation_level": "AUTOCOMMIT"}
    with engine.connect().execution_options(reads_only=True, **options) as connection, connection.begin():
        yield connection


@contextmanager
def connect_without_transaction(engine: Engine) -> Iterator[Connection]:
    """Open a connection for VACUUM and checkpoints, which run in no transaction. What is set on it ends with it."""
    is_sqlite = engine.dialect.name == "sqlite"
    options = {"without_transaction": True} if is_sqlite else {"isolation_level": "AUTOCOMMIT"}
    with engine.connect().execution_options(**options) as connection:
        try:
            yield connection
        finally:
            connection.invalidate()


@contextmanager
def lock_sqlite_writers(engine: Engine) -> Iterator[None]:
    """Let processes that accept webhooks into one SQLite file wait for each other.

    SQLite's own writers poll, and one of them can wait for seconds; a file lock wakes the next at once.
    """
    path = engine.url.database
    if fcntl is None or engine.dialect.name != "sqlite" or not path:
        yield
        return
    with os.fdopen(os.open(f"{path}.turn", os.O_RDWR | os.O_CREAT, PRIVATE_FILE_MODE)) as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield


@contextmanager
def translate_database_errors(engine: Engine) -> Iterator[None]:
    """Turn errors of the database into StoreUnavailable or StoreFault: where, and why in words, without their text."""
    try:
        yield
    except UNAVAILABLE_ERRORS as fault:
        raise StoreUnavailable(_describe_database_error(fault, engine.url)) from None
    except exc.SQLAlchemyError as fault:
        raise StoreFault(_describe_database_error(fault, engine.url)) from None


def _describe_database_error(fault: exc.SQLAlchemyError, url: URL) -> str:
    cause = getattr(fault, "orig", None)
    if isinstance(fault, exc.TimeoutError):
        return "database: no connection was free in time: fewer processes, or more connections, are needed"
    if cause is None:
        return "database: the bridge asked for something that it cannot do, which is a defect"
    if url.get_backend_name() == "sqlite":
        return describe_sqlite_error(str(cause), getattr(cause, "sqlite_errorname", ""), url.database or "")
    place = f"{url.host or url.query.get('host') or 'localhost'}:{url.port or 5432}, database {url.database}"
    return describe_postgres_error(str(cause), getattr(cause, "sqlstate", "") or "", place)
