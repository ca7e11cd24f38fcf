"""Group commit: webhooks that wait at the same moment become durable in one transaction.

One writer a process takes everything that waits, commits it with one multi-row insert, then answers each.
Nobody waits for company: the writer starts with the first row. What waits is bounded in rows, bytes and time;
beyond, the caller hears StoreUnavailable, and Shopify sends again. A row that the database refuses fails alone:
the batch is halved until it is found.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.errors import BridgeError, StoreUnavailable

BATCH_ROWS = 256
BATCH_BYTES = 16_000_000

Row = dict[str, Any]
Commit = Callable[[Sequence[Row]], set[str]]


@dataclass(slots=True, eq=False)
class _Waiting:
    row: Row
    size: int
    done: threading.Event = field(default_factory=threading.Event)
    fresh: bool = False
    fault: BridgeError | None = None


class GroupCommit:
    """The writer of one process. Starts its thread with the first row, so a fork before that is harmless.

    `commit` writes rows in one transaction and returns the ids of those that were new. `committed` hears of
    the new rows of each batch after its commit, on the writer's thread: it must not block.
    """

    def __init__(
        self,
        commit: Commit,
        *,
        max_rows: int,
        max_bytes: int,
        wait_s: float,
        committed: Callable[[Sequence[Row]], None],
    ) -> None:
        self._commit, self._committed = commit, committed
        self._max_rows, self._max_bytes, self._wait_s = max_rows, max_bytes, wait_s
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._ready = threading.Condition()
        self._writer: threading.Thread | None = None

    def put(self, row: Row) -> bool:
        """Wait until the row is committed; True where it is new.

        Raises StoreUnavailable when too much waits, or when it was not committed in time. In the last case
        it may still be committed: the sender's next try is then found to be a repetition.
        """
        waiting = _Waiting(row, len(row["body"]))
        with self._ready:
            if len(self._queue) >= self._max_rows or self._bytes + waiting.size > self._max_bytes:
                raise StoreUnavailable("too many webhooks wait for the database", retry_after_s=1)
            self._queue.append(waiting)
            self._bytes += waiting.size
            if self._writer is None or not self._writer.is_alive():
                self._writer = threading.Thread(target=self._run, name="group-commit", daemon=True)
                self._writer.start()
            self._ready.notify()
        if not waiting.done.wait(self._wait_s):
            raise StoreUnavailable("the database did not commit in time", retry_after_s=1)
        if waiting.fault is not None:
            raise waiting.fault
        return waiting.fresh

    def _run(self) -> None:
        while True:
            batch = self._take()
            self._write(batch)

    def _take(self) -> list[_Waiting]:
        with self._ready:
            while not self._queue:
                self._ready.wait()
            batch, size = [self._queue.popleft()], 0
            size = batch[0].size
            while self._queue and len(batch) < BATCH_ROWS and size + self._queue[0].size <= BATCH_BYTES:
                batch.append(self._queue.popleft())
                size += batch[-1].size
            self._bytes -= size
            return batch

    def _write(self, batch: Sequence[_Waiting]) -> None:
        try:
            fresh = self._commit([waiting.row for waiting in batch])
        except StoreUnavailable as fault:
            self._answer(batch, fault=fault)
        except BridgeError as fault:
            if len(batch) == 1:
                self._answer(batch, fault=StoreUnavailable(str(fault), retry_after_s=1))
                return
            middle = len(batch) // 2
            self._write(batch[:middle])
            self._write(batch[middle:])
        else:
            for waiting in batch:
                waiting.fresh = waiting.row["id"] in fresh
            self._answer(batch)
            self._committed([waiting.row for waiting in batch if waiting.fresh])

    def _answer(self, batch: Sequence[_Waiting], fault: BridgeError | None = None) -> None:
        for waiting in batch:
            waiting.fault = fault
            waiting.done.set()
