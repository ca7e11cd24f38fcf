"""Many people at once, and a worker that dies: requests a minute, and how long until another has taken over."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.bench import gather
from tests.bench.bench_env import Scene, Shops, postgres, world
from tests.bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import Postgres

PEOPLE, ORDERS = 60, 10
QUICK_PEOPLE = 24
RECOVERING = 1_000
PAGES_BEFORE = 3


def measure(*, quick: bool) -> Iterator[Figure]:
    """Post everybody's request at once; one worker; no latency."""
    people = QUICK_PEOPLE if quick else PEOPLE
    with Shops((people, ORDERS)) as shops:
        yield _requests("sqlite", None, shops, people, runs=1 if quick else 3)
        if quick:
            return
        with postgres() as server:
            yield _requests("postgres", server, shops, people, runs=3)


def _requests(name: str, server: Postgres | None, shops: Shops, people: int, *, runs: int) -> Figure:
    shop, rates = world(people, ORDERS), []
    with Scene(shops=shops, postgres=server) as scene:
        scene.bridge.start()
        for number in range(runs):
            posts = [(person, 1 + number * people + place) for place, person in enumerate(shop.people[-people:])]
            began = time.perf_counter()
            with ThreadPoolExecutor(16) as pool:
                list(pool.map(lambda one: _post(scene, shop, *one), posts))
            done = people * (number + 1)
            scene.until("everybody's request", lambda done=done: scene.closed() >= done)
            rates.append(people / (time.perf_counter() - began) * 60)
    return Figure(measure=f"access requests, {ORDERS} orders each, {name}", unit="/min", runs=rates)


def _post(scene: Scene, shop: object, person: object, number: int) -> None:
    scene.post("customers/data_request", shop, person=person, request_id=number)


def recovery(*, quick: bool) -> Iterator[Figure]:
    """SIGKILL the worker after some pages; another starts at once, as a host does it."""
    took, again = [], []
    with Shops((1, RECOVERING)) as shops, Scene(shops=shops) as scene:
        scene.bridge.start()
        whole, _, _ = gather.ask(scene, RECOVERING)
        whole, _, _ = gather.ask(scene, RECOVERING)  # the first had to ask for a token
        shop = world(1, RECOVERING)
        for number in range(1 if quick else 2):
            shops.control("latency", ms=100)
            closed, pages, calls = scene.closed(), _pages(scene), shops.calls()["total"]
            scene.post("customers/data_request", shop, person=shop.people[-1], request_id=7_000 + number)
            wanted = pages + PAGES_BEFORE
            scene.until("some pages", lambda wanted=wanted: _pages(scene) >= wanted)
            scene.bridge.kill("worker")
            began = time.perf_counter()
            scene.bridge.start_process("worker")
            scene.until("recovery", lambda closed=closed: scene.closed() > closed)
            took.append(time.perf_counter() - began)
            again.append(shops.calls()["total"] - calls - whole)
            shops.control("latency", ms=0)
    yield Figure(measure="kill -9 in mid-gather: time to closed", unit="s", runs=took)
    yield Figure(measure="kill -9 in mid-gather: pages asked again", unit="calls", runs=again)


def _pages(scene: Scene) -> int:
    return scene.number("SELECT count(*) FROM findings")
