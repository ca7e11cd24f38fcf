"""How many stored webhooks a second one worker works off: all of one shop, and a few of each of a thousand shops."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING

from bridge.sandbox.shopify.server import CLIENT_SECRET
from tests.bench.bench_env import Shops, postgres
from tests.bench.burst.backlog import WEBHOOKS
from tests.bench.burst.season import FOLLOWING, SOLD, Season, ShopTraffic
from tests.bench.burst.simulate import open_scene, register_shops
from tests.bench.figures import Figure
from tests.bench.receiver.load import build_request
from tests.bench.receiver.open_loop import run_schedule
from tests.bench.shops import invent_shop

if TYPE_CHECKING:
    from collections.abc import Iterator

PER_S = 300
ENOUGH_S = 30.0


def measure(*, quick: bool) -> Iterator[Figure]:
    """Store first, then start the worker; at most half a minute of its work counts."""
    shops, each = (100, 3) if quick else (1_000, 3)
    yield Figure(measure="drain, one shop", unit="/s", runs=[_drain(1, shops * each)])
    yield Figure(measure=f"drain, {shops:,} shops", unit="/s", runs=[_drain(shops, each)])


def _drain(shops: int, each: int) -> float:
    season = Season(shops=shops, seconds=1, per_s=PER_S)
    requests = ((at / PER_S, request) for at, request in enumerate(_list_requests(season, each)))
    with postgres() as server, Shops(*season.sizes) as stand_in, open_scene(season, server, stand_in) as scene:
        register_shops(scene, season)
        scene.bridge.start(workers=0, clock=False)
        stored = run_schedule(scene.bridge.port, requests, limit_s=120)
        assert stored["other"] == 0, stored["statuses"]
        scene.bridge.start_process("worker")
        scene.bridge.start_process("clock")
        scene.until("the worker", lambda: scene.number(WEBHOOKS) < stored["accepted"])
        began, before = time.perf_counter(), scene.number(WEBHOOKS)
        while (left := scene.number(WEBHOOKS)) and time.perf_counter() - began < ENOUGH_S:
            time.sleep(0.1)
        return (before - left) / (time.perf_counter() - began)


def _list_requests(season: Season, each: int) -> Iterator[bytes]:
    number = 0
    for place, size in enumerate(season.sizes):
        shop = ShopTraffic(invent_shop(*size), place)
        for turn in range(each):
            number += 1
            topic, body = shop.next_webhook((SOLD, *FOLLOWING[1:])[turn % 3], number)
            signature = hmac.digest(CLIENT_SECRET.encode(), body, hashlib.sha256)
            yield build_request(topic, shop.world.shop, body, signature=signature, number=number)
