"""An erasure opened by hand, as an operator sees it: opened, planned, approved; or taken back, refused, extended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.model import Principal, RequestKind
from bridge.steps.requests.process import process_request
from tests.cli.conftest import open_office
from tests.kit.operator_requests import list_answers, open_as_operator
from tests.kit.retention_files import write_file_without_open_contracts


@pytest.fixture(scope="module")
def bureau(tmp_path_factory):
    folder = tmp_path_factory.mktemp("approvals")
    file = write_file_without_open_contracts(folder, applies_residue=False)
    with open_office(folder, 5, BRIDGE_RETENTION_FILE=str(file)) as bureau:
        yield bureau


def open_erasure(bureau, email, **given):
    who = Principal(email=email, **given)
    request_id = open_as_operator(bureau.services, who, shop=bureau.world.shop, approved=False)
    process_request(request_id, services=bureau.services)
    return request_id


def test_e01_an_operator_opens_looks_and_approves(bureau):
    words = ("--email", bureau.world.asha.email, "--shop", bureau.world.shop, "--reason", "a letter", "--yes")
    opened = bureau.say("dsr", "open", "erasure", *words)
    assert opened.code == 0, opened.err
    assert "Nothing is changed for it before its plan is approved" in opened.out
    request_id = next(word for word in opened.out.split() if word.startswith("req_")).rstrip(":")
    process_request(request_id, services=bureau.services)
    (row,) = bureau.say("dsr", "list", "--state", "awaiting_approval", "--json").json
    assert row["id"] == request_id
    (awaiting,) = bureau.say("status", "--json").json["approvals"]
    assert (awaiting["id"], awaiting["hours_left"] > 24 * 28) == (request_id, True)
    assert "AWAITS YOUR APPROVAL" in bureau.say("status").out
    refused = bureau.say("dsr", "approve", request_id, "--yes")
    assert (refused.code, "look at `dsr plan` first" in refused.err) == (1, True)
    plan = bureau.say("dsr", "plan", request_id)
    shown = bureau.say("dsr", "plan", request_id, "--json").json
    assert shown["digest"] in plan.out
    assert {letter["processor"] for letter in shown["letters"]}
    assert all(line["system"] for line in shown["plan"]["lines"])
    assert bureau.world.asha.email not in plan.out
    wrong = bureau.say("dsr", "approve", request_id, "--plan", "0" * 64, "--yes")
    assert (wrong.code, "not the plan that was shown last" in wrong.err) == (1, True)
    assert bureau.say("dsr", "approve", request_id, "--dry-run").code == 0
    assert bureau.say("dsr", "show", request_id, "--json").json["approval"]["missing"] == 1
    done = bureau.say("dsr", "approve", request_id, "--plan", shown["digest"], "--as", "devi", "--yes")
    assert (done.code, "until then the person can take it back" in done.out) == (0, True)
    approval = bureau.say("dsr", "show", request_id, "--json").json["approval"]
    assert (approval["approved_by"], approval["missing"], approval["acts"]) == (["operator:devi"], 0, False)
    process_request(request_id, services=bureau.services)
    assert bureau.say("dsr", "show", request_id, "--json").json["last_error"] == "cooling_off"
    assert "principal.erased" not in bureau.facts()
    back = bureau.say("dsr", "withdraw", request_id, "--reason", "a phone call", "--yes", "--json")
    assert back.json == {"id": request_id, "ending": "withdrawn"}
    assert bureau.say("dsr", "show", request_id, "--json").json["ending"] == "withdrawn"
    again = bureau.say("dsr", "refuse", request_id, "--code", "already_done", "--reason", "twice", "--yes")
    assert (again.code, "it has ended" in again.err) == (1, True)


def test_p38_a_refusal_and_an_extension_need_a_law_that_knows_them(bureau):
    indian = open_erasure(bureau, bureau.world.bikram.email)
    until = (datetime.now(UTC) + timedelta(days=60)).date().isoformat()
    longer = ("--until", until, "--reason", "complex", "--yes")
    refused = bureau.say("dsr", "extend", indian, *longer)
    assert (refused.code, "Indian law knows none" in refused.err) == (1, True)
    ended = bureau.say("dsr", "refuse", indian, "--code", "already_done", "--reason", "as in May", "--yes", "--json")
    assert ended.json["laws"] == ["DPDP Act 2023 s.15(d)"]
    german = open_erasure(bureau, "hanna@example.com", stated_countries=("DE",))
    before = bureau.say("dsr", "show", german, "--json").json
    extended = bureau.say("dsr", "extend", german, *longer)
    assert (extended.code, "beyond the published promise" in extended.out) == (0, True)
    after = bureau.say("dsr", "show", german, "--json").json
    assert after["due_governed_by"] == "gdpr_12_3_extended"
    assert before["clocks"].items() < after["clocks"].items()
    assert after["due_at"] > before["due_at"]
    assert {"request.refused", "request.extended"} <= set(bureau.facts())
    letters = {}
    for request_id in (indian, german):
        answers = list_answers(bureau.services, request_id)
        letters[request_id] = [(one.kind, dict(one.values)) for one in answers]
    assert letters[indian] == [("refusal", {"reason": "already_done"})]
    assert letters[german] == [("extension", {"until": until, "reason": "complex"})]


def test_a_request_that_is_due_soon_and_not_approved_is_a_condition(bureau):
    request_id = open_as_operator(
        bureau.services,
        Principal(email="asha.late@example.com"),
        shop=bureau.world.shop,
        at=datetime.now(UTC) - timedelta(days=25),
        approved=False,
    )
    process_request(request_id, services=bureau.services)
    (found,) = (
        row for row in bureau.say("status", "--json").json["stuck"] if row["condition"] == "request_awaits_approval"
    )
    assert (found["ids"], found["page"]) == ([request_id], "approval-awaited")
    checks = {check["name"]: check for check in bureau.say("doctor", "--json", "--all").json["checks"]}
    assert f"dsr plan {request_id}, then dsr approve {request_id}" in checks["request awaits approval"]["fix"]


def test_a_kind_that_needs_no_approval_says_so(bureau):
    request_id = open_as_operator(
        bureau.services,
        Principal(email="x@example.com"),
        shop=bureau.world.shop,
        kind=RequestKind.ACCESS,
        approved=False,
    )
    refused = bureau.say("dsr", "approve", request_id, "--yes")
    assert (refused.code, "needs none" in refused.err) == (1, True)
    assert bureau.say("dsr", "show", request_id, "--json").json["approval"] == {}
