"""Deleting while another worker writes: it waits, reads again, and leaves what is used."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select

from bridge.model import RequestKind
from bridge.store.schema.index_tables import data_keys
from tests.factories import ASHA, NOW, SHOP, make_request, opened, order
from tests.kit.indexing import ingest

pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
OLD, CUTOFF = NOW - timedelta(days=1500), NOW - timedelta(days=1000)


@contextmanager
def run_concurrently(store, action):
    """Run an action in a transaction of its own, which may wait for the transaction of the block."""
    found = []

    def run():
        with store.transaction() as tx:
            found.append(action(tx))

    thread = threading.Thread(target=run)

    def begin():
        thread.start()
        time.sleep(0.5)  # by now it waits for a lock, or is done

    yield begin
    thread.join(30)
    assert len(found) == 1, "it failed"


def expire(tx):
    return tx.expiry.expire_records("parcel_index", CUTOFF, limit=500)


def count_keys(store):
    with store.transaction() as tx:
        return len(tx.session.connection.execute(select(data_keys.c.id)).all())


def orders(store):
    with store.transaction() as tx:
        return set(tx.index.list_orders(SHOP, ASHA))


def test_a_key_that_seals_a_new_order_survives_the_expiry_of_an_old_one(store):
    ingest(store, order(1001, at=OLD))
    with run_concurrently(store, expire) as begin, store.transaction() as ingesting:
        ingesting.index.ingest_sightings(SHOP, [order(2002, at=NOW)])
        begin()
    assert orders(store) == {"2002"}


def test_an_old_order_that_is_updated_meanwhile_stays(store):
    ingest(store, order(1001, at=OLD))
    with run_concurrently(store, expire) as begin, store.transaction() as ingesting:
        ingesting.index.ingest_sightings(SHOP, [order(1001, at=NOW)])
        begin()
    assert orders(store) == {"1001"}


def test_a_request_opened_during_an_erasure_can_be_read(store):
    ingest(store, order(1001))
    with store.transaction() as tx:
        request = make_request(subject=tx.person_lookup.find_subject(SHOP, ASHA))

    def erase(tx):
        return tx.person_eraser.erase_person(SHOP, ASHA, request_id="req_x")

    with run_concurrently(store, erase) as begin, store.transaction() as opening:
        opened(opening, request)
        begin()
    with store.transaction() as tx:
        assert tx.requests.get_request(request.id).principal == ASHA


def test_a_worker_that_waited_for_a_destroyed_key_makes_a_new_one(store):
    ingest(store, order(1001))
    with store.transaction() as tx:
        request = make_request(kind=RequestKind.ERASURE, subject=tx.person_lookup.find_subject(SHOP, ASHA))
    with run_concurrently(store, lambda tx: opened(tx, request)) as begin, store.transaction() as erasing:
        erasing.person_eraser.erase_person(SHOP, ASHA, request_id="req_x")
        begin()
    assert count_keys(store) == 1
    with store.transaction() as tx:
        assert tx.requests.get_request(request.id).principal == ASHA


def test_the_last_of_two_requests_that_use_a_key_destroys_it(store):
    ingest(store, order(1001, at=OLD), order(1002, at=OLD))

    def expire_one(tx):
        return tx.expiry.expire_records("parcel_index", CUTOFF, limit=1)

    with run_concurrently(store, expire_one) as begin, store.transaction() as tx:
        assert expire_one(tx) == {SHOP: 1}
        begin()
    assert (orders(store), count_keys(store)) == (set(), 0)


@pytest.mark.parametrize("number", [1, 5])
def test_two_workers_that_make_keys_for_the_same_people_seal_with_the_same(store, number):
    shared, found = [f"subject{at}" for at in range(number)], {}
    with (
        run_concurrently(
            store, lambda tx: found.update(tx.session.get_or_create_data_keys(SHOP, [*shared, "other"]))
        ) as begin,
        store.transaction() as first,
    ):
        made = first.session.get_or_create_data_keys(SHOP, shared)
        begin()
    assert {subject: found[subject] for subject in shared} == made
    assert count_keys(store) == number + 1
