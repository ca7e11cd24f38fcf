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
CROWDS = {"access requests, 10 orders each": (48, 10), "gathers, 60 orders each": (12, 60)}
WORKERS = (1, 4)
HUGE, SMALL = (1, 5_000), (20, 3)
PAGES = "SELECT count(*) FROM findings"


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


def fairness(*, quick: bool) -> Iterator[Figure]:
    """How long persons with few orders wait: alone, and beside one with thousands."""
    with Shops(HUGE, SMALL) as shops:
        shops.set_latency(LATENCY_MS)
        for workers in WORKERS[:1] if quick else WORKERS:
            yield from _measure_beside_huge(shops, workers)


def _measure_beside_huge(shops: Shops, workers: int) -> Iterator[Figure]:
    huge, name = world(*HUGE), f"{workers} worker{'s' * (workers > 1)}"
    with Scene(shops=shops) as scene:
        scene.bridge.start(workers=workers)
        _measure_one_by_one(scene, 0)  # the token, the first horse
        alone = _measure_one_by_one(scene, 1)
        scene.post("customers/data_request", huge, person=huge.people[-1], request_id=1)
        scene.until("some pages of the huge one", lambda: scene.number(f"{PAGES} WHERE request_id IN ({_huge()})") >= 2)
        beside = _measure_one_by_one(scene, 2)
        is_beside = scene.number(f"SELECT count(*) FROM requests WHERE shop = '{huge.shop}' AND closed_at IS NULL")
        scene.until(
            "the huge one",
            lambda: scene.number(f"SELECT count(*) FROM requests WHERE closed_at IS NOT NULL AND id IN ({_huge()})"),
            patience_s=300,
        )
    yield Figure(measure=f"{SMALL[1]} orders, alone, {name}: p95", unit="s", runs=[_p95(alone)])
    yield Figure(measure=f"{SMALL[1]} orders beside {HUGE[1]:,}, {name}: p95", unit="s", runs=[_p95(beside)])
    yield Figure(
        measure=f"{SMALL[1]} orders beside {HUGE[1]:,}, {name}: the huge one was still open", unit="", runs=[is_beside]
    )


def _measure_one_by_one(scene: Scene, round_: int) -> list[float]:
    """Post the request of each person with few orders once the one before is closed. Returns the seconds of each."""
    small, took = world(*SMALL), []
    of_small = f"SELECT count(*) FROM requests WHERE shop = '{small.shop}' AND closed_at IS NOT NULL"
    for number, person in enumerate(small.people[-SMALL[0] :], 1 + 100 * round_):
        closed = scene.number(of_small)
        began = time.perf_counter()
        scene.post("customers/data_request", small, person=person, request_id=number)
        scene.until("a small request", lambda closed=closed: scene.number(of_small) > closed)
        took.append(time.perf_counter() - began)
    return took


def _huge() -> str:
    return f"SELECT id FROM requests WHERE shop = '{world(*HUGE).shop}'"


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)]
