"""Enqueues the jobs of committed deliveries on a thread of its own. Drops jobs rather than delay a webhook."""

from __future__ import annotations

import queue as queues
import threading
import time
from collections.abc import Sequence

from bridge.ports import Queue

MAX_WAITING_BATCHES = 10_000  # while Redis is away; enqueue_due finds the rows of jobs that were dropped
CLOSE_TIMEOUT_S = 5.0
INDEX_INTERVAL_S = 0.5  # under load an index job for each batch would cost more than the batch

Jobs = Sequence[tuple[str, str, bool]]


class AsyncEnqueuer:
    """Puts jobs on the queue from its own thread, so that Redis cannot slow down a request or a commit."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._waiting: queues.Queue[Jobs | None] = queues.Queue(MAX_WAITING_BATCHES)
        self._thread: threading.Thread | None = None

    def enqueue_all(self, jobs: Jobs) -> None:
        """Hand over the jobs of one batch. Return at once; drop them where too many batches wait."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._drain_batches, name="enqueuer", daemon=True)
            self._thread.start()
        self._hand_over(jobs)

    def close(self) -> None:
        """Enqueue what waits and end the thread. Wait for it at most CLOSE_TIMEOUT_S."""
        if self._thread is not None and self._thread.is_alive():
            self._hand_over(None)
            self._thread.join(CLOSE_TIMEOUT_S)

    def _hand_over(self, jobs: Jobs | None) -> None:
        try:
            self._waiting.put_nowait(jobs)
        except queues.Full:
            return

    def _drain_batches(self) -> None:
        """Enqueue jobs until `close`: privacy work at once, index jobs at most once in INDEX_INTERVAL_S."""
        waiting: dict[tuple[str, str, bool], None] = {}
        is_open, next_turn = True, 0.0
        while is_open or waiting:
            is_open = self._collect(waiting, next_turn) and is_open
            is_urgent = not is_open or any(at_front for _, _, at_front in waiting)
            if waiting and (is_urgent or time.monotonic() >= next_turn):
                self._queue.enqueue_all(list(waiting))
                waiting.clear()
                next_turn = time.monotonic() + INDEX_INTERVAL_S

    def _collect(self, waiting: dict[tuple[str, str, bool], None], next_turn: float) -> bool:
        """Add all jobs that were handed over; wait for some, no longer than the next turn. Return False at the end."""
        try:
            timeout_s = max(0.0, next_turn - time.monotonic()) if waiting else None
            batches = [self._waiting.get(timeout=timeout_s)]
        except queues.Empty:
            return True
        while not self._waiting.empty():
            batches.append(self._waiting.get_nowait())
        for batch in batches:
            waiting.update(dict.fromkeys(batch or ()))
        return None not in batches
