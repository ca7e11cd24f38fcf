"""What changes in one shop of the stand-in: who was redacted, what was written, which erasure is under way.

The world itself stays as it was invented; `reset` brings it back.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.sandbox.nouns import World


class Shop:
    """One shop, its world and what has happened since."""

    def __init__(self, world: World, now_s: Callable[[], float]) -> None:
        """`now_s` is a monotonic clock: erasures fall due by it."""
        self.world = world
        self.erasure_delay_s: float | None = None
        self.redacted: set[int] = set()
        self.gone: set[int] = set()
        self.written: dict[str, dict[str, Any]] = {}
        self.removed: set[tuple[str, str, str]] = set()
        self.cache: dict[str, dict[str, Any]] = {}
        # orders name their customer and customers list their orders: whoever knows both ties the knot here
        self.customer_record: Callable[[int], dict[str, Any] | None] = lambda _: None
        self._asked: dict[int, float] = {}
        self._now_s = now_s
        self._lock = threading.RLock()

    def ask_erasure(self, customer_id: int) -> None:
        """Take an erasure request; it is carried out after the delay, or when `redact` says so."""
        with self._lock:
            self._asked[customer_id] = self._now_s()

    def cancel_erasure(self, customer_id: int) -> bool:
        """Withdraw a request; False where there is none."""
        with self._lock:
            return self._asked.pop(customer_id, None) is not None

    def redact(self, customer_id: int) -> None:
        """Do what Shopify does ten days later: the customer's personal data is no longer there."""
        with self._lock:
            self._asked.pop(customer_id, None)
            self.redacted.add(customer_id)
            self.cache.clear()

    def forget(self, customer_id: int) -> None:
        """Make the customer unknown, as after a merge or a deletion."""
        with self._lock:
            self.gone.add(customer_id)
            self.cache.clear()

    def write(self, gid: str, values: dict[str, Any]) -> None:
        """Lay what a mutation wrote over a record."""
        with self._lock:
            self.written.setdefault(gid, {}).update(values)
            self.cache.clear()

    def remove_metafield(self, owner: str, namespace: str, key: str) -> None:
        """Delete a metafield of a customer or an order."""
        with self._lock:
            self.removed.add((owner, namespace, key))
            self.cache.clear()

    def settle(self) -> None:
        """Carry out the erasures that have fallen due."""
        if self.erasure_delay_s is None or not self._asked:
            return
        with self._lock:
            due = [one for one, at in self._asked.items() if self._now_s() - at >= self.erasure_delay_s]
        for customer_id in due:
            self.redact(customer_id)

    def reset(self) -> None:
        """Bring the invented world back as it was."""
        with self._lock:
            self.erasure_delay_s = None
            self._asked.clear()
            for memory in (self.redacted, self.gone, self.written, self.removed, self.cache):
                memory.clear()
