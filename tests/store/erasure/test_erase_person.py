"""The index forgets: every row, every key, every body that tells of her; and late deliveries stay out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from bridge.errors import NeedsOperator
from bridge.model import DeliveryState, Principal, RequestKind, RequestState, TaskAction, TaskState
from bridge.rules.index.minimise import SightingKind
from bridge.store.schema.tables import (
    customers,
    data_keys,
    deliveries,
    metadata,
    orders,
    parcels,
    suppressions,
)
from tests.factories import (
    ASHA,
    NOW,
    OTHER_SHOP,
    SHOP,
    accepted,
    customer,
    make_delivery,
    make_finding,
    make_request,
    make_task,
    merged,
    opened,
    order,
    order_body,
    redact_body,
)
from tests.factories import parcels as shipped
from tests.fakes import page

BHAVNA = {"customer": {"id": 7002, "email": "bhavna@example.com"}, "email": "bhavna@example.com", "phone": ""}
BEFORE, AFTER = NOW - timedelta(days=1), NOW + timedelta(days=1)


def learn(store, *sightings, shop=SHOP):
    with store.transaction() as tx:
        return len(tx.index.ingest_sightings(shop, sightings))


def erase(store, who=ASHA, shop=SHOP):
    with store.transaction() as tx:
        return dict(tx.index.erase_person(shop, who, request_id="req_1"))


def read(store, table):
    with store.engine.connect() as connection:
        return connection.execute(select(table)).all()


def order_ids(store, who=ASHA):
    with store.transaction() as tx:
        return list(tx.index.list_orders(SHOP, who))


def settled(store, topic, body, state=DeliveryState.FAILED, **given):
    delivery = accepted(store, topic, body, **given)
    with store.transaction() as tx:
        claim, _ = tx.inbox.acquire_lease(delivery.id)
        tx.inbox.finish_delivery(claim, state, "x")
    return delivery.id


def test_a_person_leaves_with_all_her_rows_and_her_key(store):
    learn(store, customer(), order(1001, parcels=[("Delhivery", "AWB1")]), order(1002), order(1003, **BHAVNA))
    assert erase(store) == {"orders": 2, "parcels": 1, "customers": 1}
    assert order_ids(store) == []
    assert len(read(store, orders)) == len(read(store, data_keys)) == 1
    assert erase(store) == {}
    assert order_ids(store, Principal(customer_id="7002")) == ["1003"]


def test_nobody_is_erased_where_nobody_is_named(store):
    learn(store, order(1001))
    assert erase(store, Principal()) == {}
    assert read(store, suppressions) == []


def test_the_same_person_at_another_shop_stays(store):
    learn(store, order())
    learn(store, order(), shop=OTHER_SHOP)
    erase(store)
    assert [row.shop for row in read(store, orders)] == [OTHER_SHOP]


def test_keys_made_under_an_earlier_name_of_hers_are_destroyed_too(store):
    learn(store, shipped(1001, "AWB1"))
    learn(store, order())
    assert len(read(store, data_keys)) == 2
    erase(store)
    assert read(store, data_keys) == []


def test_a_key_that_seals_what_stays_is_not_destroyed(store):
    learn(store, order())
    with store.transaction() as tx:
        key = tx.session.connection.scalar(select(orders.c.data_key_id))
        tx.session.connection.execute(
            insert(orders).values(
                shop=SHOP,
                order_key="another",
                customer_key="another",
                email_key="",
                phone_key="",
                data_key_id=key,
            )
        )
    erase(store)
    assert len(read(store, data_keys)) == 1


def test_a_late_delivery_of_an_erased_order_is_dropped(store):
    learn(store, order(1001))
    erase(store, replace(ASHA, order_ids=("1009",)))
    late = [order(1001), order(1001, at=AFTER), order(1009, at=AFTER), shipped(1001, "AWB1", at=AFTER)]
    assert learn(store, *late) == 4
    assert read(store, orders) == read(store, parcels) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("sighting", "dropped"),
    [
        (order(2001, at=BEFORE), 1),
        (order(2001, at=AFTER), 0),
        (order(2001, at=AFTER, created_at=None), 1),
        (order(2001, at=BEFORE, customer_id=7009), 1),
        (order(2001, at=BEFORE, customer_id=7009, email="x@example.com"), 0),
        (order(2001, at=BEFORE, customer_id=0, email=None), 1),
        (order(2001, at=BEFORE, customer_id=0, email="x@example.com"), 0),
        (customer(), 1),
        (customer(created_at=AFTER.isoformat()), 0),
        (shipped(2001, "AWB1", at=AFTER), 1),
    ],
    ids=[
        "an old order seen only now",
        "a new order",
        "an order that does not say when",
        "her address under another customer",
        "her phone beside another person",
        "her phone alone",
        "her phone beside another address",
        "her customer record",
        "a new account",
        "a parcel of an order nobody knows",
    ],
)
def test_an_erased_person_is_not_brought_back_but_what_she_does_anew_is_kept(store, sighting, dropped):
    learn(store, order(1001))
    erase(store)
    assert learn(store, sighting) == dropped


def test_a_new_order_after_the_erasure_is_sealed_with_a_new_key_and_its_parcels_kept(store):
    learn(store, order(1001))
    [old] = [row.id for row in read(store, data_keys)]
    erase(store)
    assert learn(store, order(2001, at=AFTER), shipped(2001, "AWB2", at=AFTER)) == 0
    assert order_ids(store) == ["2001"]
    assert [row.id for row in read(store, data_keys)] != [old]
    assert len(read(store, parcels)) == 1


def test_a_second_erasure_moves_the_day_up_to_which_orders_are_dropped(store, clock):
    learn(store, order(1001))
    erase(store)
    clock.at = AFTER + timedelta(days=1)
    learn(store, order(2001, at=AFTER))
    assert erase(store) == {"orders": 1}
    assert learn(store, order(2002, at=AFTER)) == 1
    assert {row.field for row in read(store, suppressions)} == {"customer", "email", "phone", "order"}


def test_erasing_a_merged_id_keeps_the_orders_of_the_customer_that_was_kept(store):
    learn(store, customer(), order(1001, parcels=[("Delhivery", "AWB1")]), merged(7001, 7002))
    body = settled(store, "orders/create", order_body(1001))
    assert erase(store, replace(ASHA, order_ids=("1001",))) == {"merged_into_another": 1}
    assert order_ids(store, Principal(customer_id="7002")) == ["1001"]
    assert learn(store, order(1001, at=AFTER), shipped(1001, "AWB2")) == 0
    assert {row.field for row in read(store, suppressions)} == {"customer"}
    assert next(row for row in read(store, deliveries) if row.id == body).body is not None


def test_who_was_merged_into_an_erased_customer_is_not_brought_back(store):
    learn(store, merged(7000, 7001), order(1001))
    erase(store)
    assert learn(store, order(1002, at=BEFORE, customer_id=7000, email="", customer={"id": 7000})) == 1


def test_a_listed_order_of_another_customer_stays_and_still_learns(store):
    learn(store, order(1001), order(1002, **BHAVNA))
    assert erase(store, replace(ASHA, order_ids=("1001", "1002")))["orders"] == 1
    assert learn(store, shipped(1002, "AWB1", email="bhavna@example.com")) == 0
    with store.transaction() as tx:
        assert [one.number for one in tx.index.list_parcels(SHOP, Principal(customer_id="7002"))] == ["AWB1"]


def test_a_guest_is_erased_by_her_email(store):
    learn(store, order(1001, customer_id=0), customer())
    assert erase(store, Principal(email=ASHA.email)) == {"orders": 1, "customers": 1}


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.REJECTED])
def test_bodies_that_rest_and_tell_of_her_are_destroyed(store, state):
    hers = [
        settled(store, "orders/create", order_body(1001), state),
        settled(store, "customers/redact", redact_body(), state),
        settled(store, "customers/update", {"id": 7001}, state),
        settled(store, "fulfillments/create", {"id": 5, "order_id": 1009}, state),
        settled(store, "orders/paid", b"{not json", state),
        settled(store, "refunds/create", {"order_id": 3, "customer": {"phone": ASHA.phone}}, state),
    ]
    others = [
        settled(store, "orders/create", order_body(1002, **BHAVNA, shipping_address=None), state),
        settled(store, "orders/create", order_body(1003), state, shop=OTHER_SHOP),
        accepted(store, "orders/updated", order_body(1001)).id,
    ]
    assert erase(store, replace(ASHA, order_ids=("1009",))) == {"deliveries": 6}
    bodies = {row.id: row for row in read(store, deliveries)}
    assert [(bodies[one].body, bodies[one].reason) for one in hers] == [(None, "person_erased")] * 6
    assert all(bodies[one].body is not None for one in others)


@pytest.mark.parametrize(
    "body", [b"\x01\x02k1 broken", b"\x01\x02k9" + b"." * 40], ids=["altered", "key gone"]
)
def test_a_body_that_does_not_open_goes_too_and_stops_nothing(store, body):
    delivery = settled(store, "orders/create", order_body(1002, **BHAVNA))
    with store.engine.begin() as connection:
        connection.execute(update(deliveries).where(deliveries.c.id == delivery).values(body=body))
    assert erase(store) == {"deliveries": 1}


def test_a_rejected_body_whose_shop_header_was_malformed_goes_too(store):
    store.accept_delivery(
        make_delivery(shop="", topic="", state=DeliveryState.REJECTED, reason="shop_malformed", raw=b"{")
    )
    assert erase(store) == {"deliveries": 1}


def test_an_answered_access_request_keeps_its_record_and_loses_what_it_held(store):
    learn(store, order())
    with store.transaction() as tx:
        subject = tx.index.find_subject(SHOP, ASHA)
        answered, open_still = (
            make_request(subject=subject),
            make_request(subject=subject, kind=RequestKind.ERASURE),
        )
        task = make_task(answered.id)
        opened(tx, answered, task)
        opened(tx, open_still)
        tx.findings.add_findings(task, page(make_finding()))
        with tx.packages.write_package(answered.id) as out:
            out.write(b"Asha")
        claim = tx.requests.acquire_lease(answered.id)
        tx.requests.release_lease(
            claim, state=RequestState.WAITING, wake_at=AFTER, complete=False, closed_at=NOW
        )
    assert erase(store) == {"orders": 1, "findings": 1, "packages": 1}
    with store.transaction() as tx:
        assert tx.requests.get_request(answered.id).principal == Principal()
        assert tx.requests.get_request(answered.id).state is RequestState.DONE
        assert tx.requests.get_request(open_still.id).principal == ASHA
        assert list(tx.packages.read_package(answered.id)) == []


def test_a_row_that_a_fresh_look_still_finds_stops_the_erasure_whole(store, monkeypatch):
    learn(store, customer(), order())
    monkeypatch.setattr("bridge.store.index.rows.IndexRows._delete_rows_by_key", lambda *_: 0)
    with pytest.raises(NeedsOperator, match="3 rows"):
        erase(store)
    assert read(store, suppressions) == []
    assert order_ids(store) == ["1001"]


def test_a_shop_leaves_with_everything_but_the_record_of_its_requests(store):
    learn(store, customer(), order(parcels=[("Delhivery", "AWB1")]), merged(7005, 7006))
    learn(store, order(), shop=OTHER_SHOP)
    erase(store, Principal(customer_id="7777"))
    access, leaving = (
        make_request(),
        make_request(kind=RequestKind.SHOP_ERASURE, subject="", principal=Principal()),
    )
    task, instruct = (
        make_task(access.id, cursor="p1"),
        make_task(access.id, "delhivery", TaskAction.NOTIFY_PROCESSOR, state=TaskState.WAITING, cursor="[]"),
    )
    accepted(store, "orders/create", order_body())
    with store.transaction() as tx:
        opened(tx, access, task, instruct)
        opened(tx, leaving)
        tx.findings.add_findings(task, page(make_finding()))
        with tx.packages.write_package(access.id) as out:
            out.write(b"Asha")
        tx.tokens.save_tokens(SHOP, "shpat_1", NOW, "")
        claim, own = tx.requests.acquire_lease(access.id), tx.requests.acquire_lease(leaving.id)
    receipt = accepted(store, "shop/redact", {"shop_domain": SHOP})
    with store.transaction() as tx:
        tx.inbox.finish_delivery(tx.inbox.acquire_lease(receipt.id)[0], DeliveryState.DONE)
    with store.transaction() as tx:
        removed = tx.index.erase_shop(SHOP, request_id=leaving.id)
        tx.requests.verify_lease(own)
    assert removed == {
        "findings": 1, "packages": 1, "requests": 1, "customers": 1, "merges": 1, "orders": 1, "parcels": 1,
        "suppressions": 1, "data_keys": 3, "tokens": 1, "deliveries": 1,
    }  # fmt: skip
    kept = {table.name: len(read(store, table)) for table in metadata.sorted_tables if read(store, table)}
    assert kept == {
        "requests": 2, "tasks": 2, "orders": 1, "data_keys": 1, "deliveries": 1, "evidence_head": 1, "locks": 1,
        "destructions": 1,
    }  # fmt: skip
    with store.transaction() as tx:
        closed = tx.requests.get_request(access.id)
        assert (closed.state, closed.principal, closed.closed_at) == (RequestState.DONE, Principal(), NOW)
        assert closed.last_error == "shop_erased"
        assert [one.cursor for one in tx.requests.list_tasks(access.id)] == ["", ""]
        assert dict(tx.index.erase_shop(SHOP, request_id=leaving.id)) == {}
    with pytest.raises(Exception, match=access.id), store.transaction() as tx:
        tx.requests.verify_lease(claim)


def test_a_row_of_an_erased_shop_that_is_still_there_stops_it(store):
    learn(store, order())

    def leave():
        with store.transaction() as tx:
            tx.index._connection = _Deaf(tx.index._connection, orders)
            tx.index.erase_shop(SHOP, request_id="req_1")

    with pytest.raises(NeedsOperator, match="orders"):
        leave()
    assert order_ids(store) == ["1001"]


class _Deaf:
    """A connection that does not hear one table's DELETE."""

    def __init__(self, connection, table):
        self.connection, self.table = connection, table

    def scalar(self, statement):
        return self.connection.scalar(statement)

    def execute(self, statement):
        if statement.is_delete and statement.table is self.table:
            statement = delete(self.table).where(self.table.c.shop == "nobody")
        return self.connection.execute(statement)


def test_what_is_read_again_is_what_was_learned(store):
    learn(store, customer())
    assert [row.shop for row in read(store, customers)] == [SHOP]
    assert customer().kind is SightingKind.CUSTOMER
