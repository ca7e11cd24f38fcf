"""Enqueues the jobs of committed deliveries on a thread of its own. Drops jobs rather than delay a webhook."""

from __future__ import annotations

import queue as queues
import threading
from collections.abc import Sequence

from bridge.ports import Queue

MAX_WAITING_BATCHES = 10_000  # while Redis is away; enqueue_due finds the rows of jobs that were dropped
CLOSE_TIMEOUT_S = 5.0

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
        """Enqueue batches, all that wait in one call, until `close`."""
        is_open = True
        while is_open:
            batches = [self._waiting.get()]
            while not self._waiting.empty():
                batches.append(self._waiting.get_nowait())
            is_open = None not in batches
            jobs = [job for batch in batches for job in batch or ()]
            if jobs:
                self._queue.enqueue_all(list(dict.fromkeys(jobs)))
