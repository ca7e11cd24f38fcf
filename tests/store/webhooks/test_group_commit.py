"""Accepting: parallel webhooks share a commit, repetitions are one row, a refused row fails alone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from bridge.errors import NeedsOperator, StoreUnavailable
from bridge.model import DeliveryState
from bridge.store import SqlStore
from bridge.store.schema.tables import deliveries
from bridge.store.webhooks.commit_waiters import ThreadWaiter
from bridge.store.webhooks.group_commit import GroupCommit
from tests.factories import NOW, OTHER_SHOP, SHOP, make_delivery
from tests.kit.threads import run_at_once, wait_until


def count_deliveries(store):
    with store.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(deliveries))


@pytest.fixture
def writer():
    """Make a writer that is closed at the end: `writer(commit_rows, **changes)`."""
    made = []

    def make(commit_rows, **changes):
        usual = {"max_rows": 100, "max_bytes": 1000, "wait_s": 2.0, "on_committed": lambda _rows: None}
        made.append(GroupCommit(commit_rows, **(usual | changes)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def row(name="dlv_1", body=b"."):
    return {"id": name, "body": body}


def fresh(given):
    return {one["id"] for one in given}


def test_webhooks_that_wait_at_the_same_time_share_a_transaction(store, monkeypatch):
    batches, commit_rows = [], store._group_commit._commit_rows
    monkeypatch.setattr(
        store._group_commit, "_commit_rows", lambda rows: batches.append(len(rows)) or commit_rows(rows)
    )

    def put():
        return [store.accept_delivery(make_delivery()) for _ in range(4)]

    answers = [new for answer in run_at_once(*[put] * 32) for new in answer]
    assert answers == [True] * 128
    assert count_deliveries(store) == 128
    assert sum(batches) == 128
    assert len(batches) < 64


def test_what_is_accepted_is_durable_and_sealed_when_the_call_returns(store, vault):
    delivery = make_delivery(raw=b'{"email": "asha@qwertzuiop.example"}', triggered_at=NOW, event_id="e")
    assert store.accept_delivery(delivery)
    with store.transaction() as tx:
        assert tx.operator_queries.reveal_delivery(delivery.id) == delivery
        assert tx.operator_queries.reveal_delivery("dlv_none") is None
    with store.engine.connect() as connection:
        stored = connection.execute(select(deliveries)).one()
    assert b"qwertzuiop" not in stored.body
    assert stored.body_bytes == len(delivery.raw)


def test_the_same_webhook_id_is_a_repetition_whatever_its_body(store):
    first = make_delivery()
    assert store.accept_delivery(first)
    assert not store.accept_delivery(replace(make_delivery(), webhook_id=first.webhook_id))
    assert store.accept_delivery(replace(make_delivery(topic="orders/paid"), webhook_id=first.webhook_id))
    assert count_deliveries(store) == 2


def test_the_same_body_under_another_id_is_a_repetition_within_the_window(store, clock):
    first = make_delivery(raw=b'{"id": 1}')
    assert store.accept_delivery(first)
    clock.at = NOW + timedelta(hours=3, minutes=59)
    assert not store.accept_delivery(make_delivery(raw=b'{"id": 1}', received_at=clock.at))
    assert store.accept_delivery(make_delivery(raw=b'{"id": 1}', received_at=clock.at, shop=OTHER_SHOP))
    assert store.accept_delivery(make_delivery(raw=b'{"id": 1}', received_at=clock.at, topic="orders/paid"))
    clock.at = NOW + timedelta(hours=4, minutes=1)
    assert store.accept_delivery(make_delivery(raw=b'{"id": 1}', received_at=clock.at))
    assert count_deliveries(store) == 4


def test_a_delivery_without_an_id_is_identified_by_its_body(store):
    assert store.accept_delivery(make_delivery(webhook_id="", raw=b"{}"))
    assert store.accept_delivery(make_delivery(webhook_id="", raw=b'{"id": 2}'))
    assert not store.accept_delivery(make_delivery(webhook_id="", raw=b"{}"))


def test_repetitions_within_one_batch_are_one_row(store):
    twin = make_delivery(raw=b'{"id": 1}')
    same_body = make_delivery(raw=b'{"id": 1}')
    same_id = make_delivery(webhook_id=twin.webhook_id)
    given = [waiting_row(store, one) for one in (twin, same_body, same_id)]
    assert store._commit_deliveries(given) == {twin.id}
    assert count_deliveries(store) == 1


def waiting_row(store, delivery):
    """Return the row that would wait for the writer."""
    caught = []
    store._group_commit.commit_row, commit_row = caught.append, store._group_commit.commit_row
    try:
        store.accept_delivery(delivery)
    finally:
        store._group_commit.commit_row = commit_row
    return caught[0]


def test_a_row_that_the_database_refuses_fails_alone(store):
    good = [make_delivery() for _ in range(6)]
    bad = make_delivery(received_at=NOW, triggered_at=datetime(2026, 1, 1))  # noqa: DTZ001 - no zone: refused
    answers = {}

    def put(delivery):
        try:
            answers[delivery.id] = store.accept_delivery(delivery)
        except StoreUnavailable as fault:
            answers[delivery.id] = fault

    run_at_once(*(partial(put, one) for one in (*good[:3], bad, *good[3:])))
    assert [answers[one.id] for one in good] == [True] * 6
    assert isinstance(answers[bad.id], StoreUnavailable)
    assert answers[bad.id].retry_after_s == 1
    assert "2026" not in str(answers[bad.id])
    assert count_deliveries(store) == 6


def test_a_rejected_row_never_blocks_the_good_one_with_the_same_id_and_body(store):
    good = make_delivery()
    rejected = replace(good, id=make_delivery().id, state=DeliveryState.REJECTED, reason="shop_differs")
    assert store.accept_delivery(rejected)
    assert not store.accept_delivery(replace(rejected, id=make_delivery().id))
    assert store.accept_delivery(good)
    assert not store.accept_delivery(replace(good, id=make_delivery().id))


def test_only_received_deliveries_are_enqueued_and_each_shop_of_the_index_once(database_url, vault, clock):
    jobs = []
    store = SqlStore(database_url, keyring=vault, now=clock.now, on_accepted=jobs.extend)
    order, redact = make_delivery(), make_delivery(topic="customers/redact")
    store._enqueue_committed(
        [
            waiting_row(store, one)
            for one in (order, make_delivery(), redact, make_delivery(state=DeliveryState.REJECTED))
        ]
    )
    assert jobs == [("index", SHOP, False), ("dispatch", redact.id, True)]
    store.close()


def test_each_caller_of_a_batch_gets_the_result_of_its_own_row(writer):
    gate, batches, results = threading.Event(), [], []

    def commit(given):
        batches.append([one["id"] for one in given])
        assert gate.wait(5)
        return {"dlv_0", "dlv_2"} & fresh(given)

    group = writer(commit, on_committed=lambda given: results.append([one["id"] for one in given]))
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(group.commit_row, row("dlv_0"))
        wait_until(lambda: batches)
        rest = [pool.submit(group.commit_row, row(f"dlv_{number}")) for number in (1, 2)]
        wait_until(lambda: len(group._queue) == 2)
        gate.set()
        answers = [one.result(5) for one in (first, *rest)]
    assert answers == [True, False, True]
    assert (batches[0], sorted(batches[1])) == (["dlv_0"], ["dlv_1", "dlv_2"])
    wait_until(lambda: len(results) == 2)
    assert results == [["dlv_0"], ["dlv_2"]]


def test_too_many_rows_or_bytes_are_refused_at_once(writer):
    gate = threading.Event()
    group = writer(lambda given: gate.wait(5) and fresh(given), max_rows=1, max_bytes=10)
    with pytest.raises(StoreUnavailable, match="too many"):
        group.commit_row(row(body=b"." * 11))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(group.commit_row, row("dlv_1"))
        wait_until(lambda: group._writer is not None and not group._queue)
        second = pool.submit(group.commit_row, row("dlv_2"))
        wait_until(lambda: group._queue)
        with pytest.raises(StoreUnavailable, match="too many") as caught:
            group.commit_row(row("dlv_3"))
        gate.set()
        assert (first.result(5), second.result(5)) == (True, True)
    assert caught.value.retry_after_s == 1
    assert group._queued_bytes == 0


def test_a_row_not_committed_in_time_is_answered_as_unavailable(writer):
    gate = threading.Event()
    group = writer(lambda given: gate.wait(5) and fresh(given), wait_s=0.05)
    with pytest.raises(StoreUnavailable, match="in time"):
        group.commit_row(row())
    gate.set()


def test_closing_commits_what_waits_ends_the_thread_and_refuses_what_comes_after(writer):
    gate, batches = threading.Event(), []

    def commit(given):
        batches.append([one["id"] for one in given])
        assert gate.wait(5)
        return fresh(given)

    group = writer(commit)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(group.commit_row, row("dlv_0"))
        wait_until(lambda: batches)
        second = pool.submit(group.commit_row, row("dlv_1"))
        wait_until(lambda: group._queue)
        closing = pool.submit(group.close)
        wait_until(lambda: group._is_closed)
        with pytest.raises(StoreUnavailable, match="ending") as caught:
            group.commit_row(row("dlv_2"))
        gate.set()
        assert (first.result(5), second.result(5), closing.result(5)) == (True, True, None)
    assert caught.value.retry_after_s == 1
    assert batches == [["dlv_0"], ["dlv_1"]]
    assert not group._writer.is_alive()
    group.close()


def test_a_closed_store_accepts_nothing_and_has_no_thread(database_url, vault, clock):
    closed = []
    store = SqlStore(database_url, keyring=vault, now=clock.now, on_close=lambda: closed.append(True))
    assert store.accept_delivery(make_delivery())
    thread = store._group_commit._writer
    assert thread.is_alive()
    store.close()
    assert not thread.is_alive()
    assert closed == [True]
    with pytest.raises(StoreUnavailable):
        store.accept_delivery(make_delivery())


def test_a_batch_is_bounded_in_bytes(monkeypatch, writer):
    monkeypatch.setattr("bridge.store.webhooks.group_commit.BATCH_BYTES", 5)
    gate, batches = threading.Event(), []

    def commit(given):
        batches.append(len(given))
        assert gate.wait(5)
        return fresh(given)

    group = writer(commit)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(group.commit_row, row("dlv_0"))
        wait_until(lambda: batches)
        rest = [pool.submit(group.commit_row, row(f"dlv_{number}", b"...")) for number in (1, 2, 3)]
        wait_until(lambda: len(group._queue) == 3)
        gate.set()
        assert all(one.result(5) for one in (first, *rest))
    assert batches == [1, 1, 1, 1]


def test_an_unavailable_database_fails_the_whole_batch_at_once(writer):
    calls = []

    def commit(given):
        calls.append(len(given))
        raise StoreUnavailable("database: OperationalError")

    group = writer(commit)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="OperationalError"):
            group.commit_row(row())
    assert calls == [1, 1]


def test_a_defective_row_is_found_by_halving_the_batch(writer):
    calls = []

    def commit(given):
        calls.append([one["id"] for one in given])
        if any(one["id"] == "bad" for one in given):
            raise NeedsOperator("database: DataError")
        return fresh(given)

    group = writer(commit)
    waiting = [_Answer(name) for name in ("a", "b", "bad", "c")]
    group._write_batch(waiting)
    assert [(one.is_new, one.fault is None) for one in waiting] == [
        (True, True),
        (True, True),
        (False, False),
        (True, True),
    ]
    assert calls == [["a", "b", "bad", "c"], ["a", "b"], ["bad", "c"], ["bad"], ["c"]]


class _Answer:
    """A caller that waits."""

    def __init__(self, name):
        self.row, self.is_new, self.fault = row(name), False, None
        self.waiter = ThreadWaiter(deadline_s=1)
