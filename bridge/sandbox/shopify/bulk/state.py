"""The bulk operations of one shop, and what goes wrong with them on demand.

Holds finished files in memory for as long as they are to live. Never runs a query: lines are handed in.
https://shopify.dev/docs/api/usage/bulk-operations/queries
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.shopify.bulk.operation import OPEN, Operation
from bridge.sandbox.shopify.records.parts import Record, gid, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.sandbox.world.models import World

FILES: Final = "/_bulk/"
LIVES_S: Final = 7 * 86_400.0
CODES: Final = frozenset({"ACCESS_DENIED", "INTERNAL_SERVER_ERROR", "TIMEOUT"})


class BulkOperations:
    """All of one shop and app. `dial` says how long they take, how long their files live, and what fails."""

    def __init__(self, world: World, now_s: Callable[[], float]) -> None:
        """Nothing runs yet."""
        self.base_url = ""
        self._world = world
        self._now_s = now_s
        self._lock = threading.Lock()
        self._all: dict[str, Operation] = {}
        self.reset()

    def reset(self) -> None:
        """Forget every operation and every dial."""
        with self._lock:
            self._all.clear()
            self._polls, self._lives_s, self._failure, self._kept = 1, LIVES_S, "", 0

    def dial(self, given: Mapping[str, Any]) -> None:
        """Set `polls` until it is done, `lives_s` of the file, `fail` (an error code) after `kept` lines."""
        if given.get("fail") and given["fail"] not in CODES:
            raise ValueError("unknown error code")
        with self._lock:
            self._polls = int(given.get("polls", self._polls))
            self._lives_s = float(given.get("lives_s", self._lives_s))
            self._failure = str(given.get("fail") or "")
            self._kept = int(given.get("kept", 0))

    def running(self) -> list[str]:
        """Name the operations that are not done."""
        return [one.id for one in self._all.values() if one.status in OPEN]

    def start(self, query: str, lines: list[Record], roots: int, *, denied: bool) -> Record:
        """Take one on. `denied`: the query met what it may not see, which fails the whole of it."""
        with self._lock:
            number = self._world.shop_id + len(self._all) + 1
            made = Operation(
                id=gid("BulkOperation", number),
                query=query,
                lines=lines,
                roots=roots,
                polls=self._polls,
                failure="ACCESS_DENIED" if denied else self._failure,
                kept=0 if denied else self._kept,
            )
            self._all[made.id] = made
            return self._record(made)

    def get(self, global_id: str) -> Record | None:
        """Look at one; each look brings it nearer to its end."""
        with self._lock:
            found = self._all.get(global_id)
            if found is None:
                return None
            found.advance(self._now_s())
            return self._record(found)

    def all(self) -> list[Record]:
        """Look at all, without moving them."""
        with self._lock:
            return [self._record(one) for one in self._all.values()]

    def latest(self) -> Record | None:
        """Look at the one that was begun last."""
        return self.get(list(self._all)[-1]) if self._all else None

    def cancel(self, global_id: str) -> Record | None:
        """Stop one; it is CANCELING now and CANCELED at the next look."""
        with self._lock:
            found = self._all.get(global_id)
            if found is None:
                return None
            if found.status in OPEN:
                found.status = "CANCELING"
            return self._record(found)

    def file(self, token: str) -> bytes | None:
        """Give the file of an operation while it lives."""
        with self._lock:
            for one in self._all.values():
                if one.token == token and one.ended_s and self._now_s() - one.ended_s < self._lives_s:
                    return one.shown()
        return None

    def _record(self, one: Operation) -> Record:
        return one.record(f"{self.base_url}{FILES}{self._world.shop}", moment(self._world.now))
