"""The public page: what it shows, what a code opens, and that it tells nobody who is a customer. L-04."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.model import Language, ObjectionParticulars, RequestKind, RequestSource
from bridge.rules.requests.identity_doubt import IDENTITY_FREE_KINDS
from bridge.steps.identity.answer_submission import expire_submissions
from bridge.steps.requests import open_for_person
from bridge.store.schema.identity_tables import page_submissions
from bridge.web.privacy.form import PAGE_KINDS, PARTICULAR_FIELDS
from bridge.web.privacy.texts import PAGE_TEXTS
from tests.factories import ASHA, SHOP, customer, order
from tests.web.notice_case import rows
from tests.web.privacy.page_case import ADDRESS, FILLED, post, read_hidden, serve_page

WITH_CODE = [kind for kind in PAGE_KINDS if kind not in IDENTITY_FREE_KINDS]
WITHOUT_CODE = [kind for kind in PAGE_KINDS if kind in IDENTITY_FREE_KINDS]


@pytest.fixture
def database_url(tmp_path, sqlite_template):
    """One database: what differs between the two is tested where rows are stored."""
    (tmp_path / "bridge.db").write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{tmp_path}/bridge.db"


@pytest.fixture
def page(services, monkeypatch):
    return serve_page(services, monkeypatch)


def count_waiting(page) -> int:
    with page.services.store.transaction() as tx:
        return tx.session.connection.scalar(select(func.count()).select_from(page_submissions))


# --- What it shows -------------------------------------------------------------------------------------


def test_l04_it_says_how_to_ask_by_what_one_is_found_and_how_to_reach_the_officer(services, monkeypatch):
    """L-04: the means and the identifiers are published, in the shop's name."""
    page = serve_page(services, monkeypatch, policy_url="https://shop.example.in/policies/privacy")
    shown = page.client.get("/privacy")
    assert shown.status_code == 200
    text = re.sub(r"\s+", " ", shown.text)
    for word in ("Example Silver", "e-mail address", "phone number", "number of an order", "48 hours", "30 days"):
        assert word in text
    for word in ("mailto:privacy@minimiss.com", "tel:+915624000000", "https://shop.example.in/policies/privacy"):
        assert word in text
    assert re.findall(r"ask=(\w+)", text) == [kind.value for kind in PAGE_KINDS]


def test_it_is_in_english_and_hindi_by_switch_and_by_what_the_browser_asks_for(page):
    assert set(PAGE_TEXTS[Language.ENGLISH]) == set(PAGE_TEXTS[Language.HINDI])
    for path in ("/privacy", "/privacy?ask=access"):
        english, hindi = page.client.get(path), page.client.get(path, headers={"Accept-Language": "hi-IN,en;q=0.5"})
        assert '<html lang="en">' in english.text
        assert '<html lang="hi">' in hindi.text
        switched = path + ("&" if "?" in path else "?") + "lang=hi"
        assert f'href="{switched}" lang="hi"'.replace("&", "&amp;") in english.text
        assert page.client.get(switched).text == hindi.text
    assert "आपका ई-मेल पता" in page.client.get("/privacy?ask=erasure&lang=hi").text


def test_it_shows_no_kind_that_cannot_be_opened(page, monkeypatch):
    monkeypatch.setattr(open_for_person, "PERSON_KINDS", (RequestKind.ACCESS, RequestKind.NOMINEE_EXERCISE))
    assert re.findall(r"ask=(\w+)", page.client.get("/privacy").text) == ["access"]
    assert page.ask(RequestKind.ERASURE).text == page.client.get("/privacy").text


def test_it_has_no_script_no_cookie_and_may_not_be_kept(page):
    for response in (page.client.get("/privacy"), page.client.get("/privacy?ask=access"), page.ask(RequestKind.ACCESS)):
        headers = response.headers
        assert "Set-Cookie" not in headers
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "form-action 'self'" in headers["Content-Security-Policy"]
        assert "<script" not in response.text


def test_looking_changes_no_row(page):
    before = rows(page.services)
    for path in ("/privacy", "/privacy?ask=grievance&lang=hi", "/privacy/code", "/privacy?ask=nothing"):
        assert page.client.get(path).status_code == 200
        assert page.client.head(path).data == b""
    assert rows(page.services) == before


