"""Retention, regimes and complaint routes of a package, by the law of the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bridge.rules.requests.regimes import list_complaint_routes, list_regimes
from bridge.steps.access.package.sections.retention_section import describe_hold_rule
from config.retention_file.gdpr_bases import EEA
from config.retention_file.retention import load_retention
from config.settings import RETENTION_FILE
from tests.steps.access.export_case import REQUEST, RETENTION, Package, case, fixture, found, hold, visible

BEFORE = datetime(2027, 5, 12, 18, 29, 59, tzinfo=UTC)  # 23:59:59 in India


FROM = datetime(2027, 5, 12, 18, 30, tzinfo=UTC)


def test_the_complaint_route_changes_at_midnight_in_india():
    """P-19 and T27: no complaint route names a board that does not exist yet; both letters have the contact."""
    before, after = (Package(case(prepared_at=now)).text("00_letter.html") for now in (BEFORE, FROM))
    assert "Consumer Helpline" in before
    assert "Data Protection Board" not in before
    assert "Data Protection Board of India" in after
    assert "Consumer Helpline" not in after
    assert "SPDI Rules 2011" in before
    assert "DPDP Act 2023" in after
    for letter in (before, after):
        assert "privacy@minimiss.com" in letter


def test_holds_follow_the_law_of_the_day_and_the_form_of_the_firm():
    """T17: the one-year rule begins in May 2027; a rule for companies binds companies."""

    def held(inputs):
        entries = Package(inputs).json("04_retention.json")["categories"]
        return {entry["category"]: [hold["hold"] for hold in entry["held_by"]] for entry in entries}

    assert held(case(prepared_at=BEFORE))["contact"] == []
    assert held(case(prepared_at=FROM))["contact"] == ["dpdp_one_year"]
    assert held(case())["order_lines"] == ["gst_books"]
    company = replace(RETENTION, merchant={"legal_entity_type": "company"})
    assert held(case(retention=company))["order_lines"] == ["gst_books", "companies_books"]
    lost = replace(RETENTION, holds={})
    assert held(case(retention=lost))["order_lines"] == ["gst_books", "companies_books"]


def test_retention_is_explained_in_sentences():
    """Art 15(1)(d): what happens on request, what prevents it, and how long data is kept otherwise."""
    entries = {e["category"]: e for e in Package(case()).json("04_retention.json")["categories"]}
    assert entries["address"]["when_you_ask_for_erasure"] == "It is erased."
    lines = entries["order_lines"]["when_you_ask_for_erasure"]
    assert "72 months after the yearly tax return" in lines
    longest = {name: entry["longest_time_without_a_request"] for name, entry in entries.items()}
    assert longest["cod_risk"] == "until you ask us to erase it; no day is set", "nothing expires it at the shop"
    assert longest["suppression"] == "at most 84 months after it was made", "the bridge expires it by itself"
    assert entries["order_lines"]["held_by"][0]["law"] == "CGST Act 2017"


@pytest.mark.parametrize(
    ("rule", "args", "event", "phrase"),
    [
        ("fy_end_plus_years", {"years": 7}, "document_issued_at", "until 7 years after the end of the financial"),
        ("contract_discharged", {}, "delivered_at", "until the order is delivered"),
        ("until_released_by_ops", {"review_every_days": 90}, "claim_opened_at", "while a dispute or claim"),
        ("event_plus_days", {"days": 1}, "refund_reconciled_at", "until 1 day after the refund was settled"),
        ("event_plus_years", {"years": 3}, "some_new_event", "until 3 years after some new event"),
        ("some_new_rule", {}, "delivered_at", "until some new rule"),
    ],
)
def test_each_rule_has_its_words(rule, args, event, phrase):
    """A rule without a phrase is shown by its name."""
    assert describe_hold_rule(hold("h", "law", rule, event, **args)).startswith(phrase)
    assert "cannot be read" in describe_hold_rule(None)


def test_only_regimes_that_apply_to_the_person_are_named():
    """P-01 and P-71: an address in Germany brings the EU; without one no foreign ground is given."""
    plain = Package(case()).json("03_purposes_and_bases.json")
    assert plain["regimes"] == ["IN"]
    order = fixture("order__cod_delhivery")
    order["shippingAddress"]["countryCodeV2"] = "DE"
    package = Package(case([found("order", order)]))
    grounds = package.json("03_purposes_and_bases.json")
    assert grounds["regimes"] == ["IN", "EU"]
    usage = next(e for e in grounds["categories"] if e["category"] == "usage_cookies")
    purposes = RETENTION.purposes["iv"].title, RETENTION.purposes["vi"].title
    assert usage["bases"][1]["legitimate_interest"] == "; ".join(purposes), "the merchant's words, none of the code's"
    assert "legitimate_interest" not in usage["bases"][0]
    by_id = {row["id"]: row for row in grounds["purposes"]}
    assert list(by_id) == list(RETENTION.purposes), "each purpose of the policy, used or not"
    interests = [basis.get("legitimate_interest") for basis in by_id["iv"]["bases"]]
    assert interests == [None, RETENTION.purposes["iv"].title], "of this purpose alone, and not in India"
    assert {basis["regime"] for basis in by_id["i"]["bases"]} == {"IN", "EU"}
    assert len(by_id["i"]["bases"]) == len({(basis["regime"], basis["basis"]) for basis in by_id["i"]["bases"]})
    letter = package.text("00_letter.html")
    assert "data protection authority of the country where you live" in letter
    assert "Regulation (EU) 2016/679" in letter
    assert "Limit it, or take it with you" in letter


@pytest.mark.parametrize(
    ("country", "regimes"), [*((code, ["IN", "EU"]) for code in sorted(EEA)), ("GB", ["IN", "UK"]), ("US", ["IN"])]
)
def test_where_the_data_subject_says_to_be_counts_like_an_address(country, regimes):
    """Requirement P-01: any state of the EU and the EEA, and the United Kingdom; no address is needed."""
    request = replace(REQUEST, principal=replace(REQUEST.principal, stated_countries=(country,)))
    package = Package(case(request=request))
    assert package.json("03_purposes_and_bases.json")["regimes"] == regimes
    assert ("Regulation (EU) 2016/679" in package.text("00_letter.html")) == ("EU" in regimes)
    assert ("Information Commissioner" in package.text("00_letter.html")) == ("UK" in regimes)


@pytest.mark.parametrize(("now", "has_no_ground"), [(BEFORE, False), (FROM, True)])
def test_e11_the_letter_says_what_laws_of_india_keep_of_somebody_in_europe(now, has_no_ground):
    """Requirement E-11: the one-year rule has no ground there, and is stated; it gives way where counsel says so."""
    retention = load_retention(RETENTION_FILE)
    request = replace(REQUEST, principal=replace(REQUEST.principal, stated_countries=("DE",)))
    no_ground = "We know of no ground there, and keep it all the same; you can complain about that: "

    def read(**given):
        package = Package(case(retention=retention, prepared_at=now, **given))
        html = visible(package.text("00_letter.html"))
        return [" ".join(text.split()) for text in (html, package.text("00_letter.txt"))]

    for letter in read(request=request):
        assert "aws of India are no ground there to keep your data" in letter
        assert "Legal claims that may still come: " in letter
        assert (no_ground in letter) is has_no_ground
    for letter in read():
        assert "are no ground there" not in letter
    yields = {name: replace(rule, eu_conflict="erase") for name, rule in retention.holds.items() if rule}
    retention = replace(retention, holds=yields)
    for letter in read(request=request):
        assert no_ground not in letter


def test_regimes_and_routes_are_plain_tables():
    """Unknown keys add nothing; a route is named once."""
    assert list_regimes(["GB", "IN", ""]) == ("IN", "UK")
    routes = {"uk": ("ico", "ico"), "eu": ("x",), "someday": ("y",)}
    assert list_complaint_routes(routes, day=BEFORE.date(), regimes=("IN", "UK")) == ("ico",)
