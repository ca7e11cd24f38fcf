"""The clock: of two only one works, no fault ends it, and it never enqueues more than workers can do."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from structlog.testing import capture_logs

from bridge.sandbox.processes import Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from bridge.steps.retention.expire_documents import DocumentExpiryResult
from bridge.steps.webhooks.enqueue_due import MAX_WAITING_JOBS, enqueue_due
from bridge.steps.webhooks.receive import receive_webhook
from tests.e2e import processes
from tests.factories import SECRETS
from tests.fakes import FakeQueue
from workers import schedule
from workers.schedule import EXPIRE_INTERVAL, tick

EVERY_S = 2.0


def has_open(pid, name):
    """True where a process has this file open."""
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            if each.readlink().name == name:
                return True
    return False


class Broken(FakeQueue):
    """A queue whose fault holds personal data."""

    def depth(self):
        raise RuntimeError("asha@example.com")


def store_deliveries(services, number):
    """Store that many privacy webhooks, of as many shops."""
    for each in range(number):
        shop = f"shop-{each}.myshopify.com"
        raw = f'{{"shop_domain": "{shop}"}}'.encode()
        headers = processes.signed("shop/redact", raw, shop=shop, secret=SECRETS[0])
        receive_webhook("shop/redact", {name.lower(): value for name, value in headers.items()}, raw, services=services)


def test_of_two_clocks_one_works_and_the_other_takes_over_when_it_is_gone(services, clock, queue):
    store_deliveries(services, 1)
    clock.at += timedelta(seconds=6)
    purged = tick(services, "first", EVERY_S, None)
    assert purged == clock.at
    assert len(queue.jobs) == 1
    store_deliveries(services, 3)
    clock.at += timedelta(seconds=EVERY_S)
    assert tick(services, "second", EVERY_S, None) is None, "it neither enqueued nor expired anything"
    assert len(queue.jobs) == 1
    clock.at += timedelta(seconds=60)
    assert tick(services, "second", EVERY_S, None) == clock.at
    assert len(queue.jobs) > 1
    enqueued = len(queue.jobs)
    clock.at += timedelta(seconds=1)
    tick(services, "first", EVERY_S, purged)
    assert len(queue.jobs) == enqueued, "the first is now the second"


def test_it_purges_once_an_hour(services, clock):
    first = tick(services, "only", EVERY_S, None)
    clock.at += EXPIRE_INTERVAL - timedelta(seconds=1)
    assert tick(services, "only", EVERY_S, first) == first
    clock.at += timedelta(seconds=1)
    assert tick(services, "only", EVERY_S, first) == clock.at


def test_no_fault_ends_it_and_its_text_is_not_logged(services, clock, queue):
    with capture_logs() as logged:
        assert tick(replace(services, queue=Broken()), "only", EVERY_S, None) is None
    assert logged[0]["event"] == "clock.turn_failed"
    assert "RuntimeError" in logged[0]["fault"]
    assert "asha" not in str(logged)
    store_deliveries(services, 1)
    clock.at += timedelta(seconds=6)
    assert tick(services, "only", EVERY_S, None) == clock.at
    assert len(queue.jobs) == 1


def test_the_clock_keeps_the_queue_short(services, clock, queue):
    store_deliveries(services, MAX_WAITING_JOBS + 20)
    clock.at += timedelta(seconds=6)
    for waiting in (None, 5_000, MAX_WAITING_JOBS):
        queue.waiting = waiting
        assert enqueue_due(services=services) == 0
    queue.waiting = MAX_WAITING_JOBS - 50
    assert enqueue_due(services=services) == 50 == len(queue.jobs)


def test_every_row_is_enqueued_in_turn_and_again_only_after_a_while(services, clock, queue):
    store_deliveries(services, MAX_WAITING_JOBS + 20)
    clock.at += timedelta(seconds=6)
    assert enqueue_due(services=services) == MAX_WAITING_JOBS
    assert enqueue_due(services=services) == 20
    assert enqueue_due(services=services) == 0
    assert set(Counter(queue.jobs).values()) == {1}
    clock.at += timedelta(seconds=20)
    assert enqueue_due(services=services) == MAX_WAITING_JOBS


def test_two_clock_processes_stand_side_by_side_and_end_in_order(tmp_path):
    with Valkey() as valkey:
        environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", valkey.url, SWEEP_EVERY_S="0.1")
        processes.migrate(environ)
        with Bridge(environ, logs=tmp_path) as bridge, processes.services(environ) as services:
            bridge.start(web=False, workers=0)
            bridge.start_process("clock")
            for name in ("clock.1", "clock.2"):
                processes.until(f"{name} turns", lambda name=name: has_open(bridge.pids(name)[0], "bridge.db"))
            processes.until(
                "one holds the lock", lambda: not services.store.acquire_named_lock("clock", "the test", 0.01)
            )
            assert bridge.list_running() == ["clock.1", "clock.2"]
            assert bridge.stop(grace_s=5) == {"clock.1": 0, "clock.2": 0}
        assert "failed" not in (tmp_path / "clock.1.log").read_text()


def test_one_kind_that_cannot_be_destroyed_does_not_keep_the_others(services, clock, monkeypatch):
    def broken(*, services):
        raise RuntimeError("asha@example.com")

    calls = []
    monkeypatch.setattr(schedule, "expire_bodies_and_packages", broken)
    monkeypatch.setattr(schedule, "expire_aged_records", lambda *, services: calls.append("expire_aged_records"))
    with capture_logs() as logged:
        assert tick(services, "only", EVERY_S, None) == clock.at
    assert calls == ["expire_aged_records"]
    assert logged[0]["event"] == "clock.step_failed"
    assert "asha" not in str(logged)


def test_while_there_is_more_to_destroy_it_comes_again_with_the_next_tick(services, clock, monkeypatch):
    turns = [DocumentExpiryResult(policy_accepted=True, has_more=True), DocumentExpiryResult(policy_accepted=True)]
    monkeypatch.setattr(schedule, "expire_documents", lambda *, services: turns.pop(0))
    assert tick(services, "only", EVERY_S, None) is None
    assert tick(services, "only", EVERY_S, None) == clock.at
