"""P-50 and S-10: what an authority was given is told in the copy, and what a law keeps secret leaves no trace in it."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from bridge.model import AuthorityDisclosure, Principal, Secrecy
from bridge.services import Services
from bridge.steps.access.package import build_access_package, plain_language, save_access_package
from bridge.steps.desk.record_disclosure import change_secrecy
from bridge.steps.erasure.outcome import OutcomeInput, render_erasure_outcome
from bridge.steps.requests.approval.deed_plan import read_deed_plan
from bridge.steps.requests.conclude import reissue_certificates
from bridge.steps.requests.process import process_request
from bridge.store.schema.desk_tables import disclosures
from tests.factories import ASHA, SHOP, customer, data_request_body, merged
from tests.house.tree import ROOT
from tests.kit.indexing import ingest
from tests.kit.operator_requests import let_act, open_as_operator
from tests.steps.access.export_case import Package, case, task
from tests.steps.access.package.test_own_records import read_letter, read_table
from tests.steps.access.test_package import breaches
from tests.steps.desk.disclosure_case import BY, GIVEN_ON, OPEN_ENDED, POLICE, disclose
from tests.steps.sales_case import sold_body

AFTER = Secrecy(until=date(2026, 12, 31))
LAST_SECOND = datetime(2026, 12, 31, 18, 29, 59, tzinfo=UTC)
BINA = {"id": 8001, "email": "bina@qwertzuiop.example", "phone": None}


def build_copy(services: Services, request_id: str) -> bytes:
    """Return the package that the request would have now, in the clear; nothing is stored."""
    with services.store.transaction() as tx, tx.open_savepoint() as undo:
        request, tasks = tx.requests.get_request(request_id), tx.tasks.list_tasks(request_id)
        with build_access_package(request, tasks, tx=tx, services=services) as package:
            save_access_package(request, package, tx=tx)
        raw = b"".join(tx.packages.read_package(request_id))
        undo()
    return raw


def open_copy(raw: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(raw)) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def list_authorities(raw: bytes) -> list[str]:
    listed = json.loads(open_copy(raw)["data/02_recipients.json"])["recipients"]
    return [one["legal_name"] for one in listed if one["role"] == "public authority"]


def read_everything(services: Services, request_id: str) -> tuple[object, ...]:
    """Return the package and what besides is told of a request: its facts, its row, its reviews."""
    with services.store.read() as tx:
        facts = tx.evidence.list_facts_of_request(request_id)
        request, reviews = tx.requests.get_request(request_id), list(tx.reviews.list_reviews())
    return build_copy(services, request_id), facts, request, reviews


@pytest.fixture
def asked(kept, run_delivery):
    """Return the id of a request for a copy, of a person with an order, a sealed invoice and a parcel."""
    parcel = {"tracking_company": "Delhivery", "tracking_numbers": ["99900010004126"], "created_at": "2026-11-20"}
    run_delivery("orders/paid", sold_body(fulfillments=[parcel]))
    return run_delivery("customers/data_request", data_request_body(1, 1001))


def test_p50_what_may_be_told_is_a_recipient_with_day_data_and_law(kept, asked):
    """Requirement P-50. Requirement P-12: in JSON, CSV, both letters, the records and the counts."""
    before = json.loads(open_copy(build_copy(kept, asked))["manifest.json"])
    one = disclose(kept)
    files = open_copy(build_copy(kept, asked))
    document = json.loads(files["data/02_recipients.json"])
    [listed] = [row for row in document["recipients"] if row["role"] == "public authority"]
    assert (listed["id"], listed["legal_name"]) == (one.id, POLICE.authority)
    assert listed["first_shared_on"] == listed["last_shared_on"] == GIVEN_ON.isoformat()
    assert listed["fields_shared"] == ["your addresses", "your e-mail and phone"]
    assert POLICE.law in listed["service"]
    assert (listed["countries"], listed["waybills"], listed["records"]) == (["IN"], None, {})
    assert f'"{POLICE.authority}"' in files["data/02_recipients.csv"]
    [row] = read_table(files, "disclosures")
    assert (row["authority"], row["at"], row["law"]) == (POLICE.authority, "2026-11-20", POLICE.law)
    letter = read_letter(files)
    who = letter.partition("WHO GOT YOUR DATA")[2].partition("HOW LONG WE KEEP IT")[0]
    for words in (POLICE.authority, POLICE.law, "your addresses", "20 November 2026", "where: India"):
        assert words in who
    assert POLICE.authority in files["data/00_letter.html"]
    manifest = json.loads(files["manifest.json"])
    for name in ("records", "recipients"):
        assert manifest["counts"][name] == before["counts"][name] + 1
    assert manifest["completeness"] == before["completeness"]
    schema = json.loads(files["data/schema/access-package.schema.json"])
    for path, text in files.items():
        if path.startswith("data/") and path.endswith(".json") and not path.endswith("schema.json"):
            assert breaches(json.loads(text), schema, schema) == [], path


def test_an_authority_abroad_is_a_transfer_and_leaves_the_copy_complete(kept, asked):
    before = json.loads(open_copy(build_copy(kept, asked))["manifest.json"])["completeness"]
    abroad = POLICE.__class__(authority="Zoll", law="Art 12", categories=("invoice_document",), country="DE")
    disclose(kept, particulars=abroad)
    files = open_copy(build_copy(kept, asked))
    transfers = json.loads(files["data/07_transfers.json"])["transfers"]
    assert "Zoll" in [row["recipient"] for row in transfers]
    assert json.loads(files["manifest.json"])["completeness"] == before


NAMED = {
    "customer": Principal(customer_id="7001"),
    "email": Principal(email=ASHA.email),
    "phone": Principal(phone=ASHA.phone),
    "order": Principal(order_ids=("1001",)),
    "all": Principal(customer_id="7001", email=ASHA.email, phone=ASHA.phone, order_ids=("1001", "1009")),
    "request": None,
}


@pytest.mark.parametrize("secrecy", [AFTER, OPEN_ENDED], ids=["until a day", "without a known end"])
@pytest.mark.parametrize("principal", NAMED.values(), ids=NAMED)
def test_s10_a_secret_disclosure_changes_no_byte_of_the_package(kept, asked, principal, secrecy):
    """Requirement S-10, both ways: the same bytes with and without it, and other bytes once it may be told."""
    without = read_everything(kept, asked)
    named = {"request_id": asked} if principal is None else {"principal": principal}
    secret = disclose(kept, secrecy=secrecy, **named)
    assert read_everything(kept, asked) == without
    change_secrecy(secret.id, None, services=kept, **BY)
    changed = read_everything(kept, asked)
    assert list_authorities(changed[0]) == [POLICE.authority]
    assert changed[0] != without[0]
    assert changed[1:] == without[1:], "no fact of the register is a fact of the request"


@pytest.mark.parametrize("found", [True, False], ids=["data are held", "nothing else is held"])
def test_s10_a_copy_that_tells_one_disclosure_says_nothing_of_another(kept, asked, run_delivery, found):
    """Requirement S-10: beside one that is told, and for a person of which nothing else is known."""
    who = {} if found else BINA
    request_id = asked if found else run_delivery("customers/data_request", data_request_body(2, **BINA))
    principal = Principal(customer_id=str(who.get("id", 7001)))
    empty = build_copy(kept, request_id)
    disclose(kept, principal, OPEN_ENDED)
    assert build_copy(kept, request_id) == empty
    disclose(
        kept,
        principal,
        particulars=POLICE.__class__(authority="Court", law="s.1", categories=("contact",), country="IN"),
    )
    one = build_copy(kept, request_id)
    assert list_authorities(one) == ["Court"]
    disclose(kept, principal, AFTER)
    assert build_copy(kept, request_id) == one


def test_s10_a_secret_disclosure_is_not_even_opened(kept, asked):
    """Requirement S-10: a seal that is broken, or a key that is gone, would show."""
    without = build_copy(kept, asked)
    secret = disclose(kept, secrecy=OPEN_ENDED)
    with kept.store.transaction() as tx:
        tx.session.connection.execute(update(disclosures).where(disclosures.c.id == secret.id).values(doc=b"broken"))
    assert build_copy(kept, asked) == without


def test_p50_a_disclosure_is_told_from_the_day_after_the_last_secret_one_where_the_merchant_is(kept, asked):
    """Requirement P-50: the last secret day ends at midnight in India, 18:30 in UTC."""
    disclose(kept, secrecy=AFTER)
    for moment, authorities in ((LAST_SECOND, []), (LAST_SECOND + timedelta(seconds=1), [POLICE.authority])):
        kept.clock.at = moment
        assert list_authorities(build_copy(kept, asked)) == authorities


def test_p50_a_disclosure_is_found_after_a_merge_and_after_an_erasure(kept, run_delivery, platform):
    """Requirement P-50: by the orders that were known, and by the address."""
    ingest(kept.store, customer(7001), customer(7002, email="asha.two@qwertzuiop.example"))
    run_delivery("orders/paid", sold_body())
    by_customer, by_email = disclose(kept), disclose(kept, Principal(email=ASHA.email))
    ingest(kept.store, merged(7001, 7002))
    survivor = {"id": 7002, "email": "asha.two@qwertzuiop.example", "phone": None}
    copy = build_copy(kept, run_delivery("customers/data_request", data_request_body(1, **survivor)))
    assert [row["disclosure"] for row in read_table(open_copy(copy), "disclosures")] == [by_customer.id, by_email.id]
    process_request(let_act(kept, open_as_operator(kept, Principal(email=ASHA.email), shop=SHOP)), services=kept)
    copy = build_copy(kept, run_delivery("customers/data_request", data_request_body(2)))
    assert by_email.id in [row["disclosure"] for row in read_table(open_copy(copy), "disclosures")]


def test_p50_a_disclosure_is_told_to_nobody_else(kept, asked, run_delivery):
    """Requirement P-50: another person's order, and a phone that both have."""
    run_delivery("orders/paid", sold_body(2001, customer={"id": 8001}, email=BINA["email"]))
    disclose(kept, Principal(customer_id="7001", phone=ASHA.phone, order_ids=("1001",)))
    other = run_delivery("customers/data_request", data_request_body(2, 1001, **BINA | {"phone": ASHA.phone}))
    assert list_authorities(build_copy(kept, other)) == []
    assert list_authorities(build_copy(kept, asked)) == [POLICE.authority]


