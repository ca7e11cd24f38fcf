"""Real workers, real Redis: they share the points of a shop, give way to others, and take over from one that was killed."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.sandbox.processes import COMMANDS
from tests.bench.bench_env import Scene, Shops, world

CROWD, SOME, FEW, HUGE = (10, 5), (5, 5), (3, 3), (1, 800)
PATIENCE_S = 120.0
CLOSED = "SELECT count(*) FROM requests WHERE closed_at IS NOT NULL"
# A worker of the release before, as far as jobs go: each works on the request that it names.
FORMER_WORKER = """
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from workers import jobs, run
jobs.process_step = process_request
jobs.choose_next_delivery = lambda *, services: ""
run.main()
"""


@pytest.fixture(scope="module")
def shops():
    with Shops(CROWD, SOME, FEW, HUGE) as shops:
        yield shops


@pytest.fixture
def scene(shops):
    with Scene(shops=shops, more=lambda _: {"LEASE_S": "3", "SWEEP_EVERY_S": "0.5", "WEB_CONCURRENCY": "1"}) as scene:
        yield scene
    shops.control("reset")


def post_all(scene, size, topic="customers/data_request", first=1):
    shop = world(*size)
    people = shop.people[-size[0] :]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda at: scene.post(topic, shop, person=people[at], request_id=first + at), range(len(people))))


def closed_of(scene, size):
    return scene.number(f"{CLOSED} AND shop = '{world(*size).shop}'")


def assert_complete(scene, requests):
    """Every request is closed, without a gap at Shopify, an attempt used up or a failed task."""
    assert scene.number(f"{CLOSED} AND attempts = 0") == requests
    assert (
        scene.number("SELECT count(*) FROM tasks WHERE system = 'shopify' AND state = 'done' AND attempts = 0")
        == requests
    )
    assert scene.number("SELECT count(*) FROM tasks WHERE state = 'failed'") == 0
    assert scene.number("SELECT count(*) FROM tasks WHERE system = 'shopify' AND gaps LIKE '%Throttled%'") == 0
    assert scene.number("SELECT count(*) FROM tasks WHERE system = 'shopify' AND gaps LIKE '%SystemBusy%'") == 0


def test_four_workers_share_a_small_bucket_and_no_request_starves(scene, shops):
    maximum, rate = 1_000.0, 1_000.0
    scene.bridge.start(workers=4)
    shops.control("bucket", maximum=maximum, restore_rate=rate)
    before, began = shops.calls()["points"], time.monotonic()
    post_all(scene, SOME)
    scene.until("everybody's request", lambda: closed_of(scene, SOME) >= SOME[0], patience_s=PATIENCE_S)
    took, spent = time.monotonic() - began, shops.calls()["points"] - before
    assert spent > maximum, "the bucket was empty in between"
    assert spent <= maximum + rate * (took + 1)
    assert_complete(scene, SOME[0])


def test_one_shops_empty_bucket_does_not_hold_up_another_shop(scene, shops):
    scene.bridge.start(workers=1)
    shops.control("bucket", shop=world(*CROWD).shop, maximum=1_000, restore_rate=40)
    post_all(scene, CROWD)
    scene.until("the first of many", lambda: scene.number("SELECT count(*) FROM findings") > 0, patience_s=PATIENCE_S)
    scene.until(
        "an empty bucket",
        lambda: scene.number("SELECT count(*) FROM tasks WHERE wait_reason = 'gave_way'"),
        patience_s=PATIENCE_S,
    )
    post_all(scene, FEW, first=100)
    scene.until("the others' requests", lambda: closed_of(scene, FEW) == FEW[0], patience_s=PATIENCE_S)
    assert closed_of(scene, CROWD) < CROWD[0], "the shop with the empty bucket still has some"
    shops.control("bucket", shop=world(*CROWD).shop, maximum=1e6, restore_rate=1e6)
    scene.until("everybody's request", lambda: closed_of(scene, CROWD) >= CROWD[0], patience_s=PATIENCE_S)
    assert_complete(scene, CROWD[0] + FEW[0])


def count_slices(scene):
    return scene.number("SELECT max(fence) FROM requests")


def test_a_huge_request_gives_way_and_loses_nothing_when_its_worker_is_killed_in_a_slice(scene, shops):
    shops.set_latency(300)
    scene.bridge.start(workers=1)
    post_all(scene, HUGE, first=50)
    scene.until("some pages", lambda: scene.number("SELECT count(*) FROM findings") >= 2, patience_s=PATIENCE_S)
    post_all(scene, FEW, first=100)
    scene.until("the small requests", lambda: closed_of(scene, FEW) == FEW[0], patience_s=PATIENCE_S)
    assert closed_of(scene, HUGE) == 0
    pages = scene.number("SELECT count(*) FROM findings")
    scene.until("its next page", lambda: scene.number("SELECT count(*) FROM findings") > pages, patience_s=PATIENCE_S)
    assert count_slices(scene) >= 2
    scene.bridge.kill("worker")
    shops.set_latency(0)
    scene.bridge.start_process("worker")
    scene.until("the huge request", lambda: closed_of(scene, HUGE) == 1, patience_s=PATIENCE_S)
    assert scene.number("SELECT sum(records) FROM findings") >= HUGE[1]
    assert scene.number("SELECT sum(records) FROM tasks WHERE system = 'shopify'") == scene.number(
        "SELECT sum(records) FROM findings"
    )
    assert scene.number("SELECT count(*) FROM tasks WHERE state = 'failed'") == 0


def test_workers_of_two_releases_work_from_one_queue(scene):
    scene.bridge._commands = {**COMMANDS, "worker": (sys.executable, "-c", FORMER_WORKER)}
    scene.bridge.start(workers=1)
    scene.bridge._commands = COMMANDS
    scene.bridge.start_process("worker")
    post_all(scene, SOME)
    post_all(scene, FEW, first=100)
    everybody = SOME[0] + FEW[0]
    scene.until("everybody's request", lambda: scene.number(CLOSED) >= everybody, patience_s=PATIENCE_S)
    assert_complete(scene, everybody)
    assert scene.number("SELECT count(*) FROM evidence WHERE fact = 'request.closed'") == everybody, (
        "each was closed once"
    )


def test_a_shops_many_erasures_do_not_hold_up_another_shop(scene):
    scene.bridge.start(workers=1)
    post_all(scene, CROWD, "customers/redact")
    post_all(scene, FEW, first=100)
    scene.until("the others' requests", lambda: closed_of(scene, FEW) == FEW[0], patience_s=PATIENCE_S)
    assert closed_of(scene, CROWD) <= FEW[0] + 4, "the shops took turns"


def test_a_carrier_that_hangs_holds_up_one_request_and_no_other(shops):
    with Scene(shops=shops, more=lambda _: {**shops.carriers_environ, "WEB_CONCURRENCY": "1"}) as scene:
        shops.control("faults", shops.delhivery_url, kind="hang", times=None, seconds=600)
        shops.control("faults", shops.bluedart_url, kind="hang", times=None, seconds=600)
        scene.bridge.start(workers=1)
        began = time.monotonic()
        post_all(scene, SOME)
        scene.until("everybody's request", lambda: closed_of(scene, SOME) >= SOME[0], patience_s=PATIENCE_S)
        # two carriers, 20 s each: once, not for each of five people and three times for each call, which takes 10 minutes
        assert time.monotonic() - began < PATIENCE_S
        assert scene.number("SELECT count(*) FROM tasks WHERE state = 'retry' AND attempts = 0") > 0
    shops.control("reset", shops.delhivery_url)
    shops.control("reset", shops.bluedart_url)
    shops.control("reset")
