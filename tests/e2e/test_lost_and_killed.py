"""Redis is emptied, a worker is killed in the middle of a page, all get SIGTERM: nothing is lost or done twice."""

import os
import signal
import time
from collections import Counter

import redis

from tests.e2e import processes
from tests.e2e.conftest import HEAVY

RECOVERED_WITHIN_S = 60.0


def test_thirty_requests_survive_an_emptied_redis_and_none_is_done_twice(town):
    """Requirement C-10."""
    people = town.world.people[42:72]
    before = {each.id for each in town.requests("access")}
    town.bridge.kill("worker")
    for number, person in enumerate(people):
        town.post("customers/data_request", person=person, request_id=30_000 + number)
    with redis.Redis.from_url(town.valkey.url) as client:
        processes.until("all jobs are on the queue", lambda: client.llen("rq:queue:bridge") >= 30)
        client.flushall()
    town.bridge.start_process("worker")
    requests = lambda: [each for each in town.requests("access") if each.id not in before]  # noqa: E731
    done = lambda: len(requests()) == 30 and all(each.closed_at for each in requests())  # noqa: E731
    processes.until("all thirty are answered", done, 60)
    assert {(each.state, each.complete) for each in requests()} == {("done", True)}
    assert len({each.subject for each in requests()}) == 30
    for each in requests():
        facts = town.facts(each.id)
        assert facts["request.opened"] == facts["package.sealed"] == facts["request.closed"] == 1
        assert facts["task.done"] == len(town.services.connectors)


def pages(town):
    """Count how often each page was requested."""
    return Counter((call["name"], call["digest"]) for call in town.stand_ins.shopify.calls.summarize_calls()["last"])


def begin_heavy(town, request_id):
    """Post the heavy customer's request; return while its pages are being read."""
    shopify = town.stand_ins.shopify
    shopify.calls.clear()
    shopify.latency_s = 0.1
    town.post("customers/data_request", person=town.world.heavy_customer, request_id=request_id)
    processes.until("some pages were read", lambda: shopify.calls.summarize_calls()["total"] >= 5)


def heavy_done(town, external_ref, within_s):
    def look():
        requests = [
            each for each in town.asked("access", town.world.heavy_customer) if each.external_ref == external_ref
        ]
        return next((each for each in requests if each.closed_at), None)

    return town.show(processes.until("the heavy request", look, within_s).id)


def test_a_worker_killed_in_the_middle_is_taken_over_from_the_last_page(town):
    begin_heavy(town, 1001)
    assert town.bridge.kill("worker") >= 2, "worker and work-horse"
    assert not [each for each in town.asked("access", town.world.heavy_customer) if each.closed_at]
    began = time.monotonic()
    town.bridge.start_process("worker")
    shown = heavy_done(town, "1001", RECOVERED_WITHIN_S)
    assert time.monotonic() - began < RECOVERED_WITHIN_S
    assert shown["complete"] is True
    (task,) = (task for task in shown["tasks"] if task["system"] == "shopify")
    assert task["records"] >= HEAVY
    again = {what: times for what, times in pages(town).items() if times > 1}
    assert sum(times - 1 for times in again.values()) <= 1, "only the page in flight is read again"
    assert town.facts(shown["id"])["package.sealed"] == 1


def test_on_sigterm_everything_ends_in_order_and_goes_on_where_it_was(town):
    begin_heavy(town, 1002)
    codes = town.bridge.stop()
    assert set(codes.values()) == {0}
    assert {name.partition(".")[0] for name in codes} == {"web", "worker", "clock"}
    town.bridge.start()
    shown = heavy_done(town, "1002", RECOVERED_WITHIN_S)
    assert shown["complete"] is True
    assert max(pages(town).values()) <= 2
    for log in town.bridge.logs.values():
        assert "Traceback" not in log.read_text()


def test_a_work_horse_that_dies_alone_is_replaced_without_a_new_worker(town):
    begin_heavy(town, 1003)
    worker, horse = sorted(town.bridge.pids("worker"))
    os.kill(horse, signal.SIGKILL)
    shown = heavy_done(town, "1003", RECOVERED_WITHIN_S)
    assert shown["complete"] is True
    assert worker in town.bridge.pids("worker")


def test_the_chain_holds_after_all_this(town):
    """Requirement V-07."""
    verified = processes.say(town.environ, "evidence", "verify", "--json")
    assert verified.code == 0
    assert verified.json["rows"] > 100
