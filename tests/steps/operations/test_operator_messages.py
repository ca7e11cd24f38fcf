"""Alerts are posted once, and mail goes out once a day: ids and counts, by a worker or else by the clock."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.errors import ConnectorUnavailable
from bridge.model import Outcome, TaskState
from bridge.steps.operations.conditions import CLOCK, WORKER
from bridge.steps.operations.operator_messages import ALERTS, DIGEST, MESSAGE_JOB, WATCH_INTERVAL, send_message, watch
from tests.factories import ASHA, make_request
from tests.fakes import FakeAlertReceiver
from tests.steps.operations.test_conditions import close, save


@pytest.fixture
def pager():
    return FakeAlertReceiver()


@pytest.fixture
def services(services, pager):
    settings = replace(services.settings, ops_email="ops@example.com", mail_from="Bridge <bridge@example.com>")
    return replace(services, alert_receiver=pager, settings=settings)


def beat(services):
    with services.store.transaction() as tx:
        tx.heartbeats.record_heartbeat(WORKER, "one", version="1")


def turn(services, clock, seconds=21):
    clock.at += timedelta(seconds=seconds)
    beat(services)
    return watch("clock-1", services=services)


def make_gap(services):
    request = make_request()
    save(services, request, state=TaskState.FAILED, outcome=Outcome.UNREACHED)
    close(services, request)
    return request


def test_an_alert_goes_through_a_worker_once_and_its_end_once(services, clock, queue, pager):
    clock.at = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)  # before the day's mail
    request = make_gap(services)
    turn(services, clock)
    assert queue.jobs == [(MESSAGE_JOB, ALERTS, True)]
    assert pager.bodies == [], "a worker is seen: it will send"
    assert send_message(ALERTS, services=services) is True
    assert send_message(ALERTS, services=services) is False
    (alert,) = pager.bodies[0]["alerts"]
    assert (alert["condition"], alert["reason"], alert["status"]) == ("request_incomplete", "unreached", "raised")
    assert (alert["ids"], alert["count"], alert["page"]) == ([request.id], 1, "docs/runbooks/gap-unreached.md")
    assert ASHA.email not in json.dumps(pager.bodies)
    close(services, request, answered=True)
    turn(services, clock)
    send_message(ALERTS, services=services)
    assert [row["status"] for body in pager.bodies for row in body["alerts"]] == ["raised", "recovered"]
    turn(services, clock)
    assert send_message(ALERTS, services=services) is False


def test_where_no_worker_or_no_redis_is_the_clock_sends(services, clock, queue, pager):
    clock.at = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    queue.is_down = True
    make_gap(services)
    turn(services, clock)
    assert len(pager.bodies) == 1
    queue.is_down = False
    for _ in range(6):
        clock.at += timedelta(seconds=21)
        watch("clock-1", services=services)
    assert "worker_silent" in {row["condition"] for body in pager.bodies for row in body["alerts"]}


def test_a_receiver_that_is_down_is_tried_again_later_and_is_no_alert_of_its_own(services, clock, queue, pager):
    clock.at = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    queue.is_down = True
    make_gap(services)
    pager.faults = [ConnectorUnavailable("alert webhook: no answer in time")] * 2
    turn(services, clock)
    with services.store.read() as tx:
        assert tx.alerts.find_message_failures() == {ALERTS: (1, "alert webhook: no answer in time")}
    turn(services, clock)
    assert len(pager.faults) == 1, "it waits a minute"
    turn(services, clock, 61)
    assert pager.faults == []
    turn(services, clock, 301)
    assert [row["condition"] for body in pager.bodies for row in body["alerts"]] == ["request_incomplete"]
    with services.store.read() as tx:
        assert tx.alerts.find_message_failures() == {}


def test_the_mail_goes_out_once_a_day_where_the_merchant_is(services, clock):
    services = replace(services, alert_receiver=None)
    mailer = services.mailer
    clock.at = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)  # half past seven in India
    turn(services, clock)
    assert send_message(DIGEST, services=services) is False
    request = make_gap(services)
    for day in (22, 23):
        for hour in (3, 4, 12, 18):
            clock.at = datetime(2026, 11, day, hour, 0, tzinfo=UTC)
            turn(services, clock)
            send_message(DIGEST, services=services)
    assert len(mailer.letters) == 2
    letter = mailer.letters[0]
    assert (letter.to, letter.subject) == ("ops@example.com", "Compliance bridge: 1 need somebody")
    assert f"dsr replay {request.id}" in letter.text
    assert ASHA.email not in letter.text + letter.html
    assert letter.message_id.endswith("@example.com>")


def test_without_trouble_the_mail_says_so(services, clock):
    clock.at = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
    turn(services, clock)
    send_message(DIGEST, services=services)
    assert "nothing needs anybody" in services.mailer.letters[0].subject


def test_it_looks_three_times_a_minute_and_remembers_that_it_turned(services, clock):
    assert turn(services, clock) is True
    assert watch("clock-1", services=services) is False
    clock.at += WATCH_INTERVAL
    assert watch("clock-2", services=services) is True
    with services.store.read() as tx:
        assert tx.heartbeats.find_last_heartbeat(CLOCK) == clock.at
