"""Listings: one JSON document on stdout with the promised keys; a table for people names no data subject."""

import json

import pytest

from tests.e2e import processes

DELIVERY = {"id", "shop", "topic", "webhook_id", "event_id", "state", "attempts", "received_at", "triggered_at", "last_error"}  # fmt: skip
REQUEST = {
    "id", "shop", "kind", "source", "state", "received_at", "acknowledge_due_at", "due_at", "due_governed_by",
    "closed_at", "complete",
}  # fmt: skip
TASK = {"system", "action", "state", "attempts", "records", "outcome", "last_error"}
LISTINGS = {
    "inbox": (("inbox", "list"), DELIVERY),
    "requests": (("dsr", "list"), REQUEST),
    "processors": (("processors",), {"id", "legal_name"}),
    "public processors": (("processors", "--public"), {"id", "legal_name"}),
}


@pytest.mark.parametrize("name", LISTINGS)
def test_a_listing_is_one_document_with_the_promised_keys(office, name):
    words, keys = LISTINGS[name]
    output = office.say(*words, "--json")
    assert (output.code, output.err) == (0, "")
    assert output.json
    assert all(keys <= set(row) for row in output.json)


def test_one_delivery_and_one_request_are_shown_with_the_promised_keys(office):
    delivery = office.say("inbox", "list", "--json", "--topic", "customers/redact").json[0]
    assert set(office.say("inbox", "show", delivery["id"], "--json").json) >= DELIVERY
    for kind in ("access", "erasure"):
        shown = office.say("dsr", "show", office.request(kind)["id"], "--json").json
        assert set(shown) >= REQUEST | {"tasks", "holds", "facts"}
        assert shown["facts"]
        assert all(set(task) >= TASK for task in shown["tasks"])


def test_states_and_kinds_are_those_of_the_closed_sets(office):
    assert {row["state"] for row in office.say("inbox", "list", "--json").json} <= {
        "received",
        "done",
        "failed",
        "rejected",
    }
    (access,) = office.say("dsr", "list", "--kind", "access", "--json").json
    assert (access["kind"], access["source"], access["complete"]) == ("access", "webhook", True)
    assert office.request("erasure")["complete"] is False


@pytest.mark.parametrize("words", [("inbox", "list"), ("dsr", "list"), ("processors",), ("doctor", "--offline")])
def test_people_get_the_same_as_a_table(office, words):
    output = office.say(*words)
    assert output.out.strip()
    assert "Traceback" not in output.out
    with pytest.raises(ValueError, match=r"Expecting value|Extra data"):
        json.loads(output.out)


def test_listings_and_views_name_no_data_subject(office):
    commands = [("inbox", "list"), ("dsr", "list"), ("evidence", "verify"), ("doctor", "--offline")]
    commands += [("dsr", "show", office.request(kind)["id"]) for kind in ("access", "erasure")]
    commands += [("inbox", "show", row["id"]) for row in office.say("inbox", "list", "--json").json]
    for words in commands:
        for more in ((), ("--json",)):
            result = office.say(*words, *more).out.lower()
            for person in (office.world.asha, office.world.bikram):
                for word in (person.last, person.email, person.phone.removeprefix("+91"), str(person.id)):
                    assert word.lower() not in result, (words, word)


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("inbox", "list", "--state", "failed"), 0),
        (("inbox", "list", "--topic", "customers/redact"), 1),
        (("inbox", "list", "--since", "1h", "--topic", "customers/redact"), 1),
        (("inbox", "list", "--since", "2126-01-01"), 0),
        (("inbox", "list", "--limit", "2"), 2),
        (("dsr", "list", "--state", "waiting"), 1),
        (("dsr", "list", "--shop", "nobody.myshopify.com"), 0),
        (("dsr", "list", "--limit", "1"), 1),
    ],
)
def test_listings_are_narrowed_by_their_options(office, words, count):
    assert len(office.say(*words, "--json").json) == count


