"""Group commit: webhooks that wait at the same time are committed in one transaction.

One writer thread per process takes all rows that wait, commits them with one multi-row insert, then answers each
caller. It never delays a row to collect more. The queue is bounded in rows, bytes and time; beyond that the caller
gets StoreUnavailable, and Shopify sends again. A row that the database refuses fails alone: the batch is halved
until that row is found.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.errors import BridgeError, StoreUnavailable
from bridge.store.webhooks.commit_waiters import LoopWaiter, ThreadWaiter, make_commit_waiter, wake_all
from bridge.store.webhooks.insert_rows import BATCH_ROWS, DeliveryRow
from bridge.task_deadlines import TaskDeadlines

BATCH_BYTES = 16_000_000
CLOSE_TIMEOUT_S = 10.0  # Heroku kills a process 30 s after SIGTERM

CommitRows = Callable[[Sequence[DeliveryRow]], set[str]]


@dataclass(slots=True, eq=False)
class _PendingRow:
    row: DeliveryRow
    size: int
    waiter: ThreadWaiter | LoopWaiter
    is_new: bool = False
    fault: BridgeError | None = None


class GroupCommit:
    """The writer of one process. It starts its thread with the first row, so that a fork before that is harmless.

    `commit_rows` writes rows in one transaction and returns the ids of those that were new. `on_committed` is
    called with the new rows of each batch after its commit, on the writer's thread: it must not block.
    """

    def __init__(
        self,
        commit_rows: CommitRows,
        *,
        max_rows: int,
        max_bytes: int,
        wait_s: float,
        on_committed: Callable[[Sequence[DeliveryRow]], None],
    ) -> None:
        self._commit_rows, self._on_committed = commit_rows, on_committed
        self._max_rows, self._max_bytes = max_rows, max_bytes
        self._queue: deque[_PendingRow] = deque()
        self._queued_bytes = 0
        self._lock = threading.Lock()
        self._ready = threading.Condition(self._lock)
        self._deadlines = TaskDeadlines(wait_s, most_at_once=BATCH_ROWS)
        self._writer: threading.Thread | None = None
        self._is_closed = False

    def commit_row(self, row: DeliveryRow) -> bool:
        """Wait until the row is committed; return whether it is new.

        Raises StoreUnavailable when the writer is closed, when too many rows wait, or when the row was not committed in
        time. In the last case it may still be committed: the sender's next try is then recognised as a repetition.
        """
        waiting = _PendingRow(row, len(row["body"]), make_commit_waiter(self._deadlines))
        with self._lock:
            if self._is_closed:
                raise StoreUnavailable("the process is ending", retry_after_s=1)
            if len(self._queue) >= self._max_rows or self._queued_bytes + waiting.size > self._max_bytes:
                raise StoreUnavailable("too many webhooks wait for the database", retry_after_s=1)
            self._queue.append(waiting)
            self._queued_bytes += waiting.size
            is_first = len(self._queue) == 1
            if self._writer is None or (is_first and not self._writer.is_alive()):
                self._writer = threading.Thread(target=self._run_writer, name="group-commit", daemon=True)
                self._writer.start()
        if is_first:
            waiting.waiter.call_soon(self._wake_writer)
        if not waiting.waiter.wait():
            raise StoreUnavailable("the database did not commit in time", retry_after_s=1)
        if waiting.fault is not None:
            raise waiting.fault
        return waiting.is_new

    def _wake_writer(self) -> None:
        with self._ready:
            self._ready.notify()

    def close(self) -> None:
        """Refuse further rows, commit those that wait, and end the writer's thread. A second call does nothing.

        Waits at most CLOSE_TIMEOUT_S; a thread that is still in its commit then ends after it.
        """
        with self._ready:
            self._is_closed = True
            self._ready.notify()
            writer = self._writer
        if writer is not None:
            writer.join(CLOSE_TIMEOUT_S)

    def _run_writer(self) -> None:
        try:
            while batch := self._take_batch():
                self._write_batch(batch)
        except BaseException:
            with self._lock:
                self._writer = None  # the next row starts another
            raise

    def _take_batch(self) -> list[_PendingRow]:
        """Wait for rows and return them; empty when the writer is closed and no row waits."""
        with self._ready:
            while not self._queue and not self._is_closed:
                self._ready.wait()
            if not self._queue:
                return []
            batch, size = [self._queue.popleft()], 0
            size = batch[0].size
            while self._queue and len(batch) < BATCH_ROWS and size + self._queue[0].size <= BATCH_BYTES:
                batch.append(self._queue.popleft())
                size += batch[-1].size
            self._queued_bytes -= size
            return batch

    def _write_batch(self, batch: Sequence[_PendingRow]) -> None:
        try:
            fresh = self._commit_rows([waiting.row for waiting in batch])
        except StoreUnavailable as fault:
            self._resolve_batch(batch, fault=fault)
        except BridgeError as fault:
            if len(batch) == 1:
                self._resolve_batch(batch, fault=StoreUnavailable(str(fault), retry_after_s=1))
                return
            middle = len(batch) // 2
            self._write_batch(batch[:middle])
            self._write_batch(batch[middle:])
        else:
            for waiting in batch:
                waiting.is_new = waiting.row["id"] in fresh
            self._resolve_batch(batch)
            self._on_committed([waiting.row for waiting in batch if waiting.is_new])

    def _resolve_batch(self, batch: Sequence[_PendingRow], fault: BridgeError | None = None) -> None:
        for waiting in batch:
            waiting.fault = fault
        wake_all(waiting.waiter for waiting in batch)