def test_without_mail_it_offers_only_what_needs_no_code(services, monkeypatch):
    page = serve_page(services, monkeypatch)
    services.mailer.configured = False
    text = page.client.get("/privacy").text
    assert re.findall(r"ask=(\w+)", text) == [kind.value for kind in WITHOUT_CODE]
    assert "cannot send codes" in text
    assert page.ask(RequestKind.ACCESS).text == text
    assert count_waiting(page) == 0


# --- What a code opens ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WITH_CODE)
def test_a_code_that_came_back_opens_the_request_with_its_particulars(page, kind, clock):
    asked = page.ask(kind)
    assert asked.status_code == 200
    assert ADDRESS in asked.text
    page.work()
    [letter] = page.services.mailer.letters
    assert (letter.to, page.read_code() in letter.subject) == (ADDRESS, False)
    assert page.requests() == [], "nothing is opened before the code came back"
    asked_at, clock.at = clock.at, clock.at + timedelta(minutes=14)
    opened = page.enter(asked, page.read_code())
    [request] = page.requests()
    assert opened.status_code == 200
    assert request.id in opened.text
    assert "22 December 2026" in opened.text
    assert (request.kind, request.source, request.received_at) == (kind, RequestSource.PAGE, asked_at)
    assert (request.received_at_basis, request.principal.email, request.shop) == ("page_submitted", ADDRESS, SHOP)
    with page.services.store.transaction() as tx:
        details = tx.request_details.get_details(request.id, kind)
    assert (details.contact.address, details.contact.proven) == (ADDRESS, True)
    assert bool(details.particulars) == bool(FILLED[kind])
    if kind is RequestKind.OBJECTION:
        assert details.particulars == ObjectionParticulars(
            purposes=("marketing", "cod_risk"), grounds="मुझे विज्ञापन नहीं चाहिए"
        )
    assert count_waiting(page) == 0, "what waited is destroyed"
    again = page.enter(asked, page.read_code())
    assert (again.status_code, len(page.requests())) == (422, 1)


@pytest.mark.parametrize("kind", WITHOUT_CODE)
def test_what_needs_no_proof_is_opened_by_the_worker(page, kind):
    received = page.ask(kind)
    assert "Nothing needs to be proven" in received.text
    assert page.requests() == [], "the page itself opens nothing, so that its time tells nothing"
    page.work()
    [request] = page.requests()
    with page.services.store.transaction() as tx:
        assert tx.request_details.get_details(request.id, kind).contact.proven is False
    assert (request.kind, page.services.mailer.letters, count_waiting(page)) == (kind, [], 0)
    assert request.id not in received.text, "who asks twice would learn which addresses are one customer's"


def test_five_wrong_codes_destroy_what_was_sent(page):
    asked = page.ask(RequestKind.ACCESS)
    page.work()
    code = page.read_code()
    wrong = [f"{(int(code) + number) % 10**6:06}" for number in range(1, 6)]
    answers = {page.enter(asked, each).status_code for each in wrong}
    assert (answers, count_waiting(page)) == ({422}, 0)
    assert page.enter(asked, code).status_code == 422
    assert page.requests() == []


def test_four_wrong_codes_and_the_right_one_with_spaces_open_it(page):
    asked = page.ask(RequestKind.ACCESS)
    page.work()
    for _ in range(4):
        last = page.enter(asked, "abc")
    assert 'aria-invalid="true"' in last.text
    code = page.read_code()
    assert page.enter(last, f" {code[:3]} {code[3:]} ").status_code == 200
    assert len(page.requests()) == 1


def test_a_code_is_good_for_a_quarter_of_an_hour_and_for_its_own_form(page, clock):
    first, second = page.ask(RequestKind.ACCESS), page.ask(RequestKind.ERASURE)
    page.work()
    code_of_second = page.read_code()
    if code_of_second not in page.services.mailer.letters[0].text:
        assert page.enter(first, code_of_second).status_code == 422
    clock.at += timedelta(minutes=15)
    assert page.enter(second, code_of_second).status_code == 422
    assert page.requests() == []


