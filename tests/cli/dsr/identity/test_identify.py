"""`dsr identify`, `dsr identified` and `dsr link`: what they say, and what they refuse."""

from __future__ import annotations

import pytest

from tests.e2e import processes
from tests.factories import SHOP


@pytest.fixture
def migrated(tmp_path):
    given = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "")
    processes.migrate(given)
    return given


def test_a_doubt_is_recorded_shown_and_ended_and_refusals_say_why(migrated):
    words = ("dsr", "open", "access", "--shop", SHOP, "--reason", "a letter", "--email", "asha@example.com")
    request_id = processes.say(migrated, *words, "--json").json["id"]
    doubt = ("dsr", "identify", request_id, "--doubt", "unusual_request", "--reason", "asked twice in an hour")
    assert processes.say(migrated, *doubt, "--json").json == {
        "id": request_id,
        "doubt": "unusual_request",
        "times_asked": 1,
    }
    shown = processes.say(migrated, "dsr", "show", request_id)
    assert "identity.asked" in shown.out
    assert "Who asks" in shown.out
    named = processes.say(migrated, *doubt[:-1], "asked by asha@example.com")
    assert named.code == 2
    proof = ("dsr", "identified", request_id, "--method", "document_seen", "--reason", "passport seen in the shop")
    assert processes.say(migrated, *proof, "--json").json["method"] == "document_seen"
    ended = processes.say(migrated, "dsr", "show", request_id, "--json").json["identity"]
    assert (ended["doubt"], ended["method"]) == ("unusual_request", "document_seen")
    again = processes.say(migrated, *proof)
    assert (again.code, "nobody doubts" in again.err) == (1, True)
    typed = processes.say(migrated, *proof[:4], "link_to_recorded_contact", *proof[5:])
    assert typed.code == 2, "a link proves by itself"
    link = processes.say(migrated, "dsr", "link", request_id, "--reason", "the first was lost")
    assert (link.code, "no access package" in link.err) == (1, True)
