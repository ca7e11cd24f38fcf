"""`dsr open` of a correction, restriction and objection, `dsr lift` and `dsr decide`: values come from a file, codes are options."""

from __future__ import annotations

import json

import pytest

from bridge.steps.requests.process import process_request
from tests.cli.conftest import Office
from tests.e2e import processes
from tests.kit.operator_requests import let_act

PHONE, WHY = "+919811122299", "letter of 12 Nov"
CHANGES = json.dumps({"changes": [{"field": "phone", "new": PHONE}]})


@pytest.fixture
def place(tmp_path):
    environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "")
    processes.migrate(environ)
    with processes.services(environ) as services:
        yield Office(environ=environ, services=services, world=None, folder=tmp_path)


def open_right(place, kind, *options):
    words = ("dsr", "open", kind, "--shop", "minimiss.myshopify.com", "--customer-id", "7001", *options)
    return place.say(*words, "--reason", WHY, "--json")


def test_p13_values_of_a_correction_come_from_a_file_and_are_never_shown(place):
    (place.folder / "changes.json").write_text(CHANGES)
    opened = open_right(place, "correction", "--particulars", str(place.folder / "changes.json"))
    assert opened.code == 0, opened.err
    request_id = opened.json["id"]
    process_request(request_id, services=place.services)
    shown = place.say("dsr", "show", request_id)
    assert "correct" in shown.out
    assert PHONE not in shown.out + opened.out
    with place.services.store.read() as tx:
        request = tx.requests.get_request(request_id)
        assert tx.request_details.get_details(request_id, request.kind).particulars.changes[0].new == PHONE


@pytest.mark.parametrize(
    ("kind", "content", "says"),
    [
        ("correction", "", "--particulars needs changes"),
        ("correction", "{", "is no JSON"),
        ("correction", '["phone"]', "is no JSON object"),
        ("correction", '{"changes": [{"field": "shoe_size", "new": "45"}]}', "a field that can be corrected"),
        ("correction", '{"ground": "claims"}', "names what this kind of request has not"),
        ("restriction", "", "give --ground"),
        ("objection", '{"grounds": "mine"}', "give --purpose"),
    ],
)
def test_what_cannot_be_opened_says_what_is_missing(place, kind, content, says):
    options = ()
    if content:
        (place.folder / "given.json").write_text(content)
        options = ("--particulars", str(place.folder / "given.json"))
    refused = open_right(place, kind, *options)
    assert refused.code != 0
    assert says in refused.err


def test_a_reason_that_repeats_a_new_value_is_refused(place):
    (place.folder / "changes.json").write_text('{"changes": [{"field": "first_name", "new": "Aasha"}]}')
    words = ("dsr", "open", "correction", "--shop", "minimiss.myshopify.com", "--customer-id", "7001")
    refused = place.say(
        *words, "--particulars", str(place.folder / "changes.json"), "--reason", "the name is Aasha now"
    )
    assert refused.code == 2
    assert "Aasha" not in refused.err


def test_p33_a_restriction_is_shown_and_lifted(place):
    request_id = let_act(place.services, open_right(place, "restriction", "--ground", "claims").json["id"])
    process_request(request_id, services=place.services)
    shown = place.say("dsr", "show", request_id)
    assert "Restrictions" in shown.out
    assert "claims" in shown.out
    lifted = place.say("dsr", "lift", request_id, "--code", "claims_settled", "--reason", WHY, "--json")
    assert lifted.json["by_letter"] is True
    again = place.say("dsr", "lift", request_id, "--code", "claims_settled", "--reason", WHY)
    assert (again.code, "its end is set already" in again.err) == (1, True)
    assert place.say("dsr", "list", "--kind", "restriction", "--json").json[0]["id"] == request_id


def test_p35_an_objection_is_decided(place):
    request_id = let_act(place.services, open_right(place, "objection", "--purpose", "cod_risk").json["id"])
    process_request(request_id, services=place.services)
    assert "objection_undecided" in place.say("dsr", "show", request_id).out
    assert "objection is weighed" in place.say("doctor", "--offline").out
    words = ("dsr", "decide", request_id, "--outcome", "upheld", "--code", "interests_prevail", "--reason", WHY)
    assert place.say(*words, "--purpose", "analytics").code == 1
    decided = place.say(*words, "--purpose", "cod_risk", "--json")
    assert decided.json["undecided"] == []
    process_request(request_id, services=place.services)
    assert "cod_risk:upheld:interests_prevail" in place.say("dsr", "show", request_id).out


def test_p35_doctor_names_what_the_merchant_has_not_stated(place):
    assert "rights.stop" in place.say("doctor", "--offline", "--all").out
