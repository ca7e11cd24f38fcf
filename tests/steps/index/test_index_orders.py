"""Index: a shop's deliveries are drained in batches; what does not fit stops nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bridge.errors import StoreUnavailable
from bridge.model import DeliveryState
from bridge.steps.index import index_orders as step
from bridge.steps.index.index_orders import index_deliveries
from bridge.store.index.rows import IndexRows
from bridge.store.schema.tables import deliveries
from tests.factories import ASHA, NOW, OTHER_SHOP, SHOP, accepted, fixture, order_body, redact_body

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def states(services):
    with services.store.engine.connect() as connection:
        rows = connection.execute(select(deliveries.c.id, deliveries.c.state, deliveries.c.body))
        return {row.id: (row.state, row.body is not None) for row in rows}


def facts(services):
    with services.store.transaction() as tx:
        return [(fact.fact, fact.detail) for fact in tx.evidence.list_facts_of_request("")]


def test_deliveries_teach_the_index_and_lose_their_bodies(services):
    first = accepted(services.store, "orders/create", order_body(parcels=[("Delhivery", "AWB1")]))
    assert index_deliveries(SHOP, services=services) == 1
    assert states(services) == {first.id: ("done", False)}
    with services.store.transaction() as tx:
        assert [parcel.number for parcel in tx.index.list_parcels(SHOP, ASHA)] == ["AWB1"]
    assert index_deliveries(SHOP, services=services) == 0


def test_only_this_shop_and_nothing_of_the_privacy_topics_is_taken(services):
    accepted(services.store, "orders/create", order_body(), shop=OTHER_SHOP)
    accepted(services.store, "customers/redact", redact_body())
    accepted(services.store, "customers/data_request", fixture("customers_data_request.json"))
    assert index_deliveries(SHOP, services=services) == 0
    assert set(states(services).values()) == {("received", True)}


def test_what_does_not_fit_is_rejected_with_a_fact_and_never_stops_its_neighbours(services):
    bad = accepted(services.store, "orders/create", b"{not json")
    worse = accepted(services.store, "orders/create", {"name": "no id"})
    good = accepted(services.store, "orders/create", order_body())
    assert index_deliveries(SHOP, services=services) == 3
    assert states(services) == {
        bad.id: ("rejected", True),
        worse.id: ("rejected", True),
        good.id: ("done", False),
    }
    assert [(fact, detail["reason"]) for fact, detail in facts(services)] == [
        ("delivery.rejected", "not_json"),
        ("delivery.rejected", "id_missing"),
    ]


def test_merges_and_the_uninstall_are_facts_and_a_failed_merge_is_not(services):
    merge = fixture("customers_merge.json")
    accepted(services.store, "customers/merge", merge)
    accepted(services.store, "customers/merge", merge | {"status": "completed"})
    accepted(services.store, "app/uninstalled", {"id": 1})
    index_deliveries(SHOP, services=services)
    assert [fact for fact, _ in facts(services)] == ["customers.merged", "shop.uninstalled"]


def test_late_deliveries_of_the_erased_are_counted_and_forgotten(services):
    with services.store.transaction() as tx:
        tx.index.erase_person(SHOP, ASHA, request_id="req_1")
    accepted(services.store, "orders/updated", order_body(1001))
    accepted(services.store, "orders/updated", order_body(1002))
    index_deliveries(SHOP, services=services)
    assert facts(services) == [("late_delivery.dropped", {"deliveries": 2})]
    assert set(states(services).values()) == {("done", False)}


def test_a_long_queue_is_drained_in_batches(services, monkeypatch):
    monkeypatch.setattr(step, "BATCH_ROWS", 2)
    for number in range(1, 6):
        accepted(services.store, "orders/create", order_body(number))
    assert index_deliveries(SHOP, services=services) == 5


def test_after_a_while_the_job_rings_for_itself_and_gives_others_their_turn(
    services, queue, clock, monkeypatch
):
    monkeypatch.setattr(step, "BATCH_ROWS", 2)
    for number in range(1, 6):
        accepted(services.store, "orders/create", order_body(number))
    ticks = iter(range(0, 999, 15))
    clock.now = lambda: NOW + timedelta(seconds=next(ticks))
    assert 0 < index_deliveries(SHOP, services=services) < 5
    assert queue.jobs == [("index", SHOP, False)]


@pytest.fixture
def poison(monkeypatch):
    """Let the index choke on order 2: a defect of ours, whatever the body."""
    learn = IndexRows.ingest_sightings

    def choke(self, shop, sightings):
        if any(seen.order_id == "2" for seen in sightings):
            raise KeyError("asha@qwertzuiop.example")
        return learn(self, shop, sightings)

    monkeypatch.setattr(IndexRows, "ingest_sightings", choke)


@pytest.mark.usefixtures("poison")
@pytest.mark.parametrize("rows", [200, 3])
def test_one_that_cannot_be_learned_from_is_a_dead_letter_and_stops_nobody(services, monkeypatch, rows):
    monkeypatch.setattr(step, "BATCH_ROWS", rows)
    sent = {
        number: accepted(services.store, "orders/create", order_body(number)).id for number in range(1, 6)
    }
    index_deliveries(SHOP, services=services)
    assert {number: states(services)[one][0] for number, one in sent.items()} == {
        1: "done",
        2: "failed",
        3: "done",
        4: "done",
        5: "done",
    }
    [(fact, detail)] = facts(services)
    assert (fact, detail["delivery"]) == ("delivery.failed", sent[2])
    assert "qwertzuiop" not in repr(detail)


@pytest.mark.usefixtures("poison")
def test_a_database_that_goes_away_in_the_middle_fails_nothing(services, monkeypatch):
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


def test_dying_in_a_batch_changes_nothing_and_the_next_run_does_it_all(services, monkeypatch):
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
