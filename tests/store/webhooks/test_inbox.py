"""The inbox: one worker at a time, every write shows the fence, done destroys the body."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from bridge.errors import LeaseLost
from bridge.model import DeliveryState
from bridge.store.schema.tables import deliveries
from tests.factories import NOW, OTHER_SHOP, SHOP, make_delivery

INDEX_TOPICS = ("orders/", "customers/", "app/uninstalled")


def read_row(store, delivery_id):
    with store.engine.connect() as connection:
        return connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).one()


def accept(store, **given):
    delivery = make_delivery(**given)
    assert store.accept_delivery(delivery)
    return delivery


def acquire_delivery_lease(store, delivery_id):
    with store.transaction() as tx:
        return tx.inbox.acquire_lease(delivery_id)


def test_a_delivery_has_one_worker(store):
    delivery = accept(store)
    own_lease, opened = acquire_delivery_lease(store, delivery.id)
    assert opened == delivery
    assert own_lease.fence == 1
    assert acquire_delivery_lease(store, delivery.id) is None
    assert acquire_delivery_lease(store, "dlv_none") is None


def test_a_lease_that_ended_frees_the_row_and_refuses_the_first_worker(store, clock):
    delivery = accept(store)
    first, _ = acquire_delivery_lease(store, delivery.id)
    clock.at = NOW + timedelta(seconds=15)
    assert acquire_delivery_lease(store, delivery.id) is None
    clock.at = NOW + timedelta(seconds=16)
    second, opened = acquire_delivery_lease(store, delivery.id)
    assert (second.fence, opened.attempts) == (2, 1)
    with pytest.raises(LeaseLost), store.transaction() as tx:
        tx.inbox.finish_delivery(first, DeliveryState.DONE)
    with pytest.raises(LeaseLost), store.transaction() as tx:
        tx.inbox.schedule_retry(first, "x", NOW)
    with store.transaction() as tx:
        tx.inbox.finish_delivery(second, DeliveryState.DONE)
    assert read_row(store, delivery.id).state == "done"


def test_done_destroys_the_body_and_keeps_the_ids(store, clock):
    delivery = accept(store)
    own_lease, _ = acquire_delivery_lease(store, delivery.id)
    with store.transaction() as tx:
        tx.inbox.finish_delivery(own_lease, DeliveryState.DONE)
    row = read_row(store, delivery.id)
    assert (row.body, row.state, row.webhook_id, row.done_at) == (None, "done", delivery.webhook_id, NOW)
    assert acquire_delivery_lease(store, delivery.id) is None
    assert not store.accept_delivery(make_delivery(webhook_id=delivery.webhook_id))


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.REJECTED])
def test_failed_and_rejected_keep_the_body_and_say_why(store, state):
    delivery = accept(store)
    own_lease, _ = acquire_delivery_lease(store, delivery.id)
    with store.transaction() as tx:
        tx.inbox.finish_delivery(own_lease, state, "not_json")
    row = read_row(store, delivery.id)
    assert (row.state, row.reason, row.body is None) == (state, "not_json", False)
    assert row.last_error == ("not_json" if state is DeliveryState.FAILED else "")


def test_a_delivery_rejected_by_its_worker_does_not_block_the_next_with_its_id(store):
    delivery = accept(store)
    own_lease, _ = acquire_delivery_lease(store, delivery.id)
    with store.transaction() as tx:
        tx.inbox.finish_delivery(own_lease, DeliveryState.REJECTED, "id_missing")
    assert store.accept_delivery(make_delivery(webhook_id=delivery.webhook_id, raw=delivery.raw))


def test_a_retry_comes_at_its_time_and_not_before(store, clock):
    delivery = accept(store)
    own_lease, _ = acquire_delivery_lease(store, delivery.id)
    with store.transaction() as tx:
        tx.inbox.schedule_retry(own_lease, "E" * 300, NOW + timedelta(minutes=1))
    assert acquire_delivery_lease(store, delivery.id) is None
    assert len(read_row(store, delivery.id).last_error) == 200
    clock.at = NOW + timedelta(minutes=1)
    assert acquire_delivery_lease(store, delivery.id) is not None


def test_a_batch_is_the_oldest_of_one_shop_bounded_in_rows(store):
    late = accept(store, received_at=NOW + timedelta(seconds=1))
    early = accept(store, received_at=NOW - timedelta(seconds=1))
    middle = accept(store)
    accept(store, shop=OTHER_SHOP)
    accept(store, topic="products/update")
    with store.transaction() as tx:
        first = tx.inbox.acquire_lease_batch(SHOP, INDEX_TOPICS, 2, 1_000_000)
    with store.transaction() as tx:
        rest = tx.inbox.acquire_lease_batch(SHOP, INDEX_TOPICS, 200, 1_000_000)
    assert [one.id for _, one in first] == [early.id, middle.id]
    assert [one.id for _, one in rest] == [late.id]


def test_a_batch_is_bounded_in_bytes_and_has_at_least_one_row(store):
    big = [
        accept(store, raw=b"{%d" % number + b"." * 100, received_at=NOW + timedelta(seconds=number))
        for number in range(3)
    ]
    leased = []
    for _ in range(2):
        with store.transaction() as tx:
            leased.append([one.id for _, one in tx.inbox.acquire_lease_batch(SHOP, INDEX_TOPICS, 200, 250)])
    assert leased == [[big[0].id, big[1].id], [big[2].id]]
    with store.transaction() as tx:
        assert tx.inbox.acquire_lease_batch(SHOP, INDEX_TOPICS, 200, 10) == []


@pytest.mark.parametrize("topic", ["customers/redact", "customers/data_request", "shop/redact"])
def test_the_index_never_leases_a_privacy_topic(store, topic):
    privacy = accept(store, topic=topic)
    accept(store, topic="customers/update")
    with store.transaction() as tx:
        leased = tx.inbox.acquire_lease_batch(SHOP, INDEX_TOPICS, 200, 1_000_000)
    assert [one.topic for _, one in leased] == ["customers/update"]
    assert read_row(store, privacy.id).state == "received"


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"\x01\x02k1 broken", "SealBroken"), (b"\x01\x02k9" + b"." * 40, "KeyMissing")],
    ids=["altered", "key gone"],
)
def test_a_body_that_does_not_open_fails_alone(store, body, reason):
    bad, good = accept(store), accept(store)
    with store.engine.begin() as connection:
        connection.execute(update(deliveries).where(deliveries.c.id == bad.id).values(body=body))
    with store.transaction() as tx:
        leased = tx.inbox.acquire_lease_batch(SHOP, INDEX_TOPICS, 200, 1_000_000)
    assert [one.id for _, one in leased] == [good.id]
    row = read_row(store, bad.id)
    assert (row.state, row.reason, row.lease_until) == ("failed", reason, None)
    assert acquire_delivery_lease(store, bad.id) is None


def hold(tx, limit=200):
    return tx.inbox.hold_batch(SHOP, INDEX_TOPICS, limit, 1_000_000)


def test_a_held_batch_is_written_once_by_what_ends_it(store, clock):
    first, second, third = (accept(store) for _ in range(3))
    with store.transaction() as tx:
        tx.inbox.schedule_retry(tx.inbox.acquire_lease(third.id)[0], "x", NOW)
    with store.transaction() as tx:
        held = hold(tx)
        assert [(lease.fence, one.id) for lease, one in held] == [(1, first.id), (1, second.id), (2, third.id)]
        row = tx.session.connection.execute(select(deliveries).where(deliveries.c.id == first.id)).one()
        assert (row.fence, row.attempts, row.lease_until) == (0, 0, None)
        rejected = held.pop(1)[0]
        tx.inbox.complete_held_deliveries([lease for lease, _ in held])
        tx.inbox.write_leases([rejected])
        tx.inbox.finish_delivery(rejected, DeliveryState.REJECTED, "x")
    rows = [read_row(store, one.id) for one in (first, second, third)]
    assert [row.state for row in rows] == ["done", "rejected", "done"]
    assert [(row.fence, row.attempts, row.lease_until) for row in rows] == [(1, 1, None), (1, 1, None), (2, 2, None)]
    assert [row.body is None for row in rows] == [True, False, True]


def test_what_is_held_is_not_ended_without_its_lease(store):
    delivery = accept(store)
    with pytest.raises(LeaseLost), store.transaction() as tx:
        tx.inbox.finish_delivery(hold(tx)[0][0], DeliveryState.DONE)
    with store.transaction() as tx:
        [(lease, _)] = hold(tx)
        tx.session.connection.execute(delete(deliveries).where(deliveries.c.id == delivery.id))
        with pytest.raises(LeaseLost):
            tx.inbox.complete_held_deliveries([lease])


def test_a_held_body_that_does_not_open_fails_alone(store):
    bad, good = accept(store), accept(store)
    with store.engine.begin() as connection:
        connection.execute(update(deliveries).where(deliveries.c.id == bad.id).values(body=b"\x01\x02k9" + b"." * 40))
    with store.transaction() as tx:
        held = hold(tx)
        tx.inbox.complete_held_deliveries([lease for lease, _ in held])
    assert [one.id for _, one in held] == [good.id]
    row = read_row(store, bad.id)
    assert (row.state, row.reason, row.fence, row.attempts) == ("failed", "KeyMissing", 1, 1)


def test_a_lease_is_free_again_when_its_transaction_rolls_back(store):
    delivery = accept(store)

    def fail():
        with store.transaction() as tx:
            assert tx.inbox.acquire_lease(delivery.id)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert acquire_delivery_lease(store, delivery.id)[0].fence == 1
