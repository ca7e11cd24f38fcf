"""The outcome of an erasure: it says what its certificate says, in words, and never prints a blank or a code."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings

from bridge.model import ErasureAction, Gap, Language, LegalHold, Outcome, PlanLine, TaskState
from bridge.model.findings import Absence
from bridge.rules.erasure.plan import CUSTOMER_MERGED_AWAY
from bridge.rules.retention.citations import list_laws_in_force
from bridge.steps.access.package.plain_language import ERASED_ROW_NOUNS
from bridge.steps.erasure.outcome import list_missing_settings
from bridge.steps.erasure.outcome.erased_and_kept import list_erased_data, list_remaining_data_rows, shorten_law
from bridge.steps.erasure.outcome.open_answers import list_open_answers
from bridge.steps.erasure.outcome.outcome_words import OutcomeWords
from tests.factories import CANARIES, NOW
from tests.kit.suite.examples import count_examples
from tests.steps.erasure.outcome import outcome_case as case

SPRING, SUMMER = datetime(2026, 11, 30, 9, tzinfo=UTC), datetime(2027, 6, 2, 9, tzinfo=UTC)
TODAY = NOW.date()
ENGLISH = OutcomeWords(Language.ENGLISH, case.ZONE)
ISO = re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:.+]+)?")
LONG_DAY = re.compile(
    r"\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December) \d{4}"
)
NAMES = {
    "delhivery": "Delhivery Limited",
    "bluedart": "Blue Dart Express Limited",
    "shiprocket": "Shiprocket",
    "unknown": "a carrier that we have to find out",
}
BLANKS = ("None", "null", "not yet published", "[Insert", "gid:", "{{", "{%")


def count_records(rows, name):
    """Sum the records that rows of these texts count for a recipient."""
    texts = [" ".join(row.values()) if isinstance(row, dict) else f"{row.what} {row.why}" for row in rows]
    return sum(
        int(number.replace(",", ""))
        for text in texts
        if name in text
        for number in re.findall(r"([\d,]+) records?\b", text)
    )


@given(case.certificates())
@settings(max_examples=count_examples(60))
def test_every_count_and_day_is_the_certificates(certificate):
    page, text = case.render(certificate)
    allowed = {case.format_day(found) for found in ISO.findall(str(certificate))} | {
        "1 May 2026",
        case.format_day(NOW.isoformat()),
    }
    for shown in (page, text):
        assert set(LONG_DAY.findall(shown)) <= allowed
        for line in certificate["erased"]:
            assert f"{line['count']:,} {ERASED_ROW_NOUNS[line['table']][line['count'] > 1]}" in shown
        for line in certificate["kept"]:
            assert not line["until"] or case.format_day(date.fromisoformat(line["until"])) in shown
        sealed = [line for line in certificate["kept"] if line["category"] == "invoice_document"]
        counted = re.findall(r"(\d+) (?:invoice|credit note)s? with", shown.partition("If you live")[0])
        assert sum(map(int, counted)) == sum(line["count"] for line in sealed)
    rows = [
        *list_erased_data(certificate, ENGLISH),
        *list_remaining_data_rows(certificate, ENGLISH),
        *list_open_answers(certificate, ENGLISH),
    ]
    for row in certificate["processors"]:
        assert count_records(rows, NAMES[row["system"]]) == row["records"]


@given(case.certificates())
@settings(max_examples=count_examples(40))
def test_nothing_is_blank_a_code_or_a_statute_in_the_body(certificate):
    """Requirement S-03."""
    page, text = case.render(certificate)
    for shown in (page, text):
        assert not [blank for blank in BLANKS if blank in shown]
        body = shown.replace(certificate["request_id"], "").partition("Website")[0]
        assert not re.search(r"\b[a-z]+_[a-z_]+\b", body), "no code of the software"
        assert not re.search(r"\b(?:s|r|ss|rr|Art|Section|Rule)\.? ?\d", body), "statutes stand in the footnotes"
        assert "Devi Nowhere" in shown, "Requirement L-03: every letter names the contact"
        for name in ("Grievance Officer", case.OFFICER.email, case.OFFICER.phone, "Mini Miss & Co LLP"):
            assert name in shown


@given(case.certificates())
@settings(max_examples=count_examples(60))
def test_traces_are_told_while_they_can_exist_and_not_longer(certificate):
    """Requirement: one sentence, how it ends, and no day that nobody promised."""
    may_remain = certificate["remnants"] is not None and certificate["remnants"]["values_overwritten_at"] is None
    assert certificate["erased"] or not may_remain, "what found nothing leaves no trace"
    for shown in case.render(certificate):
        assert (
            shown.count("Traces of what is gone may remain in our storage until we have written over them;")
            == may_remain
        )
        assert not re.search(r"database|disk|byte|file|log\b|encrypt", shown.partition("Website")[0])


@given(case.certificates())
@settings(max_examples=count_examples(40))
def test_t18_who_has_not_answered_is_named_and_nobody_else(certificate):
    names = {row["who"] for row in list_open_answers(certificate, ENGLISH)}
    unanswered = {
        NAMES[row["system"]] for row in certificate["processors"] if row["records"] > sum(row["answers"].values())
    }
    assert unanswered == names - {"Shopify"}
    page, _ = case.render(certificate)
    answer = page.partition("Is your data erased?")[2].partition("What is kept")[0]
    assert ("Still to answer:" in answer) == bool(names)
    assert not names or "Yes. We erased" not in answer


def test_shopifys_own_wait_is_told_with_its_day():
    """Requirement C-04: the 180 days that Shopify waits are told to the person, with the expected day."""
    certificate = case.certify(
        case.make_ask_task(), case.make_erase_task(orders=2), case.make_poll_task(), request=case.BY_HAND
    )
    page, text = case.render(certificate, request=case.BY_HAND)
    for shown in (page, text):
        assert "you asked us to erase your personal data" in shown
        assert "up to 180 days after the last one. We expect it by 21 May 2027." in shown
        assert "21 November 2026" in shown, "when Shopify was asked"


def test_an_erasure_that_shopify_sent_says_that_shopify_told_us():
    page, _ = case.render(case.certify(case.make_erase_task(orders=1), case.make_poll_task()))
    assert "Shopify, our shop platform, told us to erase your personal data" in page
    assert "it told us on" in page


@pytest.mark.parametrize(
    ("poll", "expected_text", "absent_text"),
    [
        (
            {"state": TaskState.DONE, "outcome": Outcome.ERASED, "finished_at": NOW, "expected_by": None},
            "Shopify has confirmed that it erased",
            "Still to answer",
        ),
        (
            {"state": TaskState.FAILED, "finished_at": NOW, "expected_by": None},
            "Shopify has not confirmed that it erased its own copy.",
            "We expect it by",
        ),
        (
            {"state": TaskState.DONE, "outcome": Outcome.RETAINED, "finished_at": NOW, "expected_by": None},
            "the erasure at Shopify was called off",
            "Shopify has confirmed",
        ),
    ],
    ids=["confirmed", "never-confirmed", "cancelled"],
)
def test_the_end_of_shopifys_erasure_is_told_as_it_is(poll, expected_text, absent_text):
    page, text = case.render(case.certify(case.make_erase_task(orders=1), case.make_poll_task(**poll)))
    for shown in (page, text):
        assert expected_text.casefold() in shown.casefold()
        assert absent_text not in shown


@pytest.mark.parametrize(
    ("outcome", "error", "expected_text"),
    [
        (Outcome.RETAINED, "guard_store_credit_balance, guard_gift_card_balance", "(store credit, gift card); tell us"),
        (Outcome.RETAINED, "held_by_law", "a law or an open contract keeps it"),
        (Outcome.DENIED, "access_denied", "Shopify did not take our request."),
    ],
)
def test_where_shopify_was_not_asked_no_day_is_promised(outcome, error, expected_text):
    ask = case.make_ask_task(state=TaskState.FAILED, outcome=outcome, last_error=error)
    certificate = case.certify(ask, case.make_erase_task(orders=1), case.make_poll_task(), request=case.BY_HAND)
    page, text = case.render(certificate, request=case.BY_HAND)
    for shown in (page, text):
        assert expected_text in shown
        assert "We expect it by" not in shown


def test_a_letter_that_bounced_is_not_called_asked():
    bounced = case.make_letter(state="bounced")
    task = replace(case.make_notice_task("delhivery", asked=2, notices=(bounced,)), last_error="bounced")
    page, _ = case.render(case.certify(case.make_erase_task(orders=1), task))
    assert "2 records: our letter did not arrive" in page
    assert "12 November 2026" not in page


def test_a_claim_and_a_kept_bank_account_say_when_they_end():
    hold = LegalHold(
        id="clm_1", shop="s", request_id="", subject="", order_key="order1", reference="C-1", opened_by="operator:a",
        opened_at=NOW, review_due_at=NOW,
    )  # fmt: skip
    line = PlanLine(
        system="bridge", category="cod_refund_bank", what="account number", action=ErasureAction.RESTRICT, reason="refund_is_open",
        count=1, law="Contract still running: Consumer Protection Act 2019 s.69", hold_ids=("refund_unsettled",),
    )  # fmt: skip
    certificate = case.certify(
        case.make_erase_task(orders=1),
        documents=[case.make_document("order1")],
        legal_holds={"order1": [hold]},
        remaining_data=[line],
    )
    page, text = case.render(certificate)
    for shown in (page, text):
        assert "the dispute or claim is over" in shown
        assert "the refund is settled" in shown
        assert "Consumer Protection Act 2019" in shown


def test_what_a_law_keeps_at_shopify_and_here_is_told_by_kind_with_its_day():
    ground = {
        "ground": "open_contract",
        "law": "Contract still running: E-Commerce Rules 2020 rr.4, 7",
        "last_day": "2027-06-02",
    }
    residue = {"ground": "platform_residue", "law": "no law", "last_day": None}
    line = {"action": "restrict", "count": 2, "grounds": [ground], "until": "2027-06-02"}
    ask = case.make_ask_task(
        state=TaskState.WAITING,
        outcome=Outcome.RETAINED,
        last_error="held_by_law",
        finished_at=None,
        expected_by=NOW + 200 * case.DAY,
    )
    certificate = case.certify(ask, case.make_erase_task(orders=1), case.make_poll_task(), request=case.BY_HAND)
    certificate["kept"] += [
        line | {"system": "shopify", "category": "contact", "what": "customer.email, customer.phone"},
        line | {"system": "bridge", "category": "parcel_index", "what": "orders with their parcels"},
        line
        | {
            "system": "shopify",
            "category": "cod_risk",
            "what": "customer.cod_score, customer.rto_count",
            "grounds": [residue],
            "until": None,
        },
    ]
    for shown in case.render(certificate, request=case.BY_HAND):
        assert "Your e-mail and phone at Shopify" in shown
        assert "your orders and your parcels (2 records)" in shown
        assert "Shopify's own erasure does not reach it: marks about cash on delivery" in shown
        assert shown.count("2 June 2027") == 2
        assert (
            f"a law or an open contract keeps it. We ask on {case.format_day((NOW + 200 * case.DAY).isoformat())}."
            in shown
        )
        assert "no law" not in shown
        assert "customer.email" not in shown


def test_what_could_not_be_searched_for_and_a_merge_are_no_plain_yes():
    gap = Gap(system="bridge", absence=Absence.UNREACHED, what="email", reason="unreadable_identifier")
    erase = replace(case.make_erase_task(orders=1), gaps=(gap,))
    page, _ = case.render(case.certify(erase, replace(case.make_poll_task(), state=TaskState.DONE)))
    assert "We erased a part of your personal data." in page
    assert "Yes." not in page
    assert "could not search by it" in page
    plan = case.make_plan(**{CUSTOMER_MERGED_AWAY: 1, "customers": 1})
    merged, _ = case.render(case.certify(case.make_erase_task(customers=1), plan=plan))
    assert "what belongs to the account that was kept stays" in merged
    assert "Yes." not in merged
    nothing, _ = case.render(case.certify(case.make_erase_task()))
    assert "we found no personal data about you" in nothing


def test_a_late_answer_says_so():
    """Requirement P-18."""
    late = replace(case.REQUEST, closed_at=case.REQUEST.due_at + case.DAY)
    page, text = case.render(case.certify(case.make_erase_task(orders=1), request=late))
    for shown in (page, text):
        assert (
            f"You should have had our answer by {case.format_day(late.due_at.isoformat())}".casefold()
            in shown.casefold()
        )
    assert "We are late" in page
    assert "We are late" not in case.render(case.certify(case.make_erase_task(orders=1)))[0]


@pytest.mark.parametrize(
    ("at", "route", "other", "law", "not_law"),
    [
        (SPRING, "National Consumer Helpline", "Data Protection Board", "IT Act 2000", "DPDP"),
        (SUMMER, "Data Protection Board", "National Consumer Helpline", "DPDP Act 2023", "IT Act 2000"),
    ],
)
def test_routes_and_laws_are_those_of_the_day(at, route, other, law, not_law):
    """Requirement P-19: the complaint route that is valid on that day, and no law that does not bind on it."""
    certificate = case.certify(
        case.make_erase_task(orders=1), case.make_poll_task(), documents=[case.make_document("order1")],
        plan=case.make_plan(), now=at,
    )  # fmt: skip
    page, text = case.render(certificate, at=at)
    for shown in (page, text):
        assert route in shown
        assert other not in shown
        assert law in shown
        assert not_law not in shown
    in_force = list_laws_in_force(at.date(), case.DECIDED)
    assert not [each for each in case.DECIDED.laws.values() if each not in in_force and each.title in page + text]


def test_the_gdpr_is_told_to_those_whom_it_may_protect():
    """Requirement E-11, P-38: what a law of India keeps is disclosed with the ground that the GDPR has, and the authority."""
    certificate = case.certify(case.make_erase_task(orders=1), documents=[case.make_document("order1")])
    for shown in case.render(certificate):
        assert "aws of India are no ground there" in shown
        assert "Legal claims that may still come: 1 invoice with the figures and your State, without your name" in shown
        assert "If you live in the European Union: You can complain to the data protection authority" in shown
        assert "Art 17(3)(b) means law of the Union" in shown
    holds = {name: replace(rule, gdpr_ground="") for name, rule in case.DECIDED.holds.items()}
    without = replace(case.DECIDED, holds=holds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(case, "DECIDED", without)
        assert "We know of no ground there, and keep it all the same; you can complain" in case.render(certificate)[0]
    home = {key: codes for key, codes in case.MERCHANT.complaint_route.items() if key not in ("eu", "uk")}
    indian = replace(case.MERCHANT, complaint_route=home)
    assert "European Union" not in case.render(certificate, merchant=indian)[0].partition("Website")[0]


BLANK_VALUES = ("", "   ", "[Insert Name of the Officer]")


@pytest.mark.parametrize("value", BLANK_VALUES, ids=["empty", "blanks", "placeholder"])
@pytest.mark.parametrize("name", ["trading_name", "legal_name", "address", "website_url", "policy_last_updated"])
def test_a_merchant_without_one_of_these_is_named_as_incomplete(name, value):
    """Requirement P-04: a letter is refused while a value that it prints is unset, and says which."""
    missing = list_missing_settings(replace(case.MERCHANT, **{name: value}), day=TODAY)
    assert missing == [f"[merchant] {name}"]


@pytest.mark.parametrize("value", BLANK_VALUES, ids=["empty", "blanks", "placeholder"])
@pytest.mark.parametrize("name", ["name", "designation", "email", "phone"])
def test_an_officer_without_one_of_these_is_named_as_incomplete(name, value):
    merchant = replace(case.MERCHANT, officer=replace(case.OFFICER, **{name: value}))
    assert list_missing_settings(merchant, day=TODAY) == [f"[grievance_officer] {name}"]


def test_a_day_without_a_complaint_route_is_named_as_incomplete():
    assert list_missing_settings(case.MERCHANT, day=TODAY) == []
    only_later = replace(case.MERCHANT, complaint_route={"from_2027_05_13": ("grievance_officer",), "eu": ("ico",)})
    [missing] = list_missing_settings(only_later, day=TODAY)
    assert missing.startswith("[notices.complaint_route]")
    assert list_missing_settings(only_later, day=SUMMER.date()) == []


def test_every_law_of_the_file_has_a_short_name_without_sections():
    for law in case.RETENTION.laws.values():
        short = shorten_law(law.title)
        assert len(short) > 3
        assert law.title.startswith(short)
        assert not re.search(r"\b(?:s|r|ss|rr|reg|rules)\.? ?\d", short)


def test_names_are_only_names():
    merchant = replace(
        case.MERCHANT,
        trading_name="<script>alert(1)</script>",
        processors=tuple(
            replace(each, legal_name="<img src=x>") if each.id == "delhivery" else each
            for each in case.MERCHANT.processors
        ),
    )
    task = case.make_notice_task("delhivery", asked=1, notices=(case.make_letter(),))
    certificate = case.certify(case.make_erase_task(orders=1), task, merchant=merchant)
    raw = case.render_erasure_outcome(
        case.OutcomeInput(
            request=case.REQUEST, certificate=certificate, merchant=merchant, retention=case.DECIDED, written_at=NOW
        )
    )[0]
    assert "<script" not in raw
    assert "<img" not in raw
    assert "&lt;img src=x&gt;" in raw
    assert not [canary for canary in CANARIES if canary in raw]
