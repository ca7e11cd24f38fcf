"""The bulk operations of one shop, and their faults on demand.

It holds finished files in memory until they expire. It never runs a query: lines are given.
https://shopify.dev/docs/api/usage/bulk-operations/queries
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.shopify.bulk.operation import OPEN_STATUSES, BulkOperation
from bridge.sandbox.shopify.records.parts import Record, format_utc_time, make_gid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.sandbox.world.models import World

BULK_FILES_PATH: Final = "/_bulk/"
FILE_LIFETIME_S: Final = 7 * 86_400.0
FAILURE_CODES: Final = frozenset({"ACCESS_DENIED", "INTERNAL_SERVER_ERROR", "TIMEOUT"})


class BulkOperations:
    """All operations of one shop and app. `configure` sets their duration, the life of files, and failures."""

    def __init__(self, world: World, now_s: Callable[[], float]) -> None:
        """Start without operations."""
        self.base_url = ""
        self._world = world
        self._now_s = now_s
        self._lock = threading.Lock()
        self._operations: dict[str, BulkOperation] = {}
        self.reset()

    def reset(self) -> None:
        """Remove every operation and every configured value."""
        with self._lock:
            self._operations.clear()
            self._polls, self._file_lifetime_s, self._failure_code, self._lines_before_failure = (
                1,
                FILE_LIFETIME_S,
                "",
                0,
            )

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Set `polls` until it is done, `lives_s` of the file, `fail` (an error code) after `kept` lines."""
        if settings.get("fail") and settings["fail"] not in FAILURE_CODES:
            raise ValueError("unknown error code")
        with self._lock:
            self._polls = int(settings.get("polls", self._polls))
            self._file_lifetime_s = float(settings.get("lives_s", self._file_lifetime_s))
            self._failure_code = str(settings.get("fail") or "")
            self._lines_before_failure = int(settings.get("kept", 0))

    def list_running_ids(self) -> list[str]:
        """Return the ids of the operations that are not done."""
        return [one.id for one in self._operations.values() if one.status in OPEN_STATUSES]

    def start(self, query: str, lines: list[Record], root_count: int, *, denied: bool) -> Record:
        """Start an operation. `denied`: the query met a forbidden field, which fails the whole operation."""
        with self._lock:
            number = self._world.shop_id + len(self._operations) + 1
            operation = BulkOperation(
                id=make_gid("BulkOperation", number),
                query=query,
                lines=lines,
                root_count=root_count,
                polls_left=self._polls,
                failure_code="ACCESS_DENIED" if denied else self._failure_code,
                lines_before_failure=0 if denied else self._lines_before_failure,
            )
            self._operations[operation.id] = operation
            return self._build_record(operation)

    def poll_operation(self, global_id: str) -> Record | None:
        """Return one operation; each poll moves it towards its end."""
        with self._lock:
            found = self._operations.get(global_id)
            if found is None:
                return None
            found.advance(self._now_s())
            return self._build_record(found)

    def list_operations(self) -> list[Record]:
        """Return all operations without moving them."""
        with self._lock:
            return [self._build_record(one) for one in self._operations.values()]

    def poll_latest(self) -> Record | None:
        """Return the operation that started last; the poll moves it towards its end."""
        return self.poll_operation(list(self._operations)[-1]) if self._operations else None

    def cancel_operation(self, global_id: str) -> Record | None:
        """Cancel one operation; it is CANCELING now and CANCELED at the next poll."""
        with self._lock:
            found = self._operations.get(global_id)
            if found is None:
                return None
            if found.status in OPEN_STATUSES:
                found.status = "CANCELING"
            return self._build_record(found)

    def read_file(self, token: str) -> bytes | None:
        """Return the file of an operation until it expires."""
        with self._lock:
            for one in self._operations.values():
                if one.file_token == token and one.ended_s and self._now_s() - one.ended_s < self._file_lifetime_s:
                    return one.build_file()
        return None

    def _build_record(self, operation: BulkOperation) -> Record:
        return operation.build_record(
            f"{self.base_url}{BULK_FILES_PATH}{self._world.shop}", format_utc_time(self._world.now)
        )
