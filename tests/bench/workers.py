"""How the work is shared: what more workers bring where each call takes 100 ms, and who waits for whom."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.bench.bench_env import Scene, Shops, postgres, world
from tests.bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import Postgres

LATENCY_MS = 100
CROWDS = {"access requests, 10 orders each": (48, 10), "gathers, 300 orders each": (8, 300)}
WORKERS = (1, 4)


def measure(*, quick: bool) -> Iterator[Figure]:
    """Requests a minute by the number of workers, on both databases."""
    with Shops(*CROWDS.values()) as shops:
        shops.set_latency(LATENCY_MS)
        yield from _measure_scaling("sqlite", None, shops)
        if not quick:
            with postgres() as server:
                yield from _measure_scaling("postgres", server, shops)


def _measure_scaling(name: str, server: Postgres | None, shops: Shops) -> Iterator[Figure]:
    for title, size in CROWDS.items():
        rates = {}
        for workers in WORKERS:
            rates[workers] = _measure_rate(server, shops, size, workers)
            measure = f"{title}, {LATENCY_MS} ms, {name}: {workers} worker{'s' * (workers > 1)}"
            yield Figure(measure=measure, unit="/min", runs=[rates[workers]])
        more = f"{title}, {LATENCY_MS} ms, {name}: {WORKERS[-1]} workers / 1"
        yield Figure(measure=more, unit="times", runs=[rates[WORKERS[-1]] / rates[1]])


def _measure_rate(server: Postgres | None, shops: Shops, size: tuple[int, int], workers: int) -> float:
    people, shop = size[0], world(*size)
    with Scene(shops=shops, postgres=server, more=lambda _: shops.carriers_environ) as scene:
        scene.bridge.start(workers=workers)
        began = time.perf_counter()
        with ThreadPoolExecutor(16) as pool:
            for number, person in enumerate(shop.people[-people:], 1):
                pool.submit(scene.post, "customers/data_request", shop, person=person, request_id=number)
        scene.until("everybody's request", lambda: scene.closed() >= people, patience_s=240)
        return people / (time.perf_counter() - began) * 60
