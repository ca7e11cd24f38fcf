"""How the work is shared: what more workers bring where each call takes 100 ms, and how long some wait for others."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.bench.bench_env import Scene, Shops, postgres, world
from tests.bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.sandbox.world.models import World
    from tests.servers import Postgres

LATENCY_MS = 100
WORKERS = (1, 4)
QUICK = (12, 10)
CROWDS = {"access requests, 10 orders each": (48, 10), "gathers, 60 orders each": (12, 60)}
HUGE, SMALL, BULK = (1, 5_000), (20, 3), (200, 1)
CLOSED = "SELECT count(*) FROM requests WHERE closed_at IS NOT NULL AND shop = "
OPEN = "SELECT count(*) FROM requests WHERE closed_at IS NULL AND shop = "
PATIENCE_S = 300.0


def measure(*, quick: bool) -> Iterator[Figure]:
    """Requests a minute by the number of workers, and how long persons with few orders wait beside others."""
    crowds = {"access requests, 10 orders each": QUICK} if quick else CROWDS
    with Shops(*crowds.values()) as shops:
        shops.set_latency(LATENCY_MS)
        yield from _measure_scaling("sqlite", None, shops, crowds)
        if quick:
            return
        with postgres() as server:
            yield from _measure_scaling("postgres", server, shops, crowds)
    with Shops(HUGE, SMALL, BULK) as shops, postgres() as server:
        shops.set_latency(LATENCY_MS)
        for workers in WORKERS:
            yield from _measure_waits(shops, server, workers)


def _measure_scaling(
    name: str, server: Postgres | None, shops: Shops, crowds: dict[str, tuple[int, int]]
) -> Iterator[Figure]:
    for title, size in crowds.items():
        rates = {}
        for workers in WORKERS:
            rates[workers] = _measure_rate(server, shops, size, workers)
            yield Figure(measure=f"{title}, {name}, {_name(workers)}", unit="/min", runs=[rates[workers]])
        more = rates[WORKERS[-1]] / rates[1]
        yield Figure(measure=f"{title}, {name}: {WORKERS[-1]} workers to 1", unit="times", runs=[more])


def _measure_rate(server: Postgres | None, shops: Shops, size: tuple[int, int], workers: int) -> float:
    people, shop = size[0], world(*size)
    with Scene(shops=shops, postgres=server, more=lambda _: shops.carriers_environ) as scene:
        scene.bridge.start(workers=workers)
        began = time.perf_counter()
        _post_all(scene, size, "customers/data_request")
        scene.until("everybody's request", lambda: _count(scene, CLOSED, shop) >= people, patience_s=PATIENCE_S)
        return people / (time.perf_counter() - began) * 60


def _measure_waits(shops: Shops, server: Postgres, workers: int) -> Iterator[Figure]:
    """The p95 of persons with few orders: alone, beside one with thousands, beside another shop's many erasures."""
    huge, bulk, name = world(*HUGE), world(*BULK), _name(workers)
    with Scene(shops=shops, postgres=server) as scene:
        scene.bridge.start(workers=workers)
        _measure_one_by_one(scene, 0)  # the token, the first horse
        yield Figure(
            measure=f"{SMALL[1]} orders alone, {name}: p95", unit="s", runs=[_p95(_measure_one_by_one(scene, 1))]
        )
        scene.post("customers/data_request", huge, person=huge.people[-1], request_id=1)
        scene.until("some pages of it", lambda: scene.number("SELECT max(records) FROM tasks") > 2 * SMALL[0])
        beside, open_ = _measure_one_by_one(scene, 2), _count(scene, OPEN, huge)
        yield Figure(measure=f"{SMALL[1]} orders beside {HUGE[1]:,}, {name}: p95", unit="s", runs=[_p95(beside)])
        yield Figure(measure=f"{HUGE[1]:,} orders, {name}: still open then", unit="", runs=[open_])
        scene.until("the huge one", lambda: _count(scene, CLOSED, huge), patience_s=PATIENCE_S)
        _post_all(scene, BULK, "customers/redact")
        beside, open_ = _measure_one_by_one(scene, 3), _count(scene, OPEN, bulk)
        measure = f"{SMALL[1]} orders beside {BULK[0]} erasures of another shop, {name}: p95"
        yield Figure(measure=measure, unit="s", runs=[_p95(beside)])
        yield Figure(measure=f"{BULK[0]} erasures, {name}: still open then", unit="", runs=[open_])


def _post_all(scene: Scene, size: tuple[int, int], topic: str) -> None:
    shop = world(*size)
    with ThreadPoolExecutor(16) as pool:
        for number, person in enumerate(shop.people[-size[0] :], 1):
            pool.submit(scene.post, topic, shop, person=person, request_id=number)


def _measure_one_by_one(scene: Scene, round_: int) -> list[float]:
    """Post the request of each person with few orders once the one before is closed. Returns the seconds of each."""
    small, took = world(*SMALL), []
    for number, person in enumerate(small.people[-SMALL[0] :], 1 + 100 * round_):
        closed = _count(scene, CLOSED, small)
        began = time.perf_counter()
        scene.post("customers/data_request", small, person=person, request_id=number)
        scene.until("a small request", lambda closed=closed: _count(scene, CLOSED, small) > closed)
        took.append(time.perf_counter() - began)
    return took


def _count(scene: Scene, question: str, shop: World) -> int:
    return scene.number(f"{question}'{shop.shop}'")


def _name(workers: int) -> str:
    return f"{workers} worker{'s' * (workers > 1)}"


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)]
