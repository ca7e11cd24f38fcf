"""Counts invalid signatures in this process and records the counts as evidence, once an hour at most.

A million invalid requests cost a counter in memory and one fact an hour; no request waits for the database. The
counts are recorded when the process ends in order, and lost when it is killed.
"""

from __future__ import annotations

import atexit
import threading
from collections import Counter
from datetime import datetime

from bridge.errors import BridgeError, SignatureInvalid
from bridge.model import Fact
from bridge.services import Services

FLUSH_INTERVAL_S = 3600.0


class SignatureFailureCounter:
    """The counts of one process, by reason (a closed set of words)."""

    def __init__(self, services: Services, *, flush_interval_s: float = FLUSH_INTERVAL_S) -> None:
        self._services, self._flush_interval_s = services, flush_interval_s
        self._counts: Counter[str] = Counter()
        self._counting_since: datetime | None = None
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def count_failure(self, fault: SignatureInvalid) -> None:
        """Count one, by its reason."""
        self._add_failures(fault.reason, 1)

    def flush_counts(self) -> None:
        """Record what was counted since the last flush; keep the counts where the database is unavailable."""
        atexit.unregister(self.flush_counts)
        with self._lock:
            counts, since = self._counts, self._counting_since
            self._counts, self._counting_since = Counter(), None
            if self._timer is not None:
                self._timer.cancel()
        if since is None:
            return
        try:
            with self._services.store.transaction() as tx:
                tx.evidence.append_fact(
                    Fact.DELIVERY_REJECTED,
                    shop="",
                    reason="signature",
                    count=counts.total(),
                    reasons=dict(sorted(counts.items())),
                    since=since.isoformat(),
                )
        except BridgeError:
            for reason, count in counts.items():
                self._add_failures(reason, count, since)

    def _add_failures(self, reason: str, count: int, since: datetime | None = None) -> None:
        with self._lock:
            self._counts[reason] += count
            if self._counting_since is not None:
                return
            self._counting_since = since or self._services.clock.now()
            self._timer = threading.Timer(self._flush_interval_s, self.flush_counts)
            self._timer.name, self._timer.daemon = "signature-failures", True
            self._timer.start()
        atexit.register(self.flush_counts)
