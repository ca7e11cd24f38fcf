"""What waits for a worker, of each shop the first, on both databases."""

from datetime import timedelta

import pytest

from bridge.model import DeliveryState, RequestState, TaskState, WaitReason
from tests.factories import NOW, OTHER_SHOP, SHOP, accepted, make_request, make_task, opened


def list_waiting(store):
    with store.read() as tx:
        return {one.id: one for one in tx.turns.list_waiting_requests()}


def has_waiting_work(store):
    with store.read() as tx:
        return tx.turns.has_waiting_work()


def store_request(store, **values):
    request = make_request(**values)
    with store.transaction() as tx:
        opened(tx, request)
    return request.id


def release_until(store, request_id, **values):
    released = {"state": RequestState.IN_PROGRESS, "wake_at": None, "complete": None, "closed_at": None, **values}
    with store.transaction() as tx:
        tx.requests.release_lease(tx.requests.acquire_lease(request_id), **released)


def test_of_each_shop_the_first_waits_and_a_leased_one_does_not(store):
    first, second = (store_request(store, subject=f"s{day}", due_at=NOW + timedelta(days=day)) for day in (10, 20))
    other = store_request(store, shop=OTHER_SHOP, subject="o")
    assert set(list_waiting(store)) == {first, other}
    with store.transaction() as tx:
        tx.requests.acquire_lease(first)
    assert set(list_waiting(store)) == {second, other}


@pytest.mark.parametrize("state", [RequestState.DONE, RequestState.WAITING])
def test_what_is_done_or_due_later_does_not_wait(store, clock, state):
    request_id = store_request(store)
    release_until(store, request_id, state=state, wake_at=NOW + timedelta(hours=1))
    assert not list_waiting(store)
    assert not has_waiting_work(store)
    clock.at = NOW + timedelta(hours=1)
    assert bool(list_waiting(store)) is has_waiting_work(store) is (state is RequestState.WAITING)


def test_one_that_gave_way_waits_with_what_was_read_beside_the_first_that_did_not(store):
    huge = make_request(subject="huge", due_at=NOW + timedelta(days=5))
    with store.transaction() as tx:
        gave_way = {"state": TaskState.RETRY, "wait_reason": WaitReason.GAVE_WAY, "last_error": WaitReason.GAVE_WAY}
        opened(tx, huge, make_task(huge.id, records=700, wake_at=NOW, **gave_way))
    new = store_request(store, subject="new", due_at=NOW + timedelta(days=9))
    store_request(store, subject="newer", due_at=NOW + timedelta(days=10))
    assert {name: one.records for name, one in list_waiting(store).items()} == {huge.id: 700, new: 0}


def test_only_mandatory_deliveries_wait_and_the_oldest_of_each_shop(store):
    accepted(store, "orders/create", {"id": 1})
    assert not has_waiting_work(store)
    old = accepted(store, "customers/redact", {"id": 1})
    accepted(store, "customers/redact", {"id": 2}, received_at=NOW + timedelta(seconds=1))
    other = accepted(store, "shop/redact", {"id": 3}, shop=OTHER_SHOP)
    assert has_waiting_work(store)
    with store.transaction() as tx:
        assert {one.id for one in tx.turns.list_waiting_deliveries()} == {old.id, other.id}
        tx.inbox.finish_delivery(tx.inbox.acquire_lease(old.id)[0], DeliveryState.DONE)
        assert old.id not in {one.id for one in tx.turns.list_waiting_deliveries()}


def test_the_last_turn_of_each_shop_is_known_by_kind_of_job(store, clock):
    with store.transaction() as tx:
        tx.turns.record_turn("process", SHOP)
        clock.at = NOW + timedelta(seconds=9)
        tx.turns.record_turn("process", SHOP)
        tx.turns.record_turn("dispatch", OTHER_SHOP)
        assert tx.turns.read_turns("process", [SHOP, OTHER_SHOP]) == {SHOP: clock.at}
        assert tx.turns.read_turns("dispatch", [OTHER_SHOP]) == {OTHER_SHOP: clock.at}


def test_the_partial_index_serves_the_question_what_is_to_be_dispatched(store):
    with store.transaction() as tx:
        if tx.session.connection.dialect.name != "sqlite":
            pytest.skip("Postgres plans by the size of the table")
        rows = tx.session.connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT id FROM deliveries WHERE state = 'received' AND "
            "topic IN ('customers/data_request', 'customers/redact', 'shop/redact')"
        )
        assert any("ix_deliveries_mandatory" in str(row) for row in rows)
