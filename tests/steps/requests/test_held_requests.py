"""What waits because a law holds data is counted by hold, and is named when its day has passed or nobody can say a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import update
from structlog.testing import capture_logs

from bridge.cli.doctor.requests.held import check_held_requests
from bridge.model import RequestState
from bridge.rules.retention.statutory_last_days import compute_day_start
from bridge.steps.requests.held_requests import UNKNOWN_HOLD, list_held_requests, log_overdue_holds
from bridge.steps.requests.process import process_request
from bridge.steps.retention.legal_hold import open_order_legal_hold, release_legal_hold
from bridge.store.schema.tables import requests
from bridge.store.schema.tables import tasks as tasks_table
from bridge.web.metrics import create_metrics_blueprint
from tests.factories import ASHA, SHOP, order, settled_retention
from tests.kit.durations import days
from tests.kit.operator_requests import open_as_operator

IN_JUNE = datetime(2027, 6, 2, 10, 0, tzinfo=UTC)
FREE_ON = date(2028, 5, 7)  # a year after the delivery of an order of 2 May 2027
BY_OPERATOR = {"actor": "operator:a", "reason": "chargeback"}


@pytest.fixture
def services(services, platform):
    platform.customers = {ASHA.email: "7001"}
    return replace(services, retention=settled_retention())


def deliver_and_erase(services, placed_at):
    """Index an order that arrived four days after it was placed, and erase; return the request's id."""
    at = placed_at + days(4)
    shipment = {"tracking_company": "Delhivery", "tracking_numbers": ["AWB1"], "created_at": placed_at.isoformat()}
    shipment |= {"shipment_status": "delivered", "updated_at": at.isoformat()}
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1001, at=placed_at, fulfillments=[shipment])])
    request_id = open_as_operator(services, ASHA, shop=SHOP)
    process_request(request_id, services=services)
    return request_id


def read_held(services):
    with services.store.read() as tx:
        return list_held_requests(tx=tx, services=services)


def run_check(services):
    """Return the checks of `doctor` about holds: whether each is fine, and its text, by name."""
    found = check_held_requests(SimpleNamespace(store=services.store, services=services))
    return {result.name: (result.ok, result.detail) for result in found}


def read_gauges(services):
    """Return the metrics about holds: the value of each, by its line."""
    app = Flask("metrics")
    app.register_blueprint(create_metrics_blueprint(services, services.store))
    lines = app.test_client().get("/metrics").get_data(as_text=True).splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line.startswith("bridge_held")}


def test_nothing_waits(services):
    assert read_held(services) == []
    assert run_check(services) == {"held by law": (True, "no request waits because a law holds data")}
    assert set(read_gauges(services).values()) == {0}


def test_a_request_with_a_day_is_information(services, clock):
    clock.at = IN_JUNE
    request_id = deliver_and_erase(services, IN_JUNE - days(31))
    [held] = read_held(services)
    wakes_at = compute_day_start(FREE_ON, services.retention)
    assert (held.request_id, held.ends_at, held.looks_at) == (request_id, wakes_at, wakes_at)
    assert set(held.holds) == {"dpdp_one_year", "open_contract"}
    [(name, (ok, detail))] = run_check(services).items()
    assert (name, ok) == ("held by law", True)
    assert detail == (
        "1 wait (dpdp_one_year 1, open_contract 1); the next goes on by itself on 07 May 2028; the oldest came on 02 Jun 2027"
    )
    clock.at += days(10)
    gauges = read_gauges(services)
    assert gauges['bridge_held_requests{end="known",hold="dpdp_one_year"}'] == 1
    assert gauges['bridge_held_requests{end="overdue",hold="dpdp_one_year"}'] == 0
    assert gauges['bridge_held_oldest_days{hold="open_contract"}'] == 10
    assert gauges['bridge_held_next_end_days{hold="dpdp_one_year"}'] == pytest.approx((wakes_at - clock.at) / days(1))
    assert log_overdue_holds(services=services) == 0