def test_what_waits_is_sealed_and_gone_after_an_hour(page, clock):
    page.ask(RequestKind.GRIEVANCE, text="a secret of mine")
    asked = page.ask(RequestKind.ACCESS, order="#4242")
    stored = rows(page.services)
    for secret in (ADDRESS, "qwertzuiop", "#4242", "a secret of mine", read_hidden(asked, "token")):
        assert secret not in stored
    clock.at += timedelta(minutes=59)
    assert expire_submissions(services=page.services) == 0
    clock.at += timedelta(minutes=2)
    assert expire_submissions(services=page.services) == 2
    assert count_waiting(page) == 0
    with page.services.store.transaction() as tx:
        lost = [fact.detail for fact in tx.evidence.iterate_facts() if fact.fact == "submission.lost"]
    assert [detail["count"] for detail in lost] == [2], "no code was ever sent for them"


def test_a_mail_server_that_is_down_is_asked_again_and_one_that_refuses_is_not(page, clock):
    page.services.mailer.faults = [ConnectorUnavailable("mail: down")]
    asked = page.ask(RequestKind.ACCESS)
    page.work()
    assert page.enter(asked, "000000").status_code == 422
    clock.at += timedelta(minutes=1)
    page.work()
    assert page.enter(asked, page.read_code()).status_code == 200
    page.services.mailer.faults = [ConnectorRefused("mail: recipient refused, 550")]
    page.ask(RequestKind.ACCESS, email="nobody@example.com")
    page.work()
    clock.at += timedelta(minutes=30)
    page.work()
    assert [letter.to for letter in page.services.mailer.letters] == [ADDRESS]


# --- It tells nobody who is a customer ----------------------------------------------------------------


def test_a_customer_and_a_stranger_get_the_same_page_and_the_same_letter(page):
    """The page looks nobody up: not before the code, and for what needs none not at all."""
    with page.services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [customer(), order(1001)])
    for kind in (RequestKind.ACCESS, RequestKind.CONSENT_WITHDRAWAL):
        answers = [page.ask(kind, email=email) for email in (ASHA.email, "stranger@example.com")]
        pages = [
            re.sub(r'(name="token" value=)"[^"]*"', r"\1", one.text).replace(email, "EMAIL")
            for one, email in zip(answers, (ASHA.email, "stranger@example.com"), strict=True)
        ]
        assert pages[0] == pages[1]
        assert len({one.headers["Content-Type"] for one in answers}) == 1
    page.work()
    texts = {re.sub(r"\d{6}", "CODE", letter.text) for letter in page.services.mailer.letters}
    assert len(texts) == 1


def test_the_page_runs_the_same_statements_for_both(page):
    with page.services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [customer(), order(1001)])
    counts = []
    for email in (ASHA.email, "stranger@example.com"):
        statements: list[str] = []

        def note(_c, _cu, statement, *_rest, seen=statements):
            seen.append(statement)

        event.listen(page.services.store.engine, "before_cursor_execute", note)
        page.ask(RequestKind.ACCESS, email=email)
        event.remove(page.services.store.engine, "before_cursor_execute", note)
        counts.append(statements)
    assert counts[0] == counts[1]
    assert not any("customers" in statement or "orders" in statement for statement in counts[0])


# --- What it refuses -----------------------------------------------------------------------------------

