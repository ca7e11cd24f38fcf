"""Measured figures and their budgets."""

from __future__ import annotations

import operator
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

# The budgets of the design, by the name of the figure: how to compare, and with what.
BUDGETS: dict[str, tuple[str, float]] = {
    "gather 1,000 orders, 0 ms: calls": ("<=", 25),
    "gather 1,000 orders, 100 ms: calls": ("<=", 25),
    "gather 1,000 orders, 100 ms: time": ("<=", 5),
    "5,000 orders: peak of the work-horse": ("<=", 200),
    "access requests, 10 orders each, sqlite": (">=", 600),
    "access requests, 10 orders each, postgres": (">=", 600),
    "erase 100 orders: time": ("<=", 3),
    "kill -9 in mid-gather: time to closed": ("<=", 30),
    "kill -9 in mid-gather: pages asked again": ("<=", 1),
    "access requests, 10 orders each, sqlite: 4 workers to 1": (">=", 3),
    "access requests, 10 orders each, postgres: 4 workers to 1": (">=", 3),
    "gathers, 60 orders each, sqlite: 4 workers to 1": (">=", 3),
    "gathers, 60 orders each, postgres: 4 workers to 1": (">=", 3),
    "boot of web to healthy": ("<=", 1.5),
    "idle memory: web master": ("<=", 90),
    "idle memory: web process": ("<=", 90),
    "idle memory: worker": ("<=", 90),
    "idle memory: clock": ("<=", 90),
    "runtime packages": ("<=", 45),
}
SHORT = 40  # characters of a fault that the table has room for: the whole is on stderr and in --json
HOLDS = {"<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measure: the median of its runs."""

    measure: str
    unit: str
    runs: list[float] = field(default_factory=list)
    fault: str = ""

    @property
    def value(self) -> float | None:
        return median(self.runs) if self.runs else None

    @property
    def budget(self) -> tuple[str, float] | None:
        return BUDGETS.get(self.measure)

    @property
    def ok(self) -> bool | None:
        """None where there is no budget to hold."""
        if self.fault or self.value is None:
            return False
        return HOLDS[self.budget[0]](self.value, self.budget[1]) if self.budget else None

    def as_json(self) -> dict[str, Any]:
        budget = " ".join(str(part) for part in self.budget) if self.budget else None
        return {**asdict(self), "value": self.value, "budget": budget, "ok": self.ok}


def table(figures: list[Figure]) -> str:
    """Lay out: measure | ours | budget | ok?."""
    rows = [("measure", "ours", "runs", "budget", "ok?")]
    for one in figures:
        ours = one.fault[:SHORT] or f"{shown(one.value)} {one.unit}"
        budget = f"{one.budget[0]} {one.budget[1]:g}" if one.budget else ""
        verdict = {True: "ok", False: "NO", None: ""}[one.ok]
        rows.append((one.measure, ours, " ".join(map(shown, one.runs)), budget, verdict))
    widths = [max(len(row[place]) for row in rows) for place in range(5)]
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in [lines[0], "-" * len(lines[0]), *lines[1:]])


def shown(value: float | None) -> str:
    if value is None:
        return "not measured"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
