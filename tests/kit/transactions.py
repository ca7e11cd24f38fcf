"""Watch the transactions of a store: how many rows each changes, how long it keeps SQLite's writer, and end it like a kill."""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.store import SqlStore


class KilledError(BaseException):
    """What a kill is to the process: nothing catches it, and nothing is recorded."""


@dataclass
class WatchedTransactions:
    """The transactions that wrote, in their order: rows changed, and milliseconds from begin to end."""

    rows: list[int] = field(default_factory=list)
    held_ms: list[float] = field(default_factory=list)


@contextmanager
def watch_transactions(store: SqlStore, *, kill_before: int | None = None) -> Iterator[WatchedTransactions]:
    """Watch those of the block. With `kill_before` raise KilledError where the transaction with this number would commit rows."""
    found, now = WatchedTransactions(), dict[int, list[Any]]()
    own_thread = threading.get_ident()  # another one renews the lease meanwhile

    def begin(connection: Any) -> None:
        reads_only = connection.get_execution_options().get("reads_only", False)
        now[id(connection)] = [time.perf_counter(), 0, reads_only]

    def count(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if re.match(r"\s*(INSERT|UPDATE|DELETE)", statement) and id(connection) in now:
            now[id(connection)][1] += max(cursor.rowcount, 0)

    def end(connection: Any) -> None:
        began, rows, reads_only = now.pop(id(connection), (0.0, 0, True))
        if not reads_only:
            found.held_ms.append((time.perf_counter() - began) * 1000)
            found.rows.append(rows)

    def commit(connection: Any) -> None:
        is_own = threading.get_ident() == own_thread
        if kill_before is not None and is_own and len(found.rows) >= kill_before and now[id(connection)][1]:
            raise KilledError
        end(connection)

    listeners = (("begin", begin), ("after_cursor_execute", count), ("commit", commit), ("rollback", end))
    for name, listener in listeners:
        event.listen(store.engine, name, listener)
    try:
        yield found
    finally:
        for name, listener in listeners:
            event.remove(store.engine, name, listener)
