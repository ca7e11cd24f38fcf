"""`dsr open` with particulars, `nomination …`, `incident …`: what is typed, refused, shown and recorded (P-15, P-69, E-09)."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bridge.steps.requests.process import process_request
from tests.cli.conftest import open_office

REPORT = ("--reason", "sent by mail", "--yes")
FACTS = {
    "occurred": "from 14 to 16 November",
    "consequences": "Messages in our name may come.",
    "measures": "The account is closed.",
    "advice": "Pay to no account that a message names.",
}


@pytest.fixture(scope="module")
def desk_office(tmp_path_factory):
    with open_office(tmp_path_factory.mktemp("desk"), 3) as desk_office:
        yield desk_office


def open_with(desk_office, kind, values, *more):
    path = desk_office.folder / f"{kind}.json"
    path.write_text(json.dumps(values))
    words = (
        "dsr",
        "open",
        kind,
        "--shop",
        desk_office.world.shop,
        "--particulars",
        str(path),
        "--reason",
        "letter",
        "--json",
    )
    return desk_office.say(*words, *more)


def process_at(desk_office, request_id):
    process_request(request_id, services=desk_office.services)


def test_p15_a_nomination_is_opened_listed_masked_used_by_two_people_and_ended(desk_office):
    nominee = {"name": "Ravi Kumar", "contact": "ravi@example.in", "relation": "brother"}
    person = ("--email", "asha@example.com")
    wrong = open_with(desk_office, "nomination", {"name": "Ravi Kumar"}, *person)
    assert (wrong.code, "--particulars needs contact" in wrong.err) == (1, True)
    assert open_with(desk_office, "nomination", {**nominee, "age": "9"}, *person).code == 1
    nomination = open_with(desk_office, "nomination", nominee, *person).json["id"]
    process_at(desk_office, nomination)
    shown = desk_office.say("nomination", "list", "--request", nomination, "--json")
    [row] = shown.json
    assert (row["name"], row["contact"], row["exercised_by"]) == ("R*** K***", "r***", None)
    assert "stores the nominee sealed" in desk_office.say("dsr", "plan", nomination).out
    bundle = desk_office.folder / "bundle.zip"
    assert desk_office.say("dsr", "evidence", nomination, "--out", str(bundle)).code == 0
    acts = {**nominee, "right": "access", "proof": "certificate seen"}
    del acts["relation"]
    asked = open_with(desk_office, "nominee_exercise", acts, *person).json["id"]
    process_at(desk_office, asked)
    assert "two_approvals_missing" in desk_office.say("dsr", "show", asked).out
    assert desk_office.say("status").out.count("nomination approve") == 1
    for name, enough in (("anil", False), ("bina", True)):
        approved = desk_office.say("nomination", "approve", asked, "--reason", "seen", "--as", name, "--json").json
        assert approved["enough"] is enough
    assert desk_office.say("nomination", "approve", asked, "--reason", "seen", "--as", "bina").code == 1
    process_at(desk_office, asked)
    assert "opened: req_" in desk_office.say("dsr", "show", asked).out
    ended = desk_office.say("nomination", "end", row["id"], "--reason", "letter of 20 Nov", "--yes")
    assert ended.code == 0
    assert desk_office.say("nomination", "list", "--json").json == []
    assert {"nomination.recorded", "nominee.admitted", "nomination.ended"} <= set(desk_office.facts())


def test_p69_an_incident_is_opened_described_approved_written_and_reported(desk_office):
    noticed_at = datetime.now(UTC) - timedelta(hours=5)
    given = {"noticed_at": noticed_at.isoformat(), "text": "A mail account was read by a stranger."}
    assert open_with(desk_office, "incident", given, "--email", "asha@example.com").code == 1
    incident = open_with(desk_office, "incident", given).json["id"]
    process_at(desk_office, incident)
    state = desk_office.say("incident", "show", incident, "--json").json
    [certin, *_] = state["clocks"]
    assert (certin["to"], certin["state"]) == ("certin", "open")
    assert 0.8 < certin["hours_left"] <= 1
    assert "certin_75" in desk_office.say("status").out
    found = desk_office.say("incident", "affected", incident, "--whole-shop", "--json").json
    assert found["persons"] == found["new"]
    out = str(desk_office.folder / "notice.txt")
    refused = desk_office.say("incident", "notice", incident, "--to", "people", "--out", out)
    assert refused.code == 1
    assert all(name in refused.err for name in ("occurred", "consequences", "measures", "advice", "grievance_officer"))
    (desk_office.folder / "facts.json").write_text(json.dumps(FACTS))
    described = desk_office.say(
        "incident", "describe", incident, "--particulars", str(desk_office.folder / "facts.json"), "--json"
    )
    assert set(described.json["changed"]) == set(FACTS)
    report = ("incident", "report", incident, "--to", "certin", "--reference", "CERT-1")
    assert "two people must approve" in desk_office.say(*report, *REPORT).err
    for name in ("anil", "bina"):
        assert desk_office.say("incident", "approve", incident, "--reason", "read", "--as", name).code == 0
    assert desk_office.say(*report, *REPORT).code == 0
    state = desk_office.say("incident", "show", incident, "--json").json
    assert [row["state"] for row in state["clocks"]].count("reported") == 1
    [listed] = desk_office.say("dsr", "list", "--kind", "incident", "--json").json
    assert (listed["standing"], listed["due_governed_by"]) == ("in_progress", "gdpr_authority_72_hours")
    assert 66 < listed["hours_left"] <= 67
    assert "left" in desk_office.say("dsr", "list", "--kind", "incident").out
