"""The faults and the call log behind `/_sandbox/…`.

Both are thread-safe. They store names, counts, cursors and digests of calls, never a personal value.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Faults of the connection, for every stand-in.
TRANSPORT_FAULTS: Final = (
    *(f"http_{status}" for status in (401, 402, 403, 404, 423, 429, 500, 502, 503, 504)),
    "reset",
    "slow",
    "hang",
    "html",
    "empty",
    "truncated",
    "drip",
    "huge",
)
# Faults of the protocol, for the stand-ins that support them.
PROTOCOL_FAULTS: Final = (
    *("throttle", "deny_scope", "deny_field", "token_expired"),
    *("spoil_batch", "no_paper", "other_form", "not_scanned"),
)
# Faults inside an answer of Shopify. Of a page: the cursor stays, alternates or is null although more is announced; the
# page is empty although more is announced; its first row is the last one of the page before.
PAGE_FAULTS: Final = ("repeat_cursor", "alternate_cursor", "null_cursor", "empty_page", "repeat_row")
ANSWER_FAULTS: Final = (*PAGE_FAULTS, "fail_field", "null_node", "empty_data")
MAX_KEPT_CALLS = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class InjectedFault:
    """A fault that happens `times` times (None: until cleared) if `match` is in path or operation."""

    kind: str
    times: int | None = 1
    match: str = ""
    seconds: float = 0.0
    scope: str = ""
    field: str = ""
    group: str = ""
    row: int | None = None

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> InjectedFault:
        """Read a control request. Raises ValueError for a kind that does not exist."""
        kind = str(options.get("kind", ""))
        if kind not in TRANSPORT_FAULTS + PROTOCOL_FAULTS + ANSWER_FAULTS:
            raise ValueError("unknown kind of fault")
        # denied access stays denied; every other fault happens once by default
        times = options.get("times", None if kind.startswith("deny") else 1)
        return cls(
            kind=kind,
            times=None if times is None else int(times),
            match=str(options.get("match", "")),
            seconds=float(options.get("seconds", 0)),
            scope=str(options.get("scope", "")),
            field=str(options.get("field", "")),
            group=str(options.get("group", "")),
            row=None if options.get("row") is None else int(options["row"]),
        )


class FaultInjector:
    """The pending faults, in the order in which they were added."""

    def __init__(self) -> None:
        """Start without faults."""
        self._lock = threading.Lock()
        self._waiting: list[tuple[InjectedFault, list[int]]] = []
        self.fired_counts: Counter[str] = Counter()

    def add(self, kind: str, **options: Any) -> None:
        """Add a fault. Raises ValueError for an unknown kind."""
        fault = InjectedFault.parse({"kind": kind, **options})
        with self._lock:
            self._waiting.append((fault, [] if fault.times is None else [fault.times]))

    def clear(self) -> None:
        """Remove all faults and counts."""
        with self._lock:
            self._waiting.clear()
            self.fired_counts.clear()

    def consume(self, kinds: tuple[str, ...], *call_texts: str) -> InjectedFault | None:
        """Return and use up the first pending fault of these kinds that matches path or operation."""
        with self._lock:
            for fault, remaining in self._waiting:
                hit = fault.kind in kinds and (not fault.match or any(fault.match in text for text in call_texts))
                if not hit or remaining == [0]:
                    continue
                if remaining:
                    remaining[0] -= 1
                self.fired_counts[fault.kind] += 1
                return fault
        return None

    def consume_all(self, kind: str, *call_texts: str) -> list[InjectedFault]:
        """Use up one occurrence of every pending fault of this kind that matches."""
        with self._lock:
            found = []
            for fault, remaining in self._waiting:
                hit = fault.kind == kind and (not fault.match or any(fault.match in text for text in call_texts))
                if hit and remaining != [0]:
                    if remaining:
                        remaining[0] -= 1
                    self.fired_counts[kind] += 1
                    found.append(fault)
            return found

    def list_waiting(self) -> list[dict[str, Any]]:
        """Return the pending faults for display."""
        with self._lock:
            return [
                {"kind": fault.kind, "match": fault.match, "left": remaining[0] if remaining else None}
                for fault, remaining in self._waiting
                if remaining != [0]
            ]


@dataclass(frozen=True, kw_only=True, slots=True)
class CallRecord:
    """One call to a stand-in: its name, its cursor, and a digest of its arguments."""

    name: str
    cursors: tuple[str, ...] = ()
    digest: str = ""


class CallLog:
    """Counts of calls by name, and the last calls."""

    def __init__(self) -> None:
        """Start without calls."""
        self._lock = threading.Lock()
        self._total = 0
        self._points = 0.0
        self._by_name: Counter[str] = Counter()
        self._recent_calls: deque[tuple[CallRecord, int]] = deque(maxlen=MAX_KEPT_CALLS)

    def record_call(self, call: CallRecord, status: int) -> None:
        """Count one call. `status` 0 means that no answer was sent."""
        with self._lock:
            self._total += 1
            self._by_name[call.name] += 1
            self._recent_calls.append((call, status))

    def charge_points(self, points: float) -> None:
        """Count what a call was charged, where the system charges points."""
        with self._lock:
            self._points += points

    def clear(self) -> None:
        """Remove all calls."""
        with self._lock:
            self._total, self._points = 0, 0.0
            self._by_name.clear()
            self._recent_calls.clear()

    def summarize_calls(self) -> dict[str, Any]:
        """Return total, charged points, counts by name and the last calls, oldest first."""
        with self._lock:
            return {
                "total": self._total,
                "points": self._points,
                "by_name": dict(self._by_name),
                "last": [
                    {"name": call.name, "cursors": list(call.cursors), "digest": call.digest, "status": status}
                    for call, status in self._recent_calls
                ],
            }
