"""A hundred thousand webhooks through one web process: what it holds in memory before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.bench_env import postgres
from tests.bench.figures import Figure
from tests.bench.memory import rss_mb
from tests.bench.receiver.accept import APART, run_load
from tests.bench.receiver.stage import on_cores, open_receivers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.sandbox.processes import Bridge

WARM, MANY = 10_000, 100_000
ROUND_S = 4
CONNECTIONS = 32


def measure(*, quick: bool) -> Iterator[Figure]:
    """Resident memory of the web process: a leak of 1 kB a webhook would be 100 MB more."""
    many = 20_000 if quick else MANY
    with on_cores(load=True), postgres() as server, open_receivers(server, others=False) as (_, receivers):
        bridge = receivers["ours"]
        sent, held = _send_until(bridge, WARM, sent=0)
        yield Figure(measure=f"web process after {WARM:,} webhooks", unit="MB", runs=[held])
        sent, held = _send_until(bridge, sent + many, sent=sent)
        yield Figure(measure=f"web process after {WARM + many:,} webhooks", unit="MB", runs=[held])


def _send_until(bridge: Bridge, wanted: int, *, sent: int) -> tuple[int, float]:
    """Send rounds until so many were accepted. Returns how many, and the memory of the process that answers."""
    while sent < wanted:
        done = run_load({"ours": bridge}, seconds=ROUND_S, connections=CONNECTIONS, first=APART * 50 + sent * 10)
        sent += done["ours"]["accepted"]
    return sent, max(map(rss_mb, bridge.pids("web")))
