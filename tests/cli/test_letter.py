"""`letter …`: letters are listed, read before they leave, sent to another address, returned and ended."""

from __future__ import annotations

import pytest

from bridge.model import LetterState, Principal, RequestKind
from bridge.steps.letters.send_letter import send_due_letter
from bridge.steps.requests.open_for_person import open_person_request
from tests.factories import SHOP


def find_letter(bridge, request_id):
    with bridge.services.store.read() as tx:
        (letter,) = tx.person_letters.list_letters(request_id)
    return letter


def test_an_operator_reads_a_withheld_letter_gives_it_an_address_and_ends_another(named, tmp_path):
    services = named.services
    shop = next(iter(services.merchant.shops), SHOP)
    request_id = open_person_request(
        RequestKind.ACCESS,
        shop,
        Principal(customer_id="700900"),
        services.clock.now(),
        actor="operator:test",
        reason="a letter",
        services=services,
    )
    letter = find_letter(named, request_id)
    listed = named.say("letter", "list", "--unsent", "--kind", "acknowledgement", "--json").json
    assert [(row["id"], row["request_id"], row["state"]) for row in listed] == [(letter.id, request_id, "queued")]
    assert letter.id in named.say("dsr", "show", request_id).out

    unexplained = named.say("letter", "show", letter.id, "--text")
    assert (unexplained.code, "say by --reason why you read it" in unexplained.err) == (2, True)
    why = ("--reason", "the person called")
    read = named.say("letter", "show", letter.id, "--text", *why)
    assert read.code == 0, read.err
    assert f"We have your request, number {request_id}" in " ".join(read.out.split())
    page = tmp_path / "letter.html"
    hindi = named.say(
        "letter",
        "preview",
        request_id,
        "refusal",
        "--value",
        "reason=identity_not_proven",
        "--language",
        "hi",
        "--html",
        str(page),
        *why,
    )
    assert hindi.code == 0, hindi.err
    assert "<html lang='hi'>" in page.read_text()
    unwritten = named.say("letter", "preview", request_id, "refusal", "--value", "reason=unheard_of", "--text", *why)
    assert (unwritten.code, "reasons.unheard_of is missing" in unwritten.err) == (1, True)
    with services.store.read() as tx:
        facts = [event.fact for event in tx.evidence.list_facts_of_request(request_id)]
    assert facts.count("personal_data.revealed") == 3

    address = tmp_path / "address.txt"
    address.write_text("writer@qwertzuiop.example\n")
    resent = named.say(
        "letter", "resend", letter.id, "--to", str(address), "--language", "hi", "--reason", "by telephone"
    )
    assert resent.code == 0, resent.err
    with services.store.read() as tx:
        contact = tx.request_details.get_details(request_id, RequestKind.ACCESS).contact
    assert (contact.address, contact.language, contact.proven) == ("writer@qwertzuiop.example", "hi", True)
    address.write_text("two@example.com, three@example.com")
    refused = named.say("letter", "resend", letter.id, "--to", str(address), "--reason", "by telephone")
    assert (refused.code, "two@example.com" in refused.err) == (2, False)

    early = named.say("letter", "bounce", letter.id)
    assert (early.code, "only a letter that was sent" in early.err) == (1, True)
    ended = named.say("letter", "dismiss", letter.id, "--reason", "told by telephone", "--yes", "--json")
    assert (ended.code, ended.json["state"]) == (0, "dismissed")
    assert not send_due_letter(letter.id, services=services)
    assert find_letter(named, request_id).state is LetterState.DISMISSED


@pytest.mark.parametrize(
    "words", [("show", "ltr_unknown"), ("show", "ntc_1"), ("bounce",), ("preview", "req_1", "refusal", "--value", "x")]
)
def test_what_cannot_be_meant_is_refused(named, words):
    assert named.say("letter", *words).code in (1, 2)
