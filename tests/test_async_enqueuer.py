"""The enqueuer of the web process: never makes a caller wait, and puts every job on the queue before it ends."""

from __future__ import annotations

import threading

from bridge.async_enqueuer import AsyncEnqueuer
from tests.fakes import FakeQueue
from tests.kit.threads import wait_until

FIRST, SECOND = ("index", "a.myshopify.com", False), ("dispatch", "dlv_1", True)


class SlowQueue(FakeQueue):
    """A queue whose first call does not return before `go_on` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.called, self.go_on = threading.Event(), threading.Event()

    def enqueue_all(self, jobs):
        self.called.set()
        assert self.go_on.wait(10)
        return super().enqueue_all(jobs)


def test_what_waits_meanwhile_is_enqueued_in_one_call_and_each_job_once():
    queue = SlowQueue()
    enqueuer = AsyncEnqueuer(queue)
    enqueuer.enqueue_all([FIRST])
    assert queue.called.wait(10)
    for _ in range(3):
        enqueuer.enqueue_all([FIRST, SECOND])
    assert queue.jobs == [], "the caller did not wait for the queue"
    queue.go_on.set()
    enqueuer.close()
    assert queue.jobs == [FIRST, FIRST, SECOND]


def test_closing_ends_the_thread_and_may_be_repeated():
    queue = FakeQueue()
    enqueuer = AsyncEnqueuer(queue)
    enqueuer.close()
    enqueuer.enqueue_all([FIRST])
    thread = enqueuer._thread
    enqueuer.close()
    enqueuer.close()
    assert not thread.is_alive()
    assert queue.jobs == [FIRST]


def test_batches_beyond_the_limit_are_dropped(monkeypatch):
    monkeypatch.setattr("bridge.async_enqueuer.MAX_WAITING_BATCHES", 1)
    queue = SlowQueue()
    enqueuer = AsyncEnqueuer(queue)
    enqueuer.enqueue_all([FIRST])
    assert queue.called.wait(10)
    enqueuer.enqueue_all([SECOND])
    enqueuer.enqueue_all([FIRST])
    queue.go_on.set()
    wait_until(lambda: len(queue.jobs) == 2)
    enqueuer.close()
    assert queue.jobs == [FIRST, SECOND]


def test_index_jobs_wait_for_their_turn_and_privacy_work_takes_all_along_at_once(monkeypatch):
    monkeypatch.setattr("bridge.async_enqueuer.INDEX_INTERVAL_S", 600)
    queue = FakeQueue()
    enqueuer = AsyncEnqueuer(queue)
    other = ("index", "b.myshopify.com", False)
    enqueuer.enqueue_all([FIRST])
    wait_until(lambda: queue.jobs == [FIRST])  # the first waits for nobody
    for _ in range(3):
        enqueuer.enqueue_all([FIRST, other])
    wait_until(enqueuer._waiting.empty)
    assert queue.jobs == [FIRST]
    enqueuer.enqueue_all([SECOND])
    wait_until(lambda: len(queue.jobs) == 4)
    assert queue.jobs == [FIRST, FIRST, other, SECOND]
    enqueuer.enqueue_all([other])
    enqueuer.close()
    assert queue.jobs[4:] == [other], "nothing is lost at the end"


def test_an_index_job_that_waits_is_enqueued_by_itself(monkeypatch):
    monkeypatch.setattr("bridge.async_enqueuer.INDEX_INTERVAL_S", 0.05)
    queue = FakeQueue()
    enqueuer = AsyncEnqueuer(queue)
    enqueuer.enqueue_all([FIRST])
    wait_until(lambda: queue.jobs)
    enqueuer.enqueue_all([FIRST])
    wait_until(lambda: queue.jobs == [FIRST, FIRST])
    enqueuer.close()