@pytest.mark.parametrize(
    "words",
    [
        ("inbox", "show", "dlv_nobody"),
        ("dsr", "show", "req_nobody"),
        ("dsr", "replay", "req_nobody"),
        ("dsr", "package", "req_nobody", "--out", "/nowhere/at/all.zip", "--reason", "an answer"),
        ("inbox", "replay", "dlv_nobody"),
    ],
)
def test_an_unknown_id_exits_with_1_and_a_message(office, words):
    output = office.say(*words)
    assert output.code == 1
    assert (
        "no request" in (result := (output.err + output.out).lower()) or "no delivery" in result or "no such" in result
    )


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("inbox", "list", "--state", "nonsense"),
        ("inbox", "list", "--since", "yesterday-ish"),
        ("inbox", "list", "--limit", "0"),
        ("inbox", "show"),
        ("inbox", "replay"),
        ("inbox", "replay", "dlv_1", "--failed"),
        ("inbox", "show", "dlv_1", "--reveal"),
        ("dsr", "list", "--kind", "nonsense"),
        ("dsr", "package", "req_1"),
        ("send", "Nonsense Topic"),
        ("send", "products/create"),
        ("send", "customers/redact", "--shop", "example.com"),
        ("send", "customers/redact", "--url", "ftp://example.com"),
        ("send", "customers/redact", "--file", "/nowhere.json"),
        ("demo", "--orders", "many"),
    ],
)
def test_wrong_usage_exits_with_2_and_prints_nothing_on_stdout(office, words):
    output = office.say(*words)
    assert (output.code, output.out) == (2, "")
    assert "Usage" in output.err


@pytest.mark.parametrize(
    "words",
    [(), ("inbox",), ("inbox", "list"), ("inbox", "show"), ("inbox", "replay"), ("dsr",), ("dsr", "list"), ("dsr", "show"),
     ("dsr", "package"), ("dsr", "evidence"), ("dsr", "replay"), ("evidence",), ("evidence", "verify"), ("evidence", "export"),
     ("evidence", "heads"), ("evidence", "register"),
     ("processors",), ("doctor",), ("send",), ("migrate",), ("demo",), ("serve",), ("sandbox",)],
)  # fmt: skip
def test_every_command_has_help(office, words):
    output = office.say(*words, "--help")
    assert output.code == 0
    assert output.out.startswith("Usage: bridge")
    assert len(output.out.split()) > 8


def test_a_database_that_was_never_migrated_is_reported_with_the_command(office, tmp_path):
    environ = {**office.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/new.db"}
    for words in (("inbox", "list"), ("evidence", "verify")):
        output = processes.say(environ, *words)
        assert (output.code, output.out) == (1, "")
        assert "bridge migrate" in output.err
    assert processes.say(environ, "migrate").code == 0
    assert processes.say(environ, "migrate").code == 0, "it is safe to repeat"
    assert processes.say(environ, "inbox", "list", "--json").json == []


def test_an_unreachable_database_is_reported_in_words(office):
    away = {**office.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    output = processes.say(away, "inbox", "list", "--json")
    assert (output.code, output.out) == (1, "")
    assert '{"error": "Postgres at 127.0.0.1:1, database none: nothing listens there.' in output.err
    assert "nobody@" not in output.err


def test_processors_are_listed_with_their_contract_or_that_it_is_not_recorded(office):
    """Requirements P-43 and P-44: the public list has no contract and no contact."""
    rows = {row["id"]: row for row in office.say("processors", "--json").json}
    assert {row["contract"] for row in rows.values()} == {"contract reference not recorded"}
    assert rows["delhivery"]["erasure_channel"] == "email"
    assert "contract reference not recorded" in office.say("processors").out
    for row in office.say("processors", "--public", "--json").json:
        assert not {"contract_ref", "contract", "privacy_contact", "client_code"} & set(row)
        assert row["name"]
        assert row["protection"]
