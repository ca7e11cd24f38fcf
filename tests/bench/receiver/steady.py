"""A constant rate, far below what the receiver can do at most: how long a webhook waits on an ordinary busy day."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from tests.bench.bench_env import TooSlowError, postgres
from tests.bench.figures import Figure
from tests.bench.receiver.load import requests
from tests.bench.receiver.open_loop import run_schedule
from tests.bench.receiver.stage import on_cores, open_receivers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

PER_S = 800
APART = 1_000_000


def measure(*, quick: bool) -> Iterator[Figure]:
    """800 webhooks a second, each sent at its planned moment and timed from it."""
    runs, seconds = (1, 3) if quick else (3, 10)
    with on_cores(load=True), postgres() as server, open_receivers(server) as (_, receivers):
        took = [
            {
                name: send_steadily(each.port, first=APART * at, per_s=PER_S, seconds=seconds)
                for name, each in receivers.items()
            }
            for at in range(runs)
        ]
    title = f"{PER_S} a second, postgres"
    for name in receivers:
        who = "" if name == "ours" else f", {name}"
        for what in ("p50_ms", "p99_ms"):
            yield Figure(measure=f"{title}{who}: {what[:3]}", unit="ms", runs=[each[name][what] for each in took])
    yield Figure(measure=f"{title}: slowest", unit="ms", runs=[each["ours"]["max_ms"] for each in took])
    yield Figure(measure=f"{title}: not answered 200", unit="", runs=[each["ours"]["other"] for each in took])
    delays = [each["ours"]["late_p99_ms"] for each in took]
    yield Figure(measure=f"{title}: p99 of the client's own delay", unit="ms", runs=delays)


def send_steadily(port: int, *, first: int, per_s: float, seconds: float) -> dict[str, Any]:
    """Send webhooks of 10 kB at a constant rate. Raises TooSlowError where the client could not keep its own schedule."""
    bodies = islice(requests(first), int(per_s * seconds))
    with on_cores(load=True):
        result = run_schedule(port, ((at / per_s, body) for at, body in enumerate(bodies)), limit_s=seconds + 60)
    if result["late_p99_ms"] > 100:
        raise TooSlowError(
            f"the client itself was {result['late_p99_ms']:.0f} ms late: it cannot carry {per_s} a second"
        )
    return result
