"""Requirement P-62 as an operator sees it: what rests on a consent alone in the plan, at Shopify, in the record and the letter."""

from __future__ import annotations

import json

import pytest

from bridge.cli.dsr.plan.plan_view import TASK_EXPLANATIONS
from bridge.model import TaskAction
from bridge.steps.requests.process import process_request
from tests.cli.conftest import open_office


@pytest.fixture(scope="module")
def desk_office(tmp_path_factory):
    """A bridge with a stand-in of Shopify, at which a loyalty app stored Asha's birthday."""
    with open_office(tmp_path_factory.mktemp("withdrawal"), 3) as desk_office:
        _take_whatsapp_back(desk_office)
        yield desk_office


def _take_whatsapp_back(desk_office):
    """Leave Asha without a consent that only a person can take back at Shopify."""
    shop = desk_office.stand_ins.shopify.shops[desk_office.world.shop]
    never = {"state": "NEVER_SUBSCRIBED", "optInLevel": None, "updatedAt": None, "collectedFrom": None}
    phone = {
        "phoneNumber": desk_office.world.asha.phone,
        "marketingState": "SUBSCRIBED",
        "marketingOptInLevel": None,
        "marketingUpdatedAt": None,
        "marketingCollectedFrom": None,
        "smsMarketingConsent": never | {"state": "SUBSCRIBED"},
        "whatsAppMarketingConsent": never,
    }
    shop.write_fields(f"gid://shopify/Customer/{desk_office.world.asha.id}", {"defaultPhoneNumber": phone})


@pytest.fixture(scope="module")
def withdrawal(desk_office):
    """A withdrawal by Asha's e-mail address, that nobody has worked on."""
    person = desk_office.folder / "asha.txt"
    person.write_text(f"email: {desk_office.world.asha.email}\n")
    opened = desk_office.say(
        *("dsr", "open", "consent_withdrawal", "--identifiers", str(person), "--shop", desk_office.world.shop),
        *("--reason", "letter of 12 Nov", "--json"),
    )
    assert opened.code == 0, opened.err
    return opened.json["id"]


def list_metafields(desk_office):
    shopify = desk_office.services.connectors["shopify"]
    found = shopify.list_customer_residue(str(desk_office.world.asha.id), shop=desk_office.world.shop)
    return {item.what for item in found}


def test_p62_the_plan_names_what_goes_and_changes_nothing(desk_office, withdrawal):
    before = list_metafields(desk_office)
    shown = desk_office.say("dsr", "plan", withdrawal)
    assert shown.code == 0, shown.err
    assert "Field by field (planned)" in shown.out
    [line] = desk_office.say("dsr", "plan", withdrawal, "--json").json["plan"]["lines"]
    assert (line["action"], line["category"], line["what"], line["count"]) == (
        "erase",
        "greetings",
        "customer.birth_date",
        1,
    )
    assert list_metafields(desk_office) == before >= {"loyalty.birthday"}


def test_p62_the_withdrawal_erases_it_at_shopify_and_says_so_everywhere(desk_office, withdrawal):
    before = list_metafields(desk_office)
    process_request(withdrawal, services=desk_office.services)
    assert list_metafields(desk_office) == before - {"loyalty.birthday"}
    assert "erased: 1 customer.birth_date (greetings)" in desk_office.say("dsr", "show", withdrawal).out
    assert "Field by field (carried out)" in desk_office.say("dsr", "plan", withdrawal).out
    evidence = desk_office.folder / "evidence.json"
    assert desk_office.say("dsr", "evidence", withdrawal, "--out", str(evidence)).code == 0
    record = json.loads(evidence.read_text())["certificate"]
    [_, erasure] = record["done"]
    assert [(line["action"], line["what"], line["count"]) for line in erasure["detail"]["lines"]] == [
        ("erase", "customer.birth_date", 1)
    ]
    assert (record["kind"], record["status"]) == ("consent_withdrawal", "fulfilled")
    letters = desk_office.say("dsr", "show", withdrawal, "--json").json["letters"]
    [letter_id] = [one["id"] for one in letters if one["kind"] == "consent_withdrawn"]
    letter = desk_office.say("letter", "show", letter_id, "--text", "--reason", "to see what is told")
    assert "only because you had agreed to this is erased: your date of birth." in " ".join(letter.out.split()), (
        letter.err
    )
    assert "1991" not in evidence.read_text() + letter.out


def test_p62_a_second_withdrawal_finds_nothing_and_says_so(desk_office, withdrawal):
    person = desk_office.folder / "asha.txt"
    again = desk_office.say(
        *("dsr", "open", "consent_withdrawal", "--identifiers", str(person), "--shop", desk_office.world.shop),
        *("--reason", "another letter", "--json"),
    ).json["id"]
    assert "nothing rests on this consent alone" in desk_office.say("dsr", "plan", again).out
    process_request(again, services=desk_office.services)
    with desk_office.services.store.read() as tx:
        [letter] = [one for one in tx.person_letters.list_letters(again) if one.kind == "consent_withdrawn"]
    assert dict(letter.values)["data"] == "nothing"


def test_a_plan_has_words_for_every_task():
    """`dsr plan` of any kind of request ends without an error."""
    assert TASK_EXPLANATIONS.keys() == set(TaskAction)
