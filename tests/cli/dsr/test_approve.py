"""An erasure opened by hand, as an operator sees it: opened, planned, approved; or taken back, refused, extended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.model import Principal, RequestKind
from bridge.steps.requests.process import process_request
from tests.cli.conftest import open_office
from tests.kit.operator_requests import open_as_operator
from tests.kit.retention_files import write_file_without_open_contracts


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("approvals")
    file = write_file_without_open_contracts(folder, applies_residue=False)
    with open_office(folder, 5, BRIDGE_RETENTION_FILE=str(file)) as office:
        yield office


def open_erasure(office, email, **given):
    who = Principal(email=email, **given)
    request_id = open_as_operator(office.services, who, shop=office.world.shop, approved=False)
    process_request(request_id, services=office.services)
    return request_id


def test_e01_an_operator_opens_looks_and_approves(office):
    words = ("--email", office.world.asha.email, "--shop", office.world.shop, "--reason", "a letter", "--yes")
    opened = office.say("dsr", "open", "erasure", *words)
    assert opened.code == 0, opened.err
    assert "Nothing is changed for it before its plan is approved" in opened.out
    request_id = next(word for word in opened.out.split() if word.startswith("req_")).rstrip(":")
    process_request(request_id, services=office.services)
    (row,) = office.say("dsr", "list", "--state", "awaiting_approval", "--json").json
    assert row["id"] == request_id
    (awaiting,) = office.say("status", "--json").json["approvals"]
    assert (awaiting["id"], awaiting["hours_left"] > 24 * 28) == (request_id, True)
    assert "AWAITS YOUR APPROVAL" in office.say("status").out
    refused = office.say("dsr", "approve", request_id, "--yes")
    assert (refused.code, "look at `dsr plan` first" in refused.err) == (1, True)
    plan = office.say("dsr", "plan", request_id)
    shown = office.say("dsr", "plan", request_id, "--json").json
    assert shown["digest"] in plan.out
    assert {letter["processor"] for letter in shown["letters"]}
    assert all(line["system"] for line in shown["plan"]["lines"])
    assert office.world.asha.email not in plan.out
    wrong = office.say("dsr", "approve", request_id, "--plan", "0" * 64, "--yes")
    assert (wrong.code, "not the plan that was shown last" in wrong.err) == (1, True)
    assert office.say("dsr", "approve", request_id, "--dry-run").code == 0
    assert office.say("dsr", "show", request_id, "--json").json["approval"]["missing"] == 1
    done = office.say("dsr", "approve", request_id, "--plan", shown["digest"], "--as", "devi", "--yes")
    assert (done.code, "until then the person can take it back" in done.out) == (0, True)
    approval = office.say("dsr", "show", request_id, "--json").json["approval"]
    assert (approval["approved_by"], approval["missing"], approval["acts"]) == (["operator:devi"], 0, False)
    process_request(request_id, services=office.services)
    assert office.say("dsr", "show", request_id, "--json").json["last_error"] == "cooling_off"
    assert "principal.erased" not in office.facts()
    back = office.say("dsr", "withdraw", request_id, "--reason", "a phone call", "--yes", "--json")
    assert back.json == {"id": request_id, "ending": "withdrawn"}
    assert office.say("dsr", "show", request_id, "--json").json["ending"] == "withdrawn"
    again = office.say("dsr", "refuse", request_id, "--code", "already_done", "--reason", "twice", "--yes")
    assert (again.code, "it has ended" in again.err) == (1, True)


def test_p38_a_refusal_and_an_extension_need_a_law_that_knows_them(office):
    indian = open_erasure(office, office.world.bikram.email)
    until = (datetime.now(UTC) + timedelta(days=60)).date().isoformat()
    longer = ("--until", until, "--reason", "complex", "--yes")
    refused = office.say("dsr", "extend", indian, *longer)
    assert (refused.code, "Indian law knows none" in refused.err) == (1, True)
    ended = office.say("dsr", "refuse", indian, "--code", "already_done", "--reason", "as in May", "--yes", "--json")
    assert ended.json["laws"] == ["DPDP Act 2023 s.15(d)"]
    german = open_erasure(office, "hanna@example.com", stated_countries=("DE",))
    before = office.say("dsr", "show", german, "--json").json
    extended = office.say("dsr", "extend", german, *longer)
    assert (extended.code, "beyond the published promise" in extended.out) == (0, True)
    after = office.say("dsr", "show", german, "--json").json
    assert after["due_governed_by"] == "gdpr_12_3_extended"
    assert before["clocks"].items() < after["clocks"].items()
    assert after["due_at"] > before["due_at"]
    assert {"request.refused", "request.extended"} <= set(office.facts())
    letters = {}
    with office.services.store.transaction() as tx:
        for request_id in (indian, german):
            letters[request_id] = [(one.kind, dict(one.values)) for one in tx.person_letters.list_letters(request_id)]
    assert letters[indian] == [("refusal", {"reason": "already_done"})]
    assert letters[german] == [("extension", {"until": until, "reason": "complex"})]


def test_a_request_that_is_due_soon_and_not_approved_is_a_condition(office):
    request_id = open_as_operator(
        office.services,
        Principal(email="asha.late@example.com"),
        shop=office.world.shop,
        at=datetime.now(UTC) - timedelta(days=25),
        approved=False,
    )
    process_request(request_id, services=office.services)
    (found,) = (
        row for row in office.say("status", "--json").json["stuck"] if row["condition"] == "request_awaits_approval"
    )
    assert (found["ids"], found["page"]) == ([request_id], "approval-awaited")
    checks = {check["name"]: check for check in office.say("doctor", "--json", "--all").json["checks"]}
    assert f"dsr plan {request_id}, then dsr approve {request_id}" in checks["request awaits approval"]["fix"]


def test_a_kind_that_needs_no_approval_says_so(office):
    request_id = open_as_operator(
        office.services,
        Principal(email="x@example.com"),
        shop=office.world.shop,
        kind=RequestKind.ACCESS,
        approved=False,
    )
    refused = office.say("dsr", "approve", request_id, "--yes")
    assert (refused.code, "needs none" in refused.err) == (1, True)
    assert office.say("dsr", "show", request_id, "--json").json["approval"] == {}
