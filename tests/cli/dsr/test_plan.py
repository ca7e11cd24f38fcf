"""`dsr plan` shows what each task does and why, and what other apps wrote at Shopify; it changes nothing."""

from __future__ import annotations

import json

import pytest

from bridge.model import Principal, TaskAction
from bridge.steps.requests.process import process_request
from tests.cli.conftest import open_office
from tests.e2e import processes
from tests.kit.operator_requests import open_as_operator
from tests.kit.retention_files import write_file_without_open_contracts


@pytest.fixture(scope="module", params=[False, True], ids=["kept", "applied"])
def plan_case(request, tmp_path_factory):
    """A bridge whose retention file removes platform residue or not, with a request opened by hand."""
    folder = tmp_path_factory.mktemp("plan")
    file = write_file_without_open_contracts(folder, applies_residue=request.param)
    with open_office(folder, 5, BRIDGE_RETENTION_FILE=str(file)) as office:
        world = office.world
        request_id = open_as_operator(office.services, Principal(email=world.asha.email), shop=world.shop)
        yield office, request_id, request.param


def take_snapshot(office, request_id):
    with office.services.store.transaction() as tx:
        return (
            tx.requests.get_request(request_id),
            tx.tasks.list_tasks(request_id),
            len(list(tx.evidence.iterate_facts())),
        )


def test_the_plan_shows_what_becomes_of_each_record_and_changes_nothing(plan_case):
    """Requirement E-01."""
    office, request_id, applied = plan_case
    before = take_snapshot(office, request_id)
    result = office.say("dsr", "plan", request_id, "--json")
    assert result.code == 0
    shown = result.json
    assert [(task["system"], task["action"]) for task in shown["tasks"]] == [
        ("shopify", "locate"),
        ("vault", "seal"),
        ("shopify", "ask"),
        ("shopify", "redact"),
        ("bridge", "erase"),
        ("shopify", "follow"),
    ]
    assert all(task["what"] and task["reason"] for task in shown["tasks"])
    assert shown["apply"] is applied
    fate = {(item["kind"], item["action"], item["reason"]) for item in shown["residue"]}
    assert ("order_attributes", "keep", "retention_file_keeps") in fate
    erased = ("customer_metafields", "erase", "retention_file_erases")
    assert (erased in fate) is applied
    if not applied:
        assert {action for _, action, _ in fate} == {"keep", "quarantine"}
    assert take_snapshot(office, request_id) == before
    again = office.say("dsr", "plan", request_id, "--json").json
    assert again == shown
    assert [word for word in ("Asha", "Nowhere", "29ABCDE") if word in json.dumps(shown)] == []


def test_the_plan_is_a_table_for_people(plan_case):
    office, request_id, applied = plan_case
    result = office.say("dsr", "plan", request_id)
    assert result.code == 0
    assert "Written by other apps" in result.out
    assert ("retention_file_erases" in result.out) is applied


def test_an_unknown_request_is_reported(plan_case):
    office, _, _ = plan_case
    assert office.say("dsr", "plan", "req_nobody").code == 1


def test_an_unreadable_shopify_is_reported_and_exits_with_1(plan_case):
    office, request_id, _ = plan_case
    away = dict(office.environ) | {"SHOPIFY_BASE_URL": "http://127.0.0.1:9"}
    result = processes.say(away, "dsr", "plan", request_id, "--json")
    assert result.code == 1
    assert "could not be read" in result.err
    assert result.json["residue"] == []
    assert result.json["residue_unread"]


def test_the_erasure_does_what_was_planned(plan_case):
    """Requirement E-01."""
    office, request_id, applied = plan_case
    plan_lines = office.say("dsr", "plan", request_id, "--json").json["residue"]
    assert process_request(request_id, services=office.services)
    held_back = office.say("dsr", "plan", request_id, "--json").json["residue"]
    assert held_back == plan_lines  # a precheck stopped the request to Shopify: there is store credit
    result = office.say("dsr", "continue", "--yes", request_id, "--reason", "the customer was informed and agrees")
    assert result.code == 0
    assert process_request(request_id, services=office.services)
    after = office.say("dsr", "plan", request_id, "--json").json["residue"]
    assert after == [item for item in plan_lines if item["action"] != "erase"]
    (task,) = [
        task for task in office.say("dsr", "show", request_id, "--json").json["tasks"] if task["action"] == "redact"
    ]
    fates = [item["action"] for item in plan_lines]
    if not applied:
        assert (task["outcome"], task["detail"]) == ("retained", {"reason": "retention_file_keeps"})
        return
    assert fates.count("left")
    assert task["records"] == fates.count("erase") > 0
    assert (task["outcome"], task["detail"]["left"]) == ("incomplete", fates.count("left"))
    assert {gap["absence"] for gap in task["gaps"]} == {"left"}


def test_a_request_from_shopify_has_tasks_and_nothing_is_read_there(office):
    request_id = office.request("erasure")["id"]
    result = office.say("dsr", "plan", request_id, "--json")
    assert result.code == 0
    assert TaskAction.REMOVE_PLATFORM_RESIDUE not in [task["action"] for task in result.json["tasks"]]
    assert result.json["residue"] == []
    assert "Written by other apps" not in office.say("dsr", "plan", request_id).out