def render_outcome(services: Services, request_id: str) -> tuple[dict[str, object], tuple[str, str]]:
    """Return the certificate of a request, without what names its facts, and the letter that is made of it."""
    with services.store.read() as tx:
        request, certificate = tx.requests.get_request(request_id), dict(tx.packages.find_certificate(request_id))
    letter = render_erasure_outcome(
        OutcomeInput(
            request=request,
            certificate=certificate,
            merchant=services.merchant,
            retention=services.retention,
            written_at=services.clock.now(),
        )
    )
    return {
        name: certificate[name] for name in certificate if name not in ("evidence", "signature", "supersedes")
    }, letter


def test_s10_an_erasure_is_planned_done_and_told_the_same_with_a_secret_disclosure(kept, run_delivery, platform):
    """Requirement S-10: plan, certificate and outcome are the same, secret or not, and the disclosure is still there."""
    platform.customers = {ASHA.email: "7001"}
    run_delivery("orders/paid", sold_body())
    request_id = open_as_operator(kept, ASHA, shop=SHOP, approved=False)
    without = read_deed_plan(request_id, services=kept)
    secret = disclose(kept, secrecy=OPEN_ENDED, request_id=request_id)
    assert read_deed_plan(request_id, services=kept) == without
    process_request(let_act(kept, request_id), services=kept)
    with_secret = render_outcome(kept, request_id)
    assert "disclosures to authorities" in json.dumps(with_secret[0]), "the line of the record of requests names them"
    assert "What a law forbids us to name is not listed here." in with_secret[1][0]
    assert "What a law forbids us to name is not listed here." in with_secret[1][1]
    with kept.store.transaction() as tx:
        stored = tx.disclosures.find_disclosure(secret.id)
        assert isinstance(stored, AuthorityDisclosure)
        assert stored.particulars == POLICE
        tx.disclosures.delete_disclosure(secret.id)
        reissue_certificates([request_id], tx=tx, services=kept)
    assert render_outcome(kept, request_id) == with_secret


