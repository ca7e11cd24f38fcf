"""What a data subject reads of purposes, activities, sources, consents and decisions (GDPR Art 12(1), 15(1); DPDP s.11(1))."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.rules.retention.retention_registry import CATEGORY_REGISTRY, StoredCategory
from bridge.steps.access.package.sections.retention_section import describe_own_last_days
from bridge.steps.access.package.sections.statistics import PackageStatistics
from bridge.steps.access.package.sections.summary import is_consent_outdated
from config.merchant_file.access_rules import AccessRules, AutomatedDecision
from config.merchant_file.merchant import load_merchant
from config.retention_file.retention import load_retention
from config.settings import MERCHANT_FILE, RETENTION_FILE
from tests.kit.suite.examples import count_examples
from tests.steps.access.export_case import MERCHANT, RETENTION, Package, case, fixture, found, task, visible

DISCOUNT = AutomatedDecision(
    about="whether you get a discount",
    purpose="v",
    logic="A list of former orders is sorted by value.",
    inputs=("your orders", "the day"),
    effect="You may get a code.",
)


def read_letters(package: Package) -> tuple[str, str]:
    """Return the words of both forms of the letter, with single blanks between them."""
    html = visible(package.text("00_letter.html")).replace("&#39;", "'")
    return " ".join(html.split()), " ".join(package.text("00_letter.txt").split())


def with_access(**rules: Any) -> Package:
    return Package(case(merchant=replace(MERCHANT, access=AccessRules(**rules))))


def test_purposes_activities_and_sources_of_what_was_found_are_readable():
    """Requirement P-11: in the letter, for each category that was found, in the words of the two files."""
    merchant, retention = load_merchant(MERCHANT_FILE), load_retention(RETENTION_FILE)
    package = Package(case(merchant=merchant, retention=retention))
    rows = [row for row in package.json("01_summary.json")["categories"] if row["records"]]
    assert len(rows) > 8
    for letter in read_letters(package):
        for row in rows:
            assert merchant.access.source[row["category"]] in letter
            assert "; ".join(row["activities"]) in letter
            assert all(purpose["in_words"] in letter for purpose in row["purposes"])
        assert merchant.access.source["support"] not in letter, "nothing of it was found"
        assert "not stated" not in letter
    assert package.manifest.statements_missing == 0


def test_what_the_merchant_does_not_state_is_called_so_and_counted():
    package = with_access(source={"contact": "your orders"})
    by_id = {row["category"]: row for row in package.json("01_summary.json")["categories"]}
    assert (by_id["contact"]["source"], by_id["address"]["source"]) == ("your orders", "not stated")
    assert by_id["cod_risk"]["activities"] == ["not stated", "scored"], "what the records show is said all the same"
    assert package.manifest.statements_missing == 2 * len(RETENTION.categories)
    for letter in read_letters(package):
        assert "Whether a program makes or prepares decisions about you is not stated." in letter


def test_decisions_are_those_of_the_merchant_and_no_others():
    """Requirement P-49: the code knows no logic of its own, and promises no look by a person that nobody stated."""
    reviewed = replace(DISCOUNT, human_review="Write to us, and Devi looks at it.")
    for decision, promised in ((DISCOUNT, False), (reviewed, True)):
        package = with_access(automated_decisions="described", decisions=(decision,))
        body = package.json("06_automated_decisions.json")
        assert [row["logic"] for row in body["decisions"]] == [decision.logic]
        assert body["decisions"][0]["human_review"] == (decision.human_review or "not stated")
        for letter in read_letters(package):
            assert "What is decided: whether you get a discount" in letter
            assert "is sorted by value. It looks at: your orders, the day. You may get a code." in letter
            assert ("Devi looks at it" in letter) is promised
            assert "cash on delivery is offered" not in letter.replace("marks about the risk of cash on delivery", "")
            assert "carries a mark about risk" not in letter, "this decision is not about risk"
            assert "You can also object" in letter or "also to a decision" in letter


def test_a_merchant_without_decisions_says_so_and_a_person_without_data_reads_of_none():
    none = {"automated_decisions": "none"}
    for letter in read_letters(with_access(**none)):
        assert "No program makes or prepares a decision about you." in letter
        assert "object to a decision" not in letter
    rules = AccessRules(automated_decisions="described", decisions=(DISCOUNT,))
    stranger = Package(case([], tasks=[task("shopify", records=0)], merchant=replace(MERCHANT, access=rules)))
    for letter in read_letters(stranger):
        for section in ("Decisions that programs", "Why we hold it", "Your consents", "How long we keep it", "[2]"):
            assert section.casefold() not in letter.casefold()


def test_consents_are_listed_with_state_day_and_method():
    """Requirement P-02: what was agreed to, what was not, and since when."""
    for letter in read_letters(Package(case())):
        assert "E-mail: you agreed to get offers; last changed on 4 March 2026; given in one step." in letter
        assert "SMS: you did not agree to get offers." in letter
    silent = fixture("customer__asha") | dict.fromkeys(
        ("defaultEmailAddress", "defaultPhoneNumber", "emailMarketingConsent", "smsMarketingConsent")
    )
    for letter in read_letters(Package(case([found("customer", silent)]))):
        assert "Your records hold no consent to offers." in letter
    for letter in read_letters(Package(case([found("order", fixture("order__cod_delhivery"))]))):
        assert "consent to offers" not in letter, "there is no profile that could hold one"


def test_inferences_are_in_the_copy():
    """Requirement P-48: scores, flags, segments and tags, whoever worked them out; counted and named as such."""
    order = fixture("order__cod_delhivery") | {
        "risk": {"recommendation": "INVESTIGATE", "assessments": [{"riskLevel": "HIGH"}]}
    }
    profile = fixture("customer__asha") | {"tags": ["vip", "rto-twice"], "statistics": {"predictedSpendTier": "LOW"}}
    segment = found("segment", {"name": "often returns"})
    package = Package(case([found("customer", profile), found("order", order), segment]))
    records = b"".join(content for name, content in package.files.items() if "/records/" in name).decode()
    for value in ("INVESTIGATE", "HIGH", "rto-twice", "predictedSpendTier", "often returns"):
        assert value in records
    counts = {row["category"]: row["records"] for row in package.json("01_summary.json")["categories"]}
    assert counts["cod_risk"] == 2, "the order, and what the platform worked out of the customer"
    for letter in read_letters(package):
        assert "marks about the risk of cash on delivery" in letter


@pytest.mark.parametrize(
    ("introduced_on", "outdated"),
    [(None, False), (date(2026, 3, 4), False), (date(2026, 3, 5), True), (date(2099, 1, 1), True)],
)
def test_a_consent_older_than_its_purpose_has_to_be_asked_for_anew(introduced_on, outdated):
    """Requirement P-06: the day counts where the merchant is; a consent that was refused is not outdated."""
    purposes = {**RETENTION.purposes, "v": replace(RETENTION.purposes["v"], introduced_on=introduced_on)}
    package = Package(case(retention=replace(RETENTION, purposes=purposes)))
    by_channel = {row["channel"]: row["refresh_needed"] for row in package.json("05_consents.json")["consents"]}
    assert by_channel == {"email": outdated, "sms": False}
    for letter in read_letters(package):
        assert ("too old for it" in letter) is outdated


def test_a_consent_without_a_day_is_not_taken_for_a_young_one():
    """Requirement P-06: who cannot show the day of a consent asks again."""
    purposes = {"v": replace(RETENTION.purposes["v"], introduced_on=date(2020, 1, 1))}
    retention = replace(RETENTION, purposes=purposes)
    for at, outdated in (("", True), ("soon", True), ("2019-12-31T18:29:59Z", True), ("2019-12-31T18:30:00Z", False)):
        consent = {"state": "subscribed", "at": at}
        assert is_consent_outdated(consent, retention, ZoneInfo("Asia/Kolkata")) is outdated


def test_categories_that_are_treated_alike_share_one_row():
    package = Package(case(merchant=load_merchant(MERCHANT_FILE), retention=load_retention(RETENTION_FILE)))
    rows = package.text("00_letter.html").partition('id="keep"')[2].partition("</table>")[0]
    rules = [part.partition("</td>")[0] for part in rows.split('data-label="When you ask for erasure">')[1:]]
    assert len(rules) > 3
    assert len(set(rules)) == len(rules)
    assert "your addresses; your parcels" in rows


def test_of_rules_that_count_alike_only_the_longest_is_told():
    by_id = {row["category"]: row for row in Package(case()).json("04_retention.json")["categories"]}
    assert by_id["order_lines"]["when_you_ask_for_erasure"].count("until") == 1
    shipped = Package(case(retention=load_retention(RETENTION_FILE))).json("04_retention.json")["categories"]
    lines = next(row for row in shipped if row["category"] == "order_lines")
    assert len(lines["held_by"]) == 3
    assert "until 8 years after" in lines["when_you_ask_for_erasure"]
    assert "until 7 years after" not in lines["when_you_ask_for_erasure"], "eight years from the same day are longer"
    assert (
        lines["longest_time_without_a_request"] == "as long as the law demands, and then until you ask us to erase it"
    )


def test_the_persons_own_last_days_are_told():
    """GDPR Art 15(1)(d): the day, where a record has one; unreadable days are none."""
    assert describe_own_last_days({date(2035, 3, 31): 1, date(2034, 3, 31): 2}) == (
        "Yours: 2 until 31 March 2034, 1 until 31 March 2035."
    )
    assert describe_own_last_days({}) == ""
    statistics = PackageStatistics(UTC)
    for until in ("2034-03-31", "2034-03-31", "", "soon", datetime(2035, 3, 31, tzinfo=UTC).isoformat()):
        statistics.count_table_row("shopify", "payments", {"kept_until": until})
    assert statistics.last_days_by_category == {"payment_reference": {date(2034, 3, 31): 2, date(2035, 3, 31): 1}}


@pytest.mark.parametrize("late", [True, False])
def test_an_answer_after_its_day_says_so(late):
    """Requirement P-18."""
    due = case().prepared_at.replace(day=28 if late else 30)
    package = Package(case(request=replace(case().request, due_at=due)))
    for letter in read_letters(package):
        assert ("This answer is late: it was due on 28 November 2026." in letter) is late


def test_what_becomes_of_each_category_is_what_an_erasure_does():
    """I20: as the plan decides it, field by field, and as the clock expires it here. Requirement P-61."""
    retention = load_retention(RETENTION_FILE)
    rows = {row["category"]: row for row in Package(case(retention=retention)).json("04_retention.json")["categories"]}
    asked = {name: row["when_you_ask_for_erasure"] for name, row in rows.items()}
    unasked = {name: row["longest_time_without_a_request"] for name, row in rows.items()}
    left = {
        "customer_profile",
        "greetings",
        "order_free_text",
        "cod_risk",
    }  # birthdays, notes, scores of other programs
    assert (
        {name for name, text in asked.items() if "shop platform" in text}
        == left
        >= {"order_free_text", "customer_profile"}
    )
    assert "erased" not in asked["order_free_text"], "each of its fields stays at the platform"
    assert unasked["greetings"].startswith("until you take back your consent to offers"), "P-62"
    assert asked["customer_profile"].startswith("It is erased. What other programs wrote of it")
    assert asked["marketing_consent"].startswith("It is erased. What was asked and done stays on record until 3 years")
    assert asked["request_evidence"].endswith("Then it is destroyed.")
    assert "3 years after that request is closed" in unasked["request_evidence"]
    assert unasked["parcel_index"] == (
        "at most 36 months after anything was last heard of the order or, if that is later, "
        "until 30 days after the refund was settled; while a dispute or claim is open"
    )
    for name, row in rows.items():
        expires = isinstance(CATEGORY_REGISTRY[name], StoredCategory)
        is_left_whole = name in ("order_free_text", "greetings")
        assert (expires or is_left_whole) is not ("until you ask us to erase it" in unasked[name]), (name, row)
    assert unasked["order_free_text"] == "no day is set", "asking does not remove it either"


def test_what_the_merchant_lets_the_bridge_remove_at_the_platform_does_not_stay():
    retention = load_retention(RETENTION_FILE)
    kinds = ("customer_metafields", "order_notes", "order_attributes")
    for apply, says in ((False, "It stays at our shop platform"), (True, "What other programs wrote of it")):
        residue = replace(retention.residue, apply=apply, erased_kinds=kinds)
        package = Package(case(retention=replace(retention, residue=residue)))
        rows = {row["category"]: row for row in package.json("04_retention.json")["categories"]}
        assert says in rows["order_free_text"]["when_you_ask_for_erasure"], apply


@settings(max_examples=count_examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    text=st.text(max_size=60), marked=st.sampled_from(["<script>x</script>", "{{ 7*7 }}", "<b onclick=x>", "None", ""])
)
def test_a_statement_is_only_text(text, marked):
    """Whatever the merchant writes stays words: no markup, no template, no unset value."""
    statement = f"{text}{marked}" or "x"
    decision = replace(DISCOUNT, logic=statement, human_review=statement)
    package = with_access(
        source={"contact": statement},
        activities={"contact": (statement,)},
        automated_decisions="described",
        decisions=(decision,),
    )
    html = package.text("00_letter.html")
    assert not re.search(r"<script|<b |onclick=x>", html)
    assert ("49" in html.partition("</header>")[2]) <= ("49" in statement)
    assert not re.search(r"\bNone\b", html)
