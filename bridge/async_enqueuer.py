"""Rings for what was committed, on a thread of its own. Loses a bell rather than slow a webhook."""

from __future__ import annotations

import queue as queues
import threading
from collections.abc import Sequence

from bridge.ports import Queue

MAX_WAITING_BATCHES = 10_000  # while Redis is away; what falls out is rung for by sweep


class AsyncEnqueuer:
    """Rings the bell on a thread of its own, so that Redis can never slow what was committed already."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._waiting: queues.Queue[Sequence[tuple[str, str, bool]]] = queues.Queue(MAX_WAITING_BATCHES)
        self._thread: threading.Thread | None = None

    def enqueue_all(self, jobs: Sequence[tuple[str, str, bool]]) -> None:
        """Hand over the jobs of one batch; returns at once."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._drain_batches, name="ringer", daemon=True)
            self._thread.start()
        try:
            self._waiting.put_nowait(jobs)
        except queues.Full:
            return

    def _drain_batches(self) -> None:
        while True:
            jobs = list(self._waiting.get())
            while not self._waiting.empty():
                jobs += self._waiting.get_nowait()
            self._queue.enqueue_all(list(dict.fromkeys(jobs)))