DENIALS = re.compile(
    r"\b(no|nor any|not any|never any|without any)\s+(public\s+|government\s+)?(authorit(y|ies)|police|court|government)"
    r"|(nobody|no ?one|none)( else)? (got|gets|received|has|was given|were given)"
    r"|(authorit(y|ies)|police|government)\b[^.=]{0,40}\b(never|none|nothing|not (?!yet))"
    r"|\bnot (been |ever )?(given|shared|disclosed|passed on)\b[^.]{0,30} to (any|anybody|a public|the (police|authorities))\b"
    r"|do not record what public authorities",
    re.IGNORECASE,
)
TEXTS = ("bridge/steps/access", "bridge/steps/letters", "bridge/steps/erasure/outcome", "bridge/web")


def test_p50_nothing_says_that_no_authority_got_data(kept, asked):
    """Requirement P-50: neither a copy with or without records, nor any text or template that a person may read."""
    packages = [Package(case()), Package(case([], tasks=[task("shopify", records=0)]))]
    texts = [each.decode() for package in packages for each in package.files.values()]
    disclose(kept, secrecy=OPEN_ENDED)
    texts += open_copy(build_copy(kept, asked)).values()
    texts += [
        path.read_text(encoding="utf-8")
        for folder in TEXTS
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".j2", ".toml", ".html") or path.parent.name == "texts" or path.name == "plain_language.py"
        if path.is_file() and path.suffix != ".pyc"
    ]
    assert len(texts) > 100
    assert [found[0] for text in texts for found in DENIALS.finditer(" ".join(text.split()))] == []
    for package in packages:
        assert plain_language.AUTHORITIES_SENTENCE in " ".join(package.text("00_letter.txt").split())
        assert plain_language.AUTHORITIES_SENTENCE in " ".join(package.text("00_letter.html").split())
        assert package.json("02_recipients.json")["note"] == plain_language.AUTHORITIES_SENTENCE
        assert "a law forbids us to name it" in package.json("08_withheld.json")["explanation"]


@pytest.mark.parametrize(
    "denial",
    [
        "No authority received your data.",
        "We have not given your data to any public authority.",
        "Nobody else got your data.",
        "Authorities have received nothing.",
    ],
)
def test_the_search_for_such_a_claim_finds_one(denial):
    assert DENIALS.search(denial)
