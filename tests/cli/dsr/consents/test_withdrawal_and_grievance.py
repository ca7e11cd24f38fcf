"""Requirements P-16, P-20, P-44: the officer opens, reads and answers by commands; no value stands on a command line."""

from __future__ import annotations

import pytest

from bridge.model import LetterKind
from bridge.steps.requests.process import process_request
from tests.e2e import processes
from tests.factories import SHOP
from tests.kit.operator_requests import list_answers

ASHA, COMPLAINT = "asha@example.com", "Nobody answered my three letters."
REASON = ("--reason", "a letter", "--shop", SHOP, "--json")


@pytest.fixture
def bridge_env(tmp_path):
    given = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "")
    processes.migrate(given)
    return given


def run_request(bridge_env, request_id):
    with processes.services(bridge_env) as services:
        process_request(request_id, services=services)
        return {letter.kind: dict(letter.values) for letter in list_answers(services, request_id)}


def test_a_withdrawal_is_opened_and_who_took_it_back_is_found_by_lines(bridge_env, tmp_path):
    """P-16, C-09."""
    person, listed = tmp_path / "person.txt", tmp_path / "listed.txt"
    person.write_text(f"email: {ASHA}\n")
    opened = processes.say(
        bridge_env, "dsr", "open", "consent_withdrawal", "--identifiers", str(person), "--channel", "email", *REASON
    ).json
    assert (opened["due_governed_by"], opened["joins"]) == ("consent_24_hours", None)
    run_request(bridge_env, opened["id"])
    shown = processes.say(bridge_env, "dsr", "show", opened["id"])
    assert "taken back: email, since" in shown.out
    assert ASHA not in shown.out
    listed.write_text(f"bikram@example.in\n\n{ASHA.upper()}\ncustomer_id: 77\n+91 99001 12233\n")
    answer = processes.say(bridge_env, "consent", "check", "--identifiers", str(listed), "--shop", SHOP, "--json").json
    assert answer["checked"] == 4
    assert [(row["line"], row["field"], row["channels"]) for row in answer["stopped"]] == [(3, "email", ["email"])]
    listed.write_text("no address\n")
    refused = processes.say(bridge_env, "consent", "check", "--identifiers", str(listed), "--shop", SHOP)
    assert (refused.code, "line 1" in refused.err, "no address" in refused.err) == (2, True, False)


def test_a_grievance_is_opened_read_and_answered(bridge_env, tmp_path):
    """P-20."""
    complaint, answer = tmp_path / "complaint.txt", tmp_path / "answer.txt"
    complaint.write_text(COMPLAINT)
    answer.write_text("We are sorry.")
    words = ("dsr", "open", "grievance", "--email", ASHA)
    assert "--particulars" in processes.say(bridge_env, *words, *REASON).err
    request_id = processes.say(bridge_env, *words, "--particulars", str(complaint), *REASON).json["id"]
    assert run_request(bridge_env, request_id) == {}
    read = processes.say(bridge_env, "dsr", "details", request_id, "--reason", "to answer it")
    assert (read.code, COMPLAINT in read.out) == (0, True)
    given = ("dsr", "answer", request_id, "--text", str(answer), "--code", "upheld")
    assert processes.say(bridge_env, *given).code == 2, "it cannot be undone, and nobody said yes"
    assert processes.say(bridge_env, *given, "--yes").code == 0
    assert run_request(bridge_env, request_id)[LetterKind.GRIEVANCE_ANSWERED] == {"reason": "upheld"}
    again = processes.say(bridge_env, *given, "--yes")
    assert (again.code, "answered already" in again.err) == (1, True)
    assert "grievance.answered" in processes.say(bridge_env, "dsr", "show", request_id).out


def test_particulars_that_the_kind_has_not_are_refused_and_not_repeated(bridge_env, tmp_path):
    """P-44: a list of processors needs an address and nothing more."""
    words = ("dsr", "open", "processor_list", "--email", ASHA)
    assert "has not" in processes.say(bridge_env, *words, "--channel", "email", *REASON).err
    opened = processes.say(bridge_env, *words, *REASON).json
    assert LetterKind.PROCESSORS in run_request(bridge_env, opened["id"])
