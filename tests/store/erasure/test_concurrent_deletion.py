"""What is destroyed while somebody else writes: whoever destroys waits, looks again, and leaves what is used."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select

from bridge.model import RequestKind
from bridge.store.schema.tables import data_keys
from tests.factories import ASHA, NOW, SHOP, make_request, opened, order

pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
OLD, OVER = NOW - timedelta(days=1500), NOW - timedelta(days=1000)


@contextmanager
def meanwhile(store, deed):
    """Do something in a transaction of its own, and let it wait until the block's is through."""
    found = []

    def other():
        with store.transaction() as tx:
            found.append(deed(tx))

    thread = threading.Thread(target=other)

    def begin():
        thread.start()
        time.sleep(0.5)  # it waits for a lock, or is through

    yield begin
    thread.join(30)
    assert len(found) == 1, "it failed"


def sweep(tx):
    return tx.expiry.expire_records("parcel_index", OVER, limit=500)


def learned(store, *sightings):
    with store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, sightings)


def keys(store):
    with store.transaction() as tx:
        return len(tx.session.connection.execute(select(data_keys.c.id)).all())


def orders(store):
    with store.transaction() as tx:
        return set(tx.index.list_orders(SHOP, ASHA))


def test_a_key_that_seals_a_new_order_just_now_outlives_the_age_of_the_old_one(store):
    learned(store, order(1001, at=OLD))
    with meanwhile(store, sweep) as begin, store.transaction() as learning:
        learning.index.ingest_sightings(SHOP, [order(2002, at=NOW)])
        begin()
    assert orders(store) == {"2002"}


def test_an_old_order_that_is_heard_of_at_this_moment_stays(store):
    learned(store, order(1001, at=OLD))
    with meanwhile(store, sweep) as begin, store.transaction() as learning:
        learning.index.ingest_sightings(SHOP, [order(1001, at=NOW)])
        begin()
    assert orders(store) == {"1001"}


def test_a_request_that_is_opened_beside_an_erasure_can_be_read(store):
    learned(store, order(1001))
    with store.transaction() as tx:
        request = make_request(subject=tx.index.find_subject(SHOP, ASHA))

    def erase(tx):
        return tx.index.erase_person(SHOP, ASHA, request_id="req_x")

    with meanwhile(store, erase) as begin, store.transaction() as opening:
        opened(opening, request)
        begin()
    with store.transaction() as tx:
        assert tx.requests.get_request(request.id).principal == ASHA


def test_who_waited_for_a_key_that_was_destroyed_makes_a_new_one(store):
    learned(store, order(1001))
    with store.transaction() as tx:
        request = make_request(kind=RequestKind.ERASURE, subject=tx.index.find_subject(SHOP, ASHA))
    with meanwhile(store, lambda tx: opened(tx, request)) as begin, store.transaction() as erasing:
        erasing.index.erase_person(SHOP, ASHA, request_id="req_x")
        begin()
    assert keys(store) == 1
    with store.transaction() as tx:
        assert tx.requests.get_request(request.id).principal == ASHA


def test_the_last_of_two_who_leave_a_key_destroys_it(store):
    learned(store, order(1001, at=OLD), order(1002, at=OLD))

    def one(tx):
        return tx.expiry.expire_records("parcel_index", OVER, limit=1)

    with meanwhile(store, one) as begin, store.transaction() as tx:
        assert one(tx) == {SHOP: 1}
        begin()
    assert (orders(store), keys(store)) == (set(), 0)
