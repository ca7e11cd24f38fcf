"""An erasure deletes every row, key and body of the data subject, and late webhooks are dropped."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from bridge.errors import NeedsOperator
from bridge.model import (
    DeliveryState,
    GatherProgress,
    ListedWaybill,
    NoticeProgress,
    Principal,
    RequestKind,
    RequestState,
    TaskAction,
    TaskState,
)
from bridge.rules.index.minimise import SightingKind
from bridge.rules.requests.progress_codec import encode_cursor
from bridge.store.schema.index_tables import customers, data_keys, orders, parcels, suppressions
from bridge.store.schema.tables import deliveries, metadata
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
from tests.kit.indexing import ingest
from tests.kit.stored import write_package

BHAVNA = {"customer": {"id": 7002, "email": "bhavna@example.com"}, "email": "bhavna@example.com", "phone": ""}
BEFORE, AFTER = NOW - timedelta(days=1), NOW + timedelta(days=1)


def erase_person(store, principal=ASHA, shop=SHOP):
    with store.transaction() as tx:
        return dict(tx.person_eraser.erase_person(shop, principal, request_id="req_1"))


def list_rows(store, table):
    with store.engine.connect() as connection:
        return connection.execute(select(table)).all()


def order_ids(store, principal=ASHA):
    with store.transaction() as tx:
        return list(tx.index.list_orders(SHOP, principal))


def finish_delivery(store, topic, body, state=DeliveryState.FAILED, **given):
    delivery = accepted(store, topic, body, **given)
    with store.transaction() as tx:
        lease, _ = tx.inbox.acquire_lease(delivery.id)
        tx.inbox.finish_delivery(lease, state, "x")
    return delivery.id


def test_an_erasure_deletes_all_rows_and_the_key_of_the_data_subject(store):
    ingest(store, customer(), order(1001, parcels=[("Delhivery", "AWB1")]), order(1002), order(1003, **BHAVNA))
    assert erase_person(store) == {"orders": 2, "parcels": 1, "customers": 1}
    assert order_ids(store) == []
    assert len(list_rows(store, orders)) == len(list_rows(store, data_keys)) == 1
    assert erase_person(store) == {}
    assert order_ids(store, Principal(customer_id="7002")) == ["1003"]


def test_an_empty_principal_erases_nothing(store):
    ingest(store, order(1001))
    assert erase_person(store, Principal()) == {}
    assert list_rows(store, suppressions) == []


def test_the_same_person_at_another_shop_stays(store):
    ingest(store, order())
    ingest(store, order(), shop=OTHER_SHOP)
    erase_person(store)
    assert [row.shop for row in list_rows(store, orders)] == [OTHER_SHOP]


def test_keys_made_under_an_earlier_pseudonym_are_destroyed_too(store):
    ingest(store, shipped(1001, "AWB1"))
    ingest(store, order())
    assert len(list_rows(store, data_keys)) == 2
    erase_person(store)
    assert list_rows(store, data_keys) == []


def test_a_key_that_seals_a_remaining_row_is_not_destroyed(store):
    ingest(store, order())
    with store.transaction() as tx:
        key = tx.session.connection.scalar(select(orders.c.data_key_id))
        tx.session.connection.execute(
            insert(orders).values(
                shop=SHOP, order_key="another", customer_key="another", email_key="", phone_key="", data_key_id=key
            )
        )
    erase_person(store)
    assert len(list_rows(store, data_keys)) == 1


def test_a_late_delivery_of_an_erased_order_is_dropped(store):
    ingest(store, order(1001))
    erase_person(store, replace(ASHA, order_ids=("1009",)))
    late_sightings = [order(1001), order(1001, at=AFTER), order(1009, at=AFTER), shipped(1001, "AWB1", at=AFTER)]
    assert ingest(store, *late_sightings) == 4
    assert list_rows(store, orders) == list_rows(store, parcels) == []


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
        "an old order seen for the first time",
        "a new order",
        "an order without a date",
        "the same e-mail under another customer",
        "the same phone with another customer",
        "the same phone alone",
        "the same phone with another e-mail",
        "the customer record",
        "a new account",
        "a parcel of an unknown order",
    ],
)
def test_webhooks_of_an_erased_data_subject_are_dropped_but_new_orders_are_stored(store, sighting, dropped):
    """Requirement E-10."""
    ingest(store, order(1001))
    erase_person(store)
    assert ingest(store, sighting) == dropped


def test_a_new_order_after_the_erasure_is_sealed_with_a_new_key_and_its_parcels_are_stored(store):
    ingest(store, order(1001))
    [old] = [row.id for row in list_rows(store, data_keys)]
    erase_person(store)
    assert ingest(store, order(2001, at=AFTER), shipped(2001, "AWB2", at=AFTER)) == 0
    assert order_ids(store) == ["2001"]
    assert [row.id for row in list_rows(store, data_keys)] != [old]
    assert len(list_rows(store, parcels)) == 1


def test_a_second_erasure_drops_orders_up_to_its_own_day(store, clock):
    ingest(store, order(1001))
    erase_person(store)
    clock.at = AFTER + timedelta(days=1)
    ingest(store, order(2001, at=AFTER))
    assert erase_person(store) == {"orders": 1}
    assert ingest(store, order(2002, at=AFTER)) == 1
    assert {row.field for row in list_rows(store, suppressions)} == {"customer", "email", "phone", "order"}


def test_erasing_a_merged_id_keeps_the_orders_of_the_remaining_customer(store):
    ingest(store, customer(), order(1001, parcels=[("Delhivery", "AWB1")]), merged(7001, 7002))
    body = finish_delivery(store, "orders/create", order_body(1001))
    assert erase_person(store, replace(ASHA, order_ids=("1001",))) == {"merged_into_another": 1}
    assert order_ids(store, Principal(customer_id="7002")) == ["1001"]
    assert ingest(store, order(1001, at=AFTER), shipped(1001, "AWB2")) == 0
    assert {row.field for row in list_rows(store, suppressions)} == {"customer"}
    assert next(row for row in list_rows(store, deliveries) if row.id == body).body is not None


def test_a_customer_merged_into_an_erased_one_is_suppressed_too(store):
    ingest(store, merged(7000, 7001), order(1001))
    erase_person(store)
    assert ingest(store, order(1002, at=BEFORE, customer_id=7000, email="", customer={"id": 7000})) == 1


def test_a_named_order_of_another_customer_stays_and_is_still_updated(store):
    """Requirement E-04."""
    ingest(store, order(1001), order(1002, **BHAVNA))
    assert erase_person(store, replace(ASHA, order_ids=("1001", "1002")))["orders"] == 1
    assert ingest(store, shipped(1002, "AWB1", email="bhavna@example.com")) == 0
    with store.transaction() as tx:
        assert [one.number for one in tx.index.list_parcels(SHOP, Principal(customer_id="7002"))] == ["AWB1"]


def test_a_guest_is_erased_by_email(store):
    ingest(store, order(1001, customer_id=0), customer())
    assert erase_person(store, Principal(email=ASHA.email)) == {"orders": 1, "customers": 1}


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.REJECTED])
def test_stored_bodies_that_mention_the_data_subject_are_destroyed(store, state):
    of_principal = [
        finish_delivery(store, "orders/create", order_body(1001), state),
        finish_delivery(store, "customers/redact", redact_body(), state),
        finish_delivery(store, "customers/update", {"id": 7001}, state),
        finish_delivery(store, "fulfillments/create", {"id": 5, "order_id": 1009}, state),
        finish_delivery(store, "orders/paid", b"{not json", state),
        finish_delivery(store, "refunds/create", {"order_id": 3, "customer": {"phone": ASHA.phone}}, state),
    ]
    others = [
        finish_delivery(store, "orders/create", order_body(1002, **BHAVNA, shipping_address=None), state),
        finish_delivery(store, "orders/create", order_body(1003), state, shop=OTHER_SHOP),
        accepted(store, "orders/updated", order_body(1001)).id,
    ]
    assert erase_person(store, replace(ASHA, order_ids=("1009",))) == {"deliveries": 6}
    bodies = {row.id: row for row in list_rows(store, deliveries)}
    assert [(bodies[one].body, bodies[one].reason) for one in of_principal] == [(None, "person_erased")] * 6
    assert all(bodies[one].body is not None for one in others)


@pytest.mark.parametrize("body", [b"\x01\x02k1 broken", b"\x01\x02k9" + b"." * 40], ids=["altered", "key gone"])
def test_a_body_that_does_not_open_is_destroyed_too_and_stops_nothing(store, body):
    delivery = finish_delivery(store, "orders/create", order_body(1002, **BHAVNA))
    with store.engine.begin() as connection:
        connection.execute(update(deliveries).where(deliveries.c.id == delivery).values(body=body))
    assert erase_person(store) == {"deliveries": 1}


def test_a_rejected_body_with_a_malformed_shop_header_is_destroyed_too(store):
    store.accept_delivery(
        make_delivery(shop="", topic="", state=DeliveryState.REJECTED, reason="shop_malformed", raw=b"{")
    )
    assert erase_person(store) == {"deliveries": 1}


def test_an_answered_access_request_keeps_its_record_and_loses_its_personal_data(store):
    ingest(store, order())
    with store.transaction() as tx:
        subject = tx.person_lookup.find_subject(SHOP, ASHA)
        answered_request, open_still = (
            make_request(subject=subject),
            make_request(subject=subject, kind=RequestKind.ERASURE),
        )
        task = make_task(answered_request.id)
        opened(tx, answered_request, task)
        opened(tx, open_still)
        tx.findings.add_findings(task, page(make_finding()))
        with write_package(tx, answered_request.id) as out:
            out.write(b"Asha")
        lease = tx.requests.acquire_lease(answered_request.id)
        tx.requests.release_lease(lease, state=RequestState.WAITING, wake_at=AFTER, complete=False, closed_at=NOW)
    assert erase_person(store) == {"orders": 1, "findings": 1, "packages": 1}
    with store.transaction() as tx:
        assert tx.requests.get_request(answered_request.id).principal == Principal()
        assert tx.requests.get_request(answered_request.id).state is RequestState.DONE
        assert tx.requests.get_request(open_still.id).principal == ASHA
        assert list(tx.packages.read_package(answered_request.id)) == []


def test_a_row_that_a_second_reading_finds_stops_the_whole_erasure(store, monkeypatch):
    ingest(store, customer(), order())
    monkeypatch.setattr("bridge.store.erasure.erase_person.PersonEraser._delete_rows_by_key", lambda *_: 0)
    with pytest.raises(NeedsOperator, match="3 rows"):
        erase_person(store)
    assert list_rows(store, suppressions) == []
    assert order_ids(store) == ["1001"]


def test_erasing_a_shop_leaves_only_the_record_of_its_requests(store):
    ingest(store, customer(), order(parcels=[("Delhivery", "AWB1")]), merged(7005, 7006))
    ingest(store, order(), shop=OTHER_SHOP)
    erase_person(store, Principal(customer_id="7777"))
    access, uninstalled = (
        make_request(),
        make_request(kind=RequestKind.SHOP_ERASURE, subject="", principal=Principal()),
    )
    task, notify_task = (
        make_task(access.id, progress=GatherProgress(cursor="p1")),
        make_task(
            access.id,
            "delhivery",
            TaskAction.NOTIFY_PROCESSOR,
            state=TaskState.WAITING,
            progress=NoticeProgress(listed_waybills=(ListedWaybill(waybill="AWB1", order="#1001"),)),
        ),
    )
    accepted(store, "orders/create", order_body())
    with store.transaction() as tx:
        opened(tx, access, task, notify_task)
        opened(tx, uninstalled)
        tx.findings.add_findings(task, page(make_finding()))
        with write_package(tx, access.id) as out:
            out.write(b"Asha")
        tx.tokens.save_tokens(SHOP, "shpat_1", NOW, "")
        lease, own = tx.requests.acquire_lease(access.id), tx.requests.acquire_lease(uninstalled.id)
    receipt = accepted(store, "shop/redact", {"shop_domain": SHOP})
    with store.transaction() as tx:
        tx.inbox.finish_delivery(tx.inbox.acquire_lease(receipt.id)[0], DeliveryState.DONE)
    with store.transaction() as tx:
        removed = tx.shop_eraser.erase_shop(SHOP, request_id=uninstalled.id)
        tx.requests.verify_lease(own)
    assert removed == {
        "findings": 1, "packages": 1, "requests": 1, "customers": 1, "merges": 1, "orders": 1, "parcels": 1,
        "suppressions": 1, "data_keys": 3, "tokens": 1, "deliveries": 1,
    }  # fmt: skip
    remaining = {
        table.name: len(list_rows(store, table)) for table in metadata.sorted_tables if list_rows(store, table)
    }
    assert remaining == {
        "requests": 2, "tasks": 2, "orders": 1, "data_keys": 1, "deliveries": 1, "evidence_head": 1, "locks": 3,
        "destructions": 1, "remnants": 1,
    }  # fmt: skip
    with store.transaction() as tx:
        closed = tx.requests.get_request(access.id)
        assert (closed.state, closed.principal, closed.closed_at) == (RequestState.DONE, Principal(), NOW)
        assert closed.last_error == "shop_erased"
        assert [encode_cursor(one.progress) for one in tx.tasks.list_tasks(access.id)] == ["", ""]
        assert dict(tx.shop_eraser.erase_shop(SHOP, request_id=uninstalled.id)) == {}
    with pytest.raises(Exception, match=access.id), store.transaction() as tx:
        tx.requests.verify_lease(lease)


def test_a_row_of_an_erased_shop_that_remains_stops_the_erasure(store):
    ingest(store, order())

    def leave():
        with store.transaction() as tx:
            tx.shop_eraser._connection = _IgnoresDelete(tx.shop_eraser._connection, orders)
            tx.shop_eraser.erase_shop(SHOP, request_id="req_1")

    with pytest.raises(NeedsOperator, match="orders"):
        leave()
    assert order_ids(store) == ["1001"]


class _IgnoresDelete:
    """A connection that ignores the DELETE of one table."""

    def __init__(self, connection, table):
        self.connection, self.table = connection, table

    def scalar(self, statement):
        return self.connection.scalar(statement)

    def execute(self, statement):
        if statement.is_delete and statement.table is self.table:
            statement = delete(self.table).where(self.table.c.shop == "nobody")
        return self.connection.execute(statement)


def test_stored_sightings_read_back_as_they_were(store):
    ingest(store, customer())
    assert [row.shop for row in list_rows(store, customers)] == [SHOP]
    assert customer().kind is SightingKind.CUSTOMER
