"""`dsr plan` shows what a data subject would lose with Shopify's erasure; `dsr continue` continues a stopped one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bridge.model import Principal, RequestKind, TaskAction
from bridge.sandbox.sandbox import StandIns, invent_worlds
from bridge.steps.requests.open_by_operator import open_operator_request
from bridge.steps.requests.process import process_request
from tests.cli.conftest import Office
from tests.e2e import processes

WHY = "the customer knows of the balance and agrees"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A bridge against the stand-ins: Asha has store credit and a gift card, Bikram has neither."""
    folder = tmp_path_factory.mktemp("guards")
    world, uninstalled = invent_worlds(5, datetime.now(UTC).replace(microsecond=0))
    stand_ins = StandIns(world, uninstalled).start()
    environ = processes.environment(f"sqlite:///{folder}/bridge.db", "", **stand_ins.environment)
    processes.migrate(environ)
    with processes.services(environ) as services:
        yield Office(environ=environ, services=services, world=world, folder=folder)
    stand_ins.stop()


@pytest.fixture(scope="module")
def request_id(place):
    return opened(place, place.world.asha)


def opened(place, person, kind=RequestKind.ERASURE):
    return open_operator_request(
        kind,
        place.world.shop,
        Principal(email=person.email),
        place.services.clock.now(),
        actor="operator:test",
        reason="a letter",
        services=place.services,
    )


def asking(place, request_id):
    shown = place.say("dsr", "show", request_id, "--json").json["tasks"]
    return next(task for task in shown if task["action"] == TaskAction.REQUEST_PLATFORM_ERASURE)


def prechecks(place, request_id):
    result = place.say("dsr", "plan", request_id, "--json")
    assert result.code == 0
    return {one["code"]: (one["count"], one["stops"], one["reason"]) for one in result.json["guards"]}


def test_the_plan_shows_precheck_findings_before_shopify_is_asked(place, request_id):
    result = prechecks(place, request_id)
    assert result["store_credit_balance"] == (1, True, "she_would_lose_it")
    assert result["gift_card_balance"] == (1, True, "she_would_lose_it")
    assert result["loyalty_points_unreadable"] == (None, False, "nobody_here_can_read_it")
    assert result["open_order"][1] is False
    assert "Before the erasure is requested from Shopify" in place.say("dsr", "plan", request_id).out


def test_a_precheck_cannot_be_released_before_it_stopped(place, request_id):
    result = place.say("dsr", "continue", request_id, "--reason", WHY)
    assert (result.code, result.out) == (1, "")
    assert "no precheck stopped it" in result.err


def test_a_stopped_erasure_is_reported_by_doctor_and_continues_on_command(place, request_id):
    assert process_request(request_id, services=place.services)
    stopped = asking(place, request_id)
    codes = ["store_credit_balance", "gift_card_balance"]
    assert stopped["state"] == "failed"
    assert stopped["last_error"] == "guard_store_credit_balance, guard_gift_card_balance"
    assert "review list --kind guard" in place.say("doctor", "--offline").out
    result = place.say("dsr", "continue", request_id, "--reason", WHY, "--json")
    assert (result.code, result.json) == (0, {"id": request_id, "decision": "continue", "released": codes})
    assert prechecks(place, request_id)["gift_card_balance"] == (1, False, "operator_let_it_pass")
    assert process_request(request_id, services=place.services)
    assert asking(place, request_id)["state"] == "done"
    assert prechecks(place, request_id)["store_credit_balance"] == (1, False, "operator_let_it_pass")
    again = place.say("dsr", "continue", request_id, "--reason", WHY)
    assert again.code == 1
    assert place.say("review", "list", "--kind", "guard", "--json").json == []
    (fact,) = [
        fact
        for fact in place.say("dsr", "show", request_id, "--json").json["facts"]
        if fact["fact"] == "guard.released"
    ]
    assert (fact["detail"]["codes"], fact["detail"]["reason"]) == (codes, WHY)


def test_without_findings_shopify_is_asked_at_once(place):
    request_id = opened(place, place.world.bikram)
    assert process_request(request_id, services=place.services)
    assert asking(place, request_id)["state"] == "done"
    assert prechecks(place, request_id)["store_credit_balance"] == (0, False, "none_there")


def test_a_request_that_does_not_ask_shopify_has_no_prechecks(place):
    request_id = opened(place, place.world.bikram, RequestKind.ACCESS)
    assert prechecks(place, request_id) == {}
    result = place.say("dsr", "continue", request_id, "--reason", WHY)
    assert result.code == 1
    assert "does not wait for this" in result.err


def test_an_unknown_request_is_reported(place):
    result = place.say("dsr", "continue", "req_nobody", "--reason", WHY)
    assert result.code == 1
    assert "There is no request" in result.err


def test_an_unreadable_shopify_is_reported_and_exits_with_1(place):
    request_id = opened(place, replace(place.world.bikram, email="somebody.else@example.com"))
    away = dict(place.environ) | {"SHOPIFY_BASE_URL": "http://127.0.0.1:9"}
    result = processes.say(away, "dsr", "plan", request_id, "--json")
    assert result.code == 1
    assert result.json["guards"] == []
    assert result.json["guards_unread"]
    assert "could not be read" in result.err
