"""`dsr open` takes several addresses and numbers, by options or by stdin, and exports by each."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bridge.rules.index.identity import list_normal_forms
from tests.e2e import processes
from tests.factories import SHOP


@pytest.fixture
def desk(tmp_path):
    given = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "")
    processes.migrate(given)
    return given


def read_principal(desk, request_id):
    with processes.services(desk) as services, services.store.transaction() as tx:
        return tx.requests.get_request(request_id).principal


WORDS = ("dsr", "open", "access", "--shop", SHOP, "--reason", "a letter", "--json")
EMAILS, PHONES = ("asha@example.com", "asha@example.in"), ("+919845012345", "+919845054321")


def assert_names_both(desk, request_id):
    principal = read_principal(desk, request_id)
    assert list_normal_forms("email", principal.email) == EMAILS
    assert list_normal_forms("phone", principal.phone) == PHONES
    assert principal.order_ids == ("1001", "1002")


@pytest.mark.parametrize("option", ["--order", "--order-id"])
def test_repeated_options_are_all_kept(desk, option):
    options = [word for one in EMAILS for word in ("--email", one)] + [
        word for one in PHONES for word in ("--phone", one)
    ]
    result = processes.say(desk, *WORDS, *options, option, "1001", option, "1002")
    assert result.code == 0, result.err
    assert_names_both(desk, result.json["id"])


def test_identifiers_come_by_stdin(desk):
    document = json.dumps({"email": EMAILS, "phone": PHONES, "order_id": [1001, 1002]})
    command = [sys.executable, "-m", "bridge", *WORDS, "--identifiers", "-"]
    run = subprocess.run(command, env=dict(desk), input=document, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert_names_both(desk, json.loads(run.stdout)["id"])


def test_one_unreadable_address_refuses_all(desk):
    result = processes.say(desk, *WORDS, "--email", EMAILS[0], "--email", "asha")
    assert (result.code, "--email is not an e-mail address" in result.err) == (1, True)


def test_where_the_data_subject_says_to_be_is_sealed_with_the_request(desk):
    """Requirement P-01: the requester's statement can be entered; it is no part of evidence."""
    result = processes.say(desk, *WORDS, "--email", EMAILS[0], "--country", "de", "--country", "UK", "--country", "DE")
    assert result.code == 0, result.err
    with processes.services(desk) as services, services.store.read() as tx:
        request = tx.requests.get_request(result.json["id"])
        facts = [event.detail for event in tx.evidence.list_facts_of_request(result.json["id"])]
    assert {"DE", "GB"} <= set(request.principal.stated_countries)
    assert "countries" not in str(facts)
    refused = processes.say(desk, *WORDS, "--email", EMAILS[0], "--country", "Germany")
    assert (refused.code, "two letters of a country" in refused.err) == (2, True)


def test_an_address_that_a_joined_request_does_not_go_by_is_counted_and_never_dropped_in_silence(desk):
    first = processes.say(desk, *WORDS, "--email", EMAILS[0])
    again = processes.say(desk, *WORDS, "--email", EMAILS[0], "--phone", PHONES[0])
    assert (again.json["id"], again.json["not_added"]) == (first.json["id"], {}), "a field that was blank is filled"
    more = [word for one in (*EMAILS, "asha@work.example") for word in ("--email", one)]
    joined = processes.say(desk, *WORDS, *more, "--phone", PHONES[1])
    assert (joined.json["id"], joined.json["not_added"]) == (first.json["id"], {"email": 2, "phone": 1})
    shown = processes.say(desk, *WORDS[:-1], *more, "--phone", PHONES[1])
    assert "does not go by 2 e-mail addresses and 1 phone that you gave" in shown.out
    assert not [word for word in (*EMAILS, *PHONES) if word in shown.out]