@pytest.mark.parametrize(
    ("passed", "ok"), [(timedelta(minutes=59), True), (timedelta(hours=2), None), (days(2), False)]
)
def test_a_day_that_passed_without_the_deed_is_named(services, clock, passed, ok):
    clock.at = IN_JUNE
    request_id = deliver_and_erase(services, IN_JUNE - days(31))
    clock.at = compute_day_start(FREE_ON, services.retention) + passed
    found = run_check(services)
    if ok:
        assert [result[0] for result in found.values()] == [True]
        return
    [(name, result)] = found.items()
    assert (name, result[0]) == (f"held by law {request_id}", ok)
    assert f"`dsr replay {request_id}`" in result[1]
    assert read_gauges(services)['bridge_held_requests{end="overdue",hold="dpdp_one_year"}'] == 1
    with capture_logs() as lines:
        assert log_overdue_holds(services=services) == 1
    assert [line["id"] for line in lines if line["event"] == "hold.overdue"] == [request_id]
    process_request(request_id, services=services)
    assert run_check(services)["held by law"][0] is True, "the deed followed"


def test_a_length_of_contract_that_nobody_decided_is_named_and_fails_after_the_deadline(services, clock):
    undecided = {**services.retention.merchant, "return_window_days": None, "warranty_days": None}
    services = replace(services, retention=replace(services.retention, merchant=undecided))
    request_id = deliver_and_erase(services, clock.at - days(10))
    [held] = read_held(services)
    assert (held.ends_at, held.needs) == (None, ("merchant.return_window_days", "merchant.warranty_days"))
    ok, detail = run_check(services)["held without known end"]
    assert ok is None
    assert "1 wait until merchant.return_window_days and merchant.warranty_days is decided" in detail
    assert request_id in detail
    gauges = read_gauges(services)
    assert gauges['bridge_held_requests{end="open",hold="open_contract"}'] == 1
    assert gauges['bridge_held_open_ended{cause="undecided_setting"}'] == 1
    clock.at = held.due_at + timedelta(seconds=1)
    process_request(request_id, services=services)
    assert run_check(services)["held without known end"][0] is False
    # decided: the wait has a day from the next look on
    decided = replace(services, retention=settled_retention())
    clock.at += days(1)
    process_request(request_id, services=decided)
    assert "held without known end" not in run_check(decided)


def test_a_claim_whose_review_is_overdue_is_named_with_its_request(services, clock):
    hold = open_order_legal_hold(SHOP, "1001", reference="CC-1", services=services, **BY_OPERATOR).legal_hold
    request_id = deliver_and_erase(services, clock.at - days(500))
    assert run_check(services)["held by law"] == (
        True,
        f"1 wait (legal_claim 1); none has a known end; the oldest came on {clock.at:%d %b %Y}",
    )
    clock.at = hold.review_due_at + days(1)
    process_request(request_id, services=services)
    ok, detail = run_check(services)[f"held by claim {request_id}"]
    assert (ok, f"`hold review {hold.id}`" in detail) == (False, True)
    assert read_gauges(services)['bridge_held_open_ended{cause="review_overdue"}'] == 1
    release_legal_hold(hold.id, services=services, **BY_OPERATOR)
    process_request(request_id, services=services)
    assert read_held(services) == []


def test_what_an_earlier_release_put_off_is_counted_and_what_ended_with_its_shop_is_not(services, clock):
    clock.at = IN_JUNE
    request_id = deliver_and_erase(services, IN_JUNE - days(31))
    with services.store.transaction() as tx:
        tx.session.connection.execute(update(tasks_table).values(detail="{}"))
    assert read_held(services)[0].holds == (UNKNOWN_HOLD,)
    with services.store.transaction() as tx:
        ended = update(requests).where(requests.c.id == request_id).values(state=RequestState.DONE)
        tx.session.connection.execute(ended)
    assert read_held(services) == []
