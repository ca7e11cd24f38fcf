"""Requirement P-52 as an officer sees it: the copy of a child's data waits, is marked, and goes on by a word of the officer."""

from __future__ import annotations

from dataclasses import replace

from bridge.sandbox.world.models import Metafield
from bridge.steps.requests.process import process_request
from tests.cli.conftest import open_office

MAIL, BORN = "little.canary@example.com", "2014-05-03"


def put_child(office):
    """Make the stand-in of Shopify know a customer who was born in 2014."""
    shop = office.stand_ins.shopify.shops[office.world.shop]
    child = shop.create_person(MAIL)
    birthday = Metafield(id=child.id, namespace="facts", key="birth_date", type="date", value=BORN)
    shop.created_people[:] = [replace(child, first="Chhota", last="Canary", metafields=(birthday,))]
    shop.cache.clear()


def test_p52_the_copy_of_a_child_is_marked_waits_and_goes_on_when_a_parent_asked(tmp_path):
    with open_office(tmp_path, 2) as office:
        put_child(office)
        (tmp_path / "person.txt").write_text(f"email: {MAIL}\n")
        words = ("dsr", "open", "access", "--identifiers", str(tmp_path / "person.txt"), "--shop", office.world.shop)
        request_id = office.say(*words, "--language", "hi", "--reason", "a letter", "--json").json["id"]
        process_request(request_id, services=office.services)
        shown = office.say("dsr", "show", request_id)
        assert "person under 18" in shown.out
        assert "person_is_minor" in shown.out
        [row] = office.say("dsr", "list", "--kind", "access", "--json").json
        assert (row["minor"], row["closed_at"], row["state"]) == (True, None, "waiting")
        [review] = office.say("review", "list", "--kind", "minor", "--json").json
        closed = office.say("review", "close", review["id"], "--reason", "looked at it")
        assert (closed.code, f"dsr identified {request_id}" in closed.err) == (1, True)
        [stop] = office.say("dsr", "list", "--kind", "consent_withdrawal", "--json").json
        assert (stop["source"], stop["minor"]) == ("law", False)
        asked = [
            one for one in office.say("dsr", "show", request_id, "--json").json["letters"] if "identity" in one["kind"]
        ]
        letter = office.say("letter", "show", asked[0]["id"], "--text", "--reason", "to see what is told")
        assert "माता-पिता या अभिभावक" in letter.out
        proof = ("dsr", "identified", request_id, "--reason", "spoke with the mother", "--method")
        refused = office.say(*proof, "document_seen")
        assert (refused.code, "parent_or_guardian" in refused.err) == (1, True)
        assert office.say(*proof, "parent_or_guardian").code == 0
        process_request(request_id, services=office.services)
        [row] = office.say("dsr", "list", "--kind", "access", "--json").json
        assert (row["minor"], row["closed_at"] is not None) == (True, True)
        again = office.say(
            "dsr", "identify", request_id, "--doubt", "person_is_minor", "--reason", "the letter says it"
        )
        assert (again.code, "answered already" in again.err) == (1, True)
        facts = office.say("dsr", "show", request_id, "--json").out
        assert BORN not in facts + shown.out + letter.out