WRONG = [
    (RequestKind.ACCESS, {"email": ""}, "email", "Give your e-mail address."),
    (RequestKind.ACCESS, {"email": "a@example.com, b@example.com"}, "email", "Give one e-mail address"),
    (RequestKind.ACCESS, {"email": "Asha <a@example.com>"}, "email", "Give one e-mail address"),
    (RequestKind.ACCESS, {"email": "a@example.com\r\nBcc: b@example.com"}, "email", "Give one e-mail address"),
    (RequestKind.ACCESS, {"phone": "call me"}, "phone", "with the code of the country"),
    (RequestKind.ACCESS, {"order": "x" * 41}, "order", "the number of one order"),
    (RequestKind.CORRECTION, {"new-phone": ""}, "new-first_name", "Say of at least one field"),
    (RequestKind.CORRECTION, {"new-phone": "9" * 501}, "new-first_name", "Write shorter values"),
    (RequestKind.RESTRICTION, {"ground": ""}, "ground", "Choose a reason."),
    (RequestKind.RESTRICTION, {"ground": "because"}, "ground", "Choose one of the reasons."),
    (RequestKind.OBJECTION, {"purposes": []}, "purposes", "Choose at least one use."),
    (RequestKind.CONSENT_WITHDRAWAL, {"channels": ["fax"]}, "channels", "Choose from the list."),
    (RequestKind.NOMINATION, {"name": ""}, "name", "Give the name of the person."),
    (RequestKind.NOMINATION, {"contact": ""}, "contact", "Say how we can reach the person."),
    (RequestKind.GRIEVANCE, {"text": " \n "}, "text", "Write what your complaint is."),
    (RequestKind.GRIEVANCE, {"text": "x" * 10_001}, "text", "Shorten the complaint"),
]


@pytest.mark.parametrize(("kind", "fields", "field", "words"), WRONG)
def test_a_wrong_field_is_named_first_and_at_its_place_and_nothing_is_lost(page, kind, fields, field, words):
    answer = page.ask(kind, **({"phone": "+91 98111 22233"} | fields))
    assert answer.status_code == 422
    summary = answer.text.partition('id="faults"')[2].partition("</div>")[0]
    assert f'href="#{field}"' in summary
    assert words in summary
    assert f'id="{field}"' in answer.text
    assert count_waiting(page) == 0
    if "phone" not in fields:
        assert 'value="+91 98111 22233"' in answer.text


def test_every_field_of_a_kind_has_an_input_and_every_fault_its_words(page):
    for kind, fields in PARTICULAR_FIELDS.items():
        text = page.client.get(f"/privacy?ask={kind.value}").text
        for name in fields:
            assert f'name="{name}"' in text
            assert f"fault_{name}_unreadable" in PAGE_TEXTS[Language.ENGLISH]


def test_of_several_shops_one_is_chosen(services, monkeypatch):
    page = serve_page(services, monkeypatch, shops=(SHOP, "second.myshopify.com"))
    assert "Choose the shop" in page.ask(RequestKind.ACCESS).text
    assert page.ask(RequestKind.ACCESS, shop="third.myshopify.com").status_code == 422
    asked = page.ask(RequestKind.ACCESS, shop="second.myshopify.com")
    page.work()
    page.enter(asked, page.read_code())
    assert [request.shop for request in page.requests()] == ["second.myshopify.com"]


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"kind=access&kind=erasure", "application/x-www-form-urlencoded", 400),
        (b"email=%ff", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"f%d=" % number for number in range(50)), "application/x-www-form-urlencoded", 400),
        (b"x" * 150_001, "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 415),
        (b"", "", 415),
    ],
)
def test_what_is_no_form_gets_a_page_in_words_and_no_row(page, body, media_type, status):
    for path in ("/privacy", "/privacy/code"):
        answer = page.client.post(path, data=body, content_type=media_type)
        assert answer.status_code == status
        assert "privacy@minimiss.com" in answer.text
    assert (count_waiting(page), page.requests()) == (0, [])


def test_one_address_gets_five_codes_an_hour_and_one_client_sends_twenty_forms(page):
    client = page.client
    statuses = [page.ask(RequestKind.ACCESS, client=client).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    spelled = page.ask(RequestKind.ACCESS, client=client, email=ADDRESS.upper())
    assert spelled.status_code == 429
    others = [page.ask(RequestKind.ACCESS, client=client, email=f"p{n}@example.com").status_code for n in range(16)]
    assert others == [200] * 15 + [429]


def test_what_somebody_typed_is_shown_as_text(page):
    answer = page.ask(RequestKind.NOMINATION, name='"><script>alert(1)</script>', contact="")
    assert "<script" not in answer.text
    code = post(page.client, "/privacy/code", {"token": '"><b>', "code": "1", "email": "<i>", "lang": "xx"})
    assert (code.status_code, "<b>" in code.text, "<i>" in code.text) == (422, False, False)
