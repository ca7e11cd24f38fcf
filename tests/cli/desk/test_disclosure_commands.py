"""`disclosure …`: what is typed, refused, shown, recorded, and told in the person's copy (P-50)."""

import io
import json
import zipfile

import pytest

from tests.cli.conftest import open_office

NOTICE = {"authority": "Cyber Crime Cell, Example City", "law": "notice 12/2026"}
REASON = ("--reason", "notice of 18 Nov")
GIVEN = ("--given-on", "2026-11-20", "--category", "address", "--category", "contact", *REASON)


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    with open_office(tmp_path_factory.mktemp("register"), 3) as register:
        (register.folder / "notice.json").write_text(json.dumps(NOTICE))
        yield register


def add(register, *words, notice="notice.json"):
    shop = ("--shop", register.world.shop)
    return register.say("disclosure", "add", *shop, *GIVEN, "--particulars", str(register.folder / notice), *words)


def read_copy(register, number):
    """Ask for a copy of Asha's data; return the words of all its files."""
    register.take("customers/data_request", request_id=number)
    request = register.say("dsr", "list", "--kind", "access", "--json").json[0]["id"]
    with register.services.store.read() as tx:
        raw = b"".join(tx.packages.read_package(request))
    with zipfile.ZipFile(io.BytesIO(raw)) as opened:
        return request, "\n".join(opened.read(name).decode() for name in opened.namelist())


def test_p50_an_operator_records_a_secret_disclosure_and_ends_its_secrecy(register):
    """Requirement P-50, as an operator types it. Requirement S-10: what is secret is in no copy."""
    request, _ = read_copy(register, 501)
    recorded = add(register, "--request", request, "--non-disclosable-until", "2099-12-31", "--json")
    assert recorded.code == 0, recorded.err
    row = recorded.json
    assert (row["secret"], row["non_disclosable_until"], row["given_on"]) == (True, "2099-12-31", "2026-11-20")
    assert NOTICE["authority"] not in recorded.out
    assert NOTICE["authority"] not in read_copy(register, 502)[1]
    [listed] = register.say("disclosure", "list", "--secret", "--json").json
    assert listed == row
    assert register.say("disclosure", "list", "--request", request, "--json").json == [row]
    shown = register.say("disclosure", "show", row["id"], "--json").json
    assert shown == row
    refused = register.say("disclosure", "show", row["id"], "--reveal")
    assert (refused.code, "--reveal needs --reason" in refused.err) == (2, True)
    revealed = register.say("disclosure", "show", row["id"], "--reveal", "--reason", "to answer the court")
    assert NOTICE["authority"] in revealed.out
    assert NOTICE["law"] in revealed.out
    assert "no known end" in register.say("disclosure", "secrecy", row["id"], "--secret", *REASON, "--json").out
    ended = register.say("disclosure", "secrecy", row["id"], "--end", *REASON, "--yes")
    assert ended.out == f"{row['id']}: the person's next copy tells it.\n"
    request, words = read_copy(register, 503)
    assert NOTICE["authority"] in words
    assert NOTICE["law"] in words
    assert register.say("disclosure", "list", "--secret").out == "No disclosure is recorded.\n"
    dry = register.say("disclosure", "remove", row["id"], *REASON, "--dry-run")
    assert (dry.code, len(register.say("disclosure", "list", "--json").json)) == (0, 1)
    assert register.say("disclosure", "remove", row["id"], *REASON, "--yes").code == 0
    assert NOTICE["authority"] not in read_copy(register, 504)[1]
    names = {"disclosure.recorded", "disclosure.secrecy_changed", "disclosure.removed", "personal_data.revealed"}
    assert names <= set(register.facts())
    assert "disclosure" not in register.say("dsr", "show", request, "--json").out
    bundle = register.folder / "bundle.json"
    assert register.say("dsr", "evidence", request, "--out", str(bundle)).code == 0
    assert "disclosure" not in bundle.read_text()


def test_a_disclosure_about_orders_is_told_unless_a_law_forbids_it(register):
    order = register.world.list_orders(register.world.asha)[0]
    person = register.folder / "person.txt"
    person.write_text(f"order_id: {order.id}\n")
    recorded = add(register, "--identifiers", str(person), "--no-secrecy")
    assert recorded.out.endswith("the person's next copy tells it.\n")
    open_ended = add(register, "--customer-id", "7001", "--secret")
    assert open_ended.out.endswith("no copy tells it before you end its secrecy.\n")
    dated = add(register, "--customer-id", "7001", "--non-disclosable-until", "2099-12-31")
    assert dated.out.endswith("no copy tells it until 2099-12-31.\n")
    table = register.say("disclosure", "list").out
    assert table.count("dcl_") == 3
    assert NOTICE["authority"] not in table


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--customer-id", "7001"), 2, "give one of --no-secrecy, --non-disclosable-until and --secret"),
        (("--customer-id", "7001", "--secret", "--no-secrecy"), 2, "give one of --no-secrecy"),
        (("--no-secrecy",), 1, "name the person or the orders"),
        (("--no-secrecy", "--order-id", "#1001"), 1, "--order-id must be Shopify's number"),
        (("--no-secrecy", "--customer-id", "7001", "--category", "tea"), 1, "--category is none of the retention file"),
        (("--no-secrecy", "--customer-id", "7001", "--given-on", "2099-01-01"), 1, "must not lie in the future"),
        (("--customer-id", "7001", "--non-disclosable-until", "2026-11-19"), 1, "lies before the day"),
        (("--no-secrecy", "--request", "req_01M84N6EY20CZ9W2PB73FKRKAY"), 1, "There is no request req_01M84N6EY2"),
        (("--no-secrecy", "--request", "dcl_01M84N6EY20CZ9W2PB73FKRKAY"), 2, "is the id of a disclosure"),
        (("--no-secrecy", "--request", "req_1", "--customer-id", "7001"), 2, "give --request or identifiers"),
        (("--no-secrecy", "--identifiers", "-", "--particulars", "-"), 2, "cannot both be read from stdin"),
    ],
)
def test_what_cannot_be_recorded_is_refused_in_words(register, words, code, message):
    refused = add(register, *words)
    assert (refused.code, message in refused.err) == (code, True), refused.err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "no JSON object"),
        ({"authority": "A"}, "--particulars needs law"),
        ({**NOTICE, "country": "India"}, "country in --particulars is not what it must be"),
        ({**NOTICE, "officer": "B"}, "--particulars takes authority, law, country"),
    ],
)
def test_particulars_that_cannot_be_read_are_refused_and_not_repeated(register, given, message):
    (register.folder / "wrong.json").write_text(json.dumps(given))
    refused = add(register, "--customer-id", "7001", "--no-secrecy", notice="wrong.json")
    assert refused.code in (1, 2)
    assert message in refused.err
    assert NOTICE["authority"] not in refused.err


def test_an_id_that_nothing_has_is_said_in_words(register):
    unknown = "dcl_01M84N6EY20CZ9W2PB73FKRKAY"
    for words in (
        ("secrecy", unknown, "--end", *REASON, "--yes"),
        ("remove", unknown, *REASON, "--yes"),
        ("show", unknown),
    ):
        refused = register.say("disclosure", *words)
        assert (refused.code, f"There is no disclosure {unknown}." in refused.err) == (1, True), refused.err
    both = register.say("disclosure", "secrecy", unknown, *REASON)
    assert (both.code, "give one of --end" in both.err) == (2, True)
