"""One customer: calls, points, seconds and memory from the webhook posted to the request closed, with one worker."""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING

from tests.bench.bench_env import Scene, Shops, world
from tests.bench.figures import Figure
from tests.bench.memory import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = (10, 100, 1_000)
HUGE = 5_000
ERASED = 100
LEARNED = "SELECT count(*) FROM deliveries WHERE state = 'done'"
LATENCIES_MS = (0, 100)
_numbers = count(1)


def measure(*, quick: bool) -> Iterator[Figure]:
    """Calls, points and seconds of each size, at each latency of Shopify."""
    runs, sizes = (1, SIZES[::2]) if quick else (3, SIZES)
    with Shops(*((1, size) for size in sizes)) as shops, Scene(shops=shops) as scene:
        scene.bridge.start(clock=False)
        for size in sizes:
            ask(scene, size)  # the token's call, and whatever else is only the first's
            for latency in LATENCIES_MS:
                shops.control("latency", ms=latency)
                took = [ask(scene, size) for _ in range(runs)]
                shops.control("latency", ms=0)
                title = f"gather {size:,} orders, {latency} ms"
                yield Figure(measure=f"{title}: calls", unit="calls", runs=[calls for calls, _, _ in took])
                yield Figure(measure=f"{title}: points", unit="points", runs=[points for _, points, _ in took])
                yield Figure(measure=f"{title}: time", unit="s", runs=[seconds for _, _, seconds in took])


def memory(*, quick: bool) -> Iterator[Figure]:
    """The most that a work-horse holds at once, and how long a huge customer takes."""
    took, peaks = [], []
    with Shops((1, HUGE)) as shops, Scene(shops=shops) as scene:
        scene.bridge.start(clock=False)
        for _ in range(1 if quick else 2):
            with Watch(lambda: scene.bridge.pids("worker")[1:]) as watch:
                took.append(ask(scene, HUGE))
            peaks.append(watch.peak_mb)
    yield Figure(measure=f"{HUGE:,} orders: peak of the work-horse", unit="MB", runs=peaks)
    yield Figure(measure=f"{HUGE:,} orders: calls", unit="calls", runs=[calls for calls, _, _ in took])
    yield Figure(measure=f"{HUGE:,} orders: points", unit="points", runs=[points for _, points, _ in took])
    yield Figure(measure=f"{HUGE:,} orders: time", unit="s", runs=[seconds for _, _, seconds in took])


def erase(*, quick: bool) -> Iterator[Figure]:
    """From `customers/redact` posted to the last erasure of ours done; what Shopify itself takes is its own."""
    took = []
    for _ in range(1 if quick else 3):
        with Shops((1, ERASED)) as shops, Scene(shops=shops) as scene:
            scene.bridge.start(clock=False)
            shop = world(1, ERASED)
            orders = shop.list_orders(shop.people[-1])
            for order in orders:
                scene.post("orders/create", shop, order=order)
            scene.until("the index", lambda s=scene, all_=orders: s.number(LEARNED) >= len(all_))
            began = time.perf_counter()
            scene.post("customers/redact", shop, person=shop.people[-1])
            scene.until("erasure", lambda: _erased(scene))
            took.append(time.perf_counter() - began)
    yield Figure(measure=f"erase {ERASED} orders: time", unit="s", runs=took)


def _erased(scene: Scene) -> bool:
    settled = "SELECT count(*) FROM requests WHERE state IN ('waiting', 'done') AND lease_until IS NULL"
    return scene.number(settled) == 1


def ask(scene: Scene, orders: int) -> tuple[int, float, float]:
    """Post a data request about the only customer of a shop. Returns calls, points and seconds until it is closed."""
    shop = world(1, orders)
    closed, before = scene.closed(), scene.shops.calls()
    began = time.perf_counter()
    scene.post("customers/data_request", shop, person=shop.people[-1], request_id=next(_numbers))
    scene.until(f"access to {orders} orders", lambda: scene.closed() > closed)
    took = time.perf_counter() - began
    gaps = "SELECT count(*) FROM tasks WHERE system = 'shopify' AND (state <> 'done' OR records < "
    assert scene.number(f"{gaps}{orders} AND request_id = (SELECT max(id) FROM requests))") == 0  # noqa: S608
    after = scene.shops.calls()
    return after["total"] - before["total"], after["points"] - before["points"], took
