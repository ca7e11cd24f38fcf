"""A shop's deliveries are indexed in batches; a malformed one does not stop the others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bridge.errors import StoreUnavailable
from bridge.model import DeliveryState
from bridge.steps.index import index_orders as step
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.shops.identify_shops import identify_shops
from bridge.store.index.rows import IndexRows
from bridge.store.schema.tables import deliveries
from tests.factories import ASHA, NOW, OTHER_SHOP, SHOP, accepted, fixture, order_body, redact_body, uninstalled_body
from tests.kit.stored import list_fact_details

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def states(services):
    with services.store.engine.connect() as connection:
        rows = connection.execute(select(deliveries.c.id, deliveries.c.state, deliveries.c.body))
        return {row.id: (row.state, row.body is not None) for row in rows}


def test_deliveries_update_the_index_and_their_bodies_are_destroyed(services):
    first = accepted(services.store, "orders/create", order_body(parcels=[("Delhivery", "AWB1")]))
    assert index_deliveries(SHOP, services=services) == 1
    assert states(services) == {first.id: ("done", False)}
    with services.store.transaction() as tx:
        assert [parcel.number for parcel in tx.index.list_parcels(SHOP, ASHA)] == ["AWB1"]
    assert index_deliveries(SHOP, services=services) == 0


def test_only_this_shop_and_no_privacy_topic_is_indexed(services):
    accepted(services.store, "orders/create", order_body(), shop=OTHER_SHOP)
    accepted(services.store, "customers/redact", redact_body())
    accepted(services.store, "customers/data_request", fixture("customers_data_request.json"))
    assert index_deliveries(SHOP, services=services) == 0
    assert set(states(services).values()) == {("received", True)}


def test_a_malformed_delivery_is_rejected_with_a_fact_and_the_batch_goes_on(services):
    bad = accepted(services.store, "orders/create", b"{not json")
    worse = accepted(services.store, "orders/create", {"name": "no id"})
    good = accepted(services.store, "orders/create", order_body())
    assert index_deliveries(SHOP, services=services) == 3
    assert states(services) == {bad.id: ("rejected", True), worse.id: ("rejected", True), good.id: ("done", False)}
    assert [(fact, detail["reason"]) for fact, detail in list_fact_details(services.store)] == [
        ("delivery.rejected", "not_json"),
        ("delivery.rejected", "id_missing"),
    ]


def test_merges_and_the_uninstall_are_facts_and_a_failed_merge_is_not(services):
    merge = fixture("customers_merge.json")
    accepted(services.store, "customers/merge", merge)
    accepted(services.store, "customers/merge", merge | {"status": "completed"})
    accepted(services.store, "app/uninstalled", uninstalled_body())
    index_deliveries(SHOP, services=services)
    assert [fact for fact, _ in list_fact_details(services.store)] == ["shop.uninstalled", "customers.merged"]


def test_late_deliveries_of_erased_data_subjects_are_counted_and_dropped(services):
    with services.store.transaction() as tx:
        tx.person_eraser.erase_person(SHOP, ASHA, request_id="req_1")
    accepted(services.store, "orders/updated", order_body(1001))
    accepted(services.store, "orders/updated", order_body(1002))
    index_deliveries(SHOP, services=services)
    assert list_fact_details(services.store) == [("late_delivery.dropped", {"deliveries": 2})]
    assert set(states(services).values()) == {("done", False)}


def test_many_deliveries_are_indexed_in_batches(services, monkeypatch):
    monkeypatch.setattr(step, "BATCH_ROWS", 2)
    for number in range(1, 6):
        accepted(services.store, "orders/create", order_body(number))
    assert index_deliveries(SHOP, services=services) == 5


def test_after_its_time_limit_the_job_enqueues_itself(services, queue, clock, monkeypatch):
    monkeypatch.setattr(step, "BATCH_ROWS", 2)
    for number in range(1, 6):
        accepted(services.store, "orders/create", order_body(number))
    ticks = iter(range(0, 999, 15))
    clock.now = lambda: NOW + timedelta(seconds=next(ticks))
    assert 0 < index_deliveries(SHOP, services=services) < 5
    assert queue.jobs == [("index", SHOP, False)]


@pytest.fixture
def poison(monkeypatch):
    """Make indexing of order 2 fail, as a defect of the bridge would."""
    learn = IndexRows.ingest_sightings

    def choke(self, shop, sightings):
        if any(seen.order_id == "2" for seen in sightings):
            raise KeyError("asha@qwertzuiop.example")
        return learn(self, shop, sightings)

    monkeypatch.setattr(IndexRows, "ingest_sightings", choke)


@pytest.mark.usefixtures("poison")
@pytest.mark.parametrize("rows", [200, 3])
def test_a_delivery_that_cannot_be_indexed_becomes_a_dead_letter_alone(services, monkeypatch, rows):
    monkeypatch.setattr(step, "BATCH_ROWS", rows)
    sent = {number: accepted(services.store, "orders/create", order_body(number)).id for number in range(1, 6)}
    index_deliveries(SHOP, services=services)
    assert {number: states(services)[one][0] for number, one in sent.items()} == {
        1: "done",
        2: "failed",
        3: "done",
        4: "done",
        5: "done",
    }
    [(fact, detail)] = list_fact_details(services.store)
    assert (fact, detail["delivery"]) == ("delivery.failed", sent[2])
    assert "qwertzuiop" not in repr(detail)


@pytest.mark.usefixtures("poison")
def test_an_unavailable_database_marks_no_delivery_as_failed(services, monkeypatch):
    accepted(services.store, "orders/create", order_body(2))
    drain, calls = step._index_batch, []

    def away(*given):
        calls.append(given)
        if len(calls) > 1:
            raise StoreUnavailable("gone")
        return drain(*given)

    monkeypatch.setattr(step, "_index_batch", away)
    with pytest.raises(StoreUnavailable):
        index_deliveries(SHOP, services=services)
    assert set(states(services).values()) == {("received", True)}


def test_a_crash_in_a_batch_changes_nothing_and_the_next_run_does_all(services, monkeypatch):
    for number in range(1, 4):
        accepted(services.store, "orders/create", order_body(number))

    def die(*_args):
        raise StoreUnavailable("gone")

    monkeypatch.setattr("bridge.store.index.rows.IndexRows.ingest_sightings", die)
    with pytest.raises(StoreUnavailable):
        index_deliveries(SHOP, services=services)
    assert set(states(services).values()) == {(DeliveryState.RECEIVED, True)}
    monkeypatch.undo()
    assert index_deliveries(SHOP, services=services) == 3


def test_an_index_job_without_an_uninstall_opens_one_writing_transaction_for_each_batch(services, monkeypatch):
    accepted(services.store, "orders/create", order_body(1001))
    opened, begin = [], type(services.store).transaction

    def count_transaction(store, *pace):
        opened.append(store)
        return begin(store, *pace)

    identify_shops(SHOP, services=services)
    monkeypatch.setattr(type(services.store), "transaction", count_transaction)
    assert index_deliveries(SHOP, services=services) == 1
    assert len(opened) == 2, "the batch, and the empty one that ends the job"
