"""What all workers know together about the systems that they call: the points of a shop, and who does not answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class PointsReport:
    """What a platform says of a shop's points after a call, and what the call was charged."""

    charged: float
    available: float
    maximum: float
    restore_rate: float


class CallLimits(Protocol):
    """Shared by all workers. Losing what it knows costs a few calls that are refused, never work. Never raises."""

    def take_points(self, shop: str, price: float, *, has_begun: bool) -> float | None:
        """Take the points of one call and return 0; or take none and return the seconds until they are there.

        None where it is not known. A caller that `has_begun` has paid for a part of what it would lose: it goes before
        those that have not.
        """
        ...

    def report_points(self, shop: str, taken: float, report: PointsReport) -> None:
        """Record the points of a shop that the platform reports after a call for which `taken` points were taken."""
        ...

    def find_silence(self, system: str) -> tuple[float, float] | None:
        """Return for how many seconds a system is not to be called, and since how many it does not answer; None: call it.

        Of several callers only one may call a system that was silent.
        """
        ...

    def report_silence(self, system: str) -> None:
        """Record that a call to the system ended without an answer in time."""
        ...

    def report_answer(self, system: str) -> None:
        """Record that the system answered."""
        ...
