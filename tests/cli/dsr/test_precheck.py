"""`dsr plan` shows what a data subject would lose with Shopify's erasure; `dsr continue` continues a stopped one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.model import Principal, RequestKind, TaskAction
from bridge.steps.requests.process import process_request
from tests.cli.conftest import open_office
from tests.e2e import processes
from tests.kit.operator_requests import open_as_operator
from tests.kit.retention_files import write_file_without_open_contracts

WHY = "the customer knows of the balance and agrees"


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """A bridge against the stand-ins: Asha has store credit and a gift card, Bikram has neither."""
    folder = tmp_path_factory.mktemp("guards")
    file = write_file_without_open_contracts(folder)
    with open_office(folder, 5, BRIDGE_RETENTION_FILE=str(file)) as office:
        yield office


@pytest.fixture(scope="module")
def request_id(office):
    return open_request(office, office.world.asha)


def open_request(office, person, kind=RequestKind.ERASURE):
    principal = Principal(email=person.email)
    return open_as_operator(office.services, principal, shop=office.world.shop, kind=kind)


def asking(office, request_id):
    shown = office.say("dsr", "show", request_id, "--json").json["tasks"]
    return next(task for task in shown if task["action"] == TaskAction.REQUEST_PLATFORM_ERASURE)


def prechecks(office, request_id):
    result = office.say("dsr", "plan", request_id, "--json")
    assert result.code == 0
    return {one["code"]: (one["count"], one["stops"], one["reason"]) for one in result.json["guards"]}


def test_the_plan_shows_precheck_findings_before_shopify_is_asked(office, request_id):
    result = prechecks(office, request_id)
    assert result["store_credit_balance"] == (1, True, "she_would_lose_it")
    assert result["gift_card_balance"] == (1, True, "she_would_lose_it")
    assert result["loyalty_points_unreadable"] == (None, False, "nobody_here_can_read_it")
    assert result["open_order"][1] is False
    assert "Before the erasure is requested from Shopify" in office.say("dsr", "plan", request_id).out


def test_a_precheck_cannot_be_released_before_it_stopped(office, request_id):
    result = office.say("dsr", "continue", "--yes", request_id, "--reason", WHY)
    assert (result.code, result.out) == (1, "")
    assert "no precheck stopped it" in result.err


def test_a_stopped_erasure_is_reported_by_doctor_and_continues_on_command(office, request_id):
    assert process_request(request_id, services=office.services)
    stopped = asking(office, request_id)
    codes = ["store_credit_balance", "gift_card_balance"]
    assert stopped["state"] == "failed"
    assert stopped["last_error"] == "guard_store_credit_balance, guard_gift_card_balance"
    assert "review list --kind guard" in office.say("doctor", "--offline").out
    result = office.say("dsr", "continue", "--yes", request_id, "--reason", WHY, "--json")
    assert (result.code, result.json) == (0, {"id": request_id, "decision": "continue", "released": codes})
    assert prechecks(office, request_id)["gift_card_balance"] == (1, False, "operator_let_it_pass")
    assert process_request(request_id, services=office.services)
    assert asking(office, request_id)["state"] == "done"
    assert prechecks(office, request_id)["store_credit_balance"] == (1, False, "operator_let_it_pass")
    again = office.say("dsr", "continue", "--yes", request_id, "--reason", WHY)
    assert again.code == 1
    assert office.say("review", "list", "--kind", "guard", "--json").json == []
    (fact,) = [
        fact
        for fact in office.say("dsr", "show", request_id, "--json").json["facts"]
        if fact["fact"] == "guard.released"
    ]
    assert (fact["detail"]["codes"], fact["detail"]["reason"]) == (codes, WHY)


def test_without_findings_shopify_is_asked_at_once(office):
    request_id = open_request(office, office.world.bikram)
    assert process_request(request_id, services=office.services)
    assert asking(office, request_id)["state"] == "done"
    assert prechecks(office, request_id)["store_credit_balance"] == (0, False, "none_there")


def test_a_request_that_does_not_ask_shopify_has_no_prechecks(office):
    request_id = open_request(office, office.world.bikram, RequestKind.ACCESS)
    assert prechecks(office, request_id) == {}
    result = office.say("dsr", "continue", "--yes", request_id, "--reason", WHY)
    assert result.code == 1
    assert "does not wait for this" in result.err


def test_an_unknown_request_is_reported(office):
    result = office.say("dsr", "continue", "--yes", "req_nobody", "--reason", WHY)
    assert result.code == 1
    assert "There is no request" in result.err


def test_an_unreadable_shopify_is_reported_and_exits_with_1(office):
    request_id = open_request(office, replace(office.world.bikram, email="somebody.else@example.com"))
    away = dict(office.environ) | {"SHOPIFY_BASE_URL": "http://127.0.0.1:9"}
    result = processes.say(away, "dsr", "plan", request_id, "--json")
    assert result.code == 1
    assert result.json["guards"] == []
    assert result.json["guards_unread"]
    assert "could not be read" in result.err
