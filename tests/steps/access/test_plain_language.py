"""The texts for the data subject: completeness, recipients, complaint routes, the letter; and safe CSV cells."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from markupsafe import Markup

from bridge.model import Absence, Gap, Outcome, Principal, RequestSource, TaskAction, TaskState
from bridge.rules.requests.regimes import list_complaint_routes, list_regimes
from bridge.steps.access.package.letter import make_printable
from bridge.steps.access.package.records.mask import mask_to_last_digits
from bridge.steps.access.package.sections.retention_section import describe_hold_rule
from bridge.steps.access.package.text import escape_csv_cell
from tests.steps.access.export_case import (
    BLUEDART,
    DELHIVERY,
    HOST,
    MERCHANT,
    REQUEST,
    RETENTION,
    SHOPIFY,
    UNNAMED,
    Package,
    case,
    fixture,
    found,
    hold,
    task,
)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ('=HYPERLINK("x")', '\'=HYPERLINK("x")'),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("   =1", "'   =1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("\u00a0\u200b@x", "'\u00a0\u200b@x"),
        ("\uff1d1", "'\uff1d1"),
        ("\uff0b1", "'\uff0b1"),
        ("\uff0d1", "'\uff0d1"),
        ("\uff20x", "'\uff20x"),
        ("+919000000001", "'+919000000001"),
        ("-", "'-"),
        ("--1", "'--1"),
        ("-1e9", "'-1e9"),
        ("-1200.50", "-1200.50"),
        ("-5", "-5"),
        ("1200.50", "1200.50"),
        ("Asha = ring", "Asha = ring"),
        ("", ""),
        ("  plain", "  plain"),
    ],
)
def test_no_cell_starts_a_formula(value, written):
    """Spreadsheets run cells that begin so; negative numbers stay numbers."""
    assert escape_csv_cell(value) == written


@pytest.mark.parametrize(
    ("number", "shown"),
    [("4111111111111111", "****1111"), ("•••• •••• •••• 4242", "****4242"), ("12", "****12"), ("", "****")],
)
def test_numbers_show_their_last_four(number, shown):
    """With any characters between the digits."""
    assert mask_to_last_digits(number) == shown


def visible(html: str) -> str:
    """Return the words of a page, without its style."""
    return re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))


def first_page(package: Package) -> str:
    """Return the letter up to the tables."""
    return visible(package.text("00_letter.html").partition('id="looked"')[0])


def test_a_complete_answer_says_yes_and_that_nothing_is_missing():
    """P-10: the first thing is a plain yes."""
    letter = first_page(Package(case()))
    assert "Yes. We hold data about you: 4 records" in letter
    assert "Nothing is missing that we know of" in letter
    assert "not complete" not in letter
    assert "Dear Asha" in letter
    assert "on 22 November 2026 for a copy of your personal data" in letter


GAPS = (
    Gap(
        system="shopify", absence=Absence.DENIED, what="customer.defaultAddress.phone", reason="not_approved"
    ),
    Gap(system="shopify", absence=Absence.DENIED, what="gift cards", reason="read_gift_cards"),
    Gap(system="delhivery", absence=Absence.UNREACHED, what="2 waybills", reason="source_unavailable"),
    Gap(system="bluedart", absence=Absence.NOT_CONFIGURED, what="1 waybill", reason="no_credentials"),
    Gap(system="delhivery", absence=Absence.UNATTRIBUTED, what="1 waybill", reason="malformed_number"),
)


def test_each_kind_of_gap_is_named_on_the_first_page():
    """I10: denied, unreached, not configured and unattributed are four different things."""
    package = Package(case(tasks=[task("shopify", gaps=GAPS[:2]), task("delhivery", gaps=GAPS[2:])]))
    assert not package.manifest.complete
    assert package.manifest.gaps == GAPS
    letter = first_page(package)
    assert "This copy is not complete" in letter
    assert "Shopify (our shop platform) did not let us read: phone (customer, default address)" in letter
    assert "did not let us read: your gift cards" in letter
    assert "read_gift_cards" not in letter
    assert "Delhivery (carrier) did not give us everything. Missing: 2 parcels" in letter
    assert "We have no access to Blue Dart (carrier) yet. Not asked for: 1 parcel" in letter
    assert "We could not tell whose these are" in letter
    missing = package.json("08_withheld.json")["missing"]
    assert [entry["kind"] for entry in missing] == [
        "denied",
        "denied",
        "unreached",
        "not_configured",
        "unattributed",
    ]
    assert missing[1]["reason_code"] == "read_gift_cards"
    assert "This copy is not complete" in package.text("00_letter.txt")


@pytest.mark.parametrize(
    ("changes", "absence", "words"),
    [
        ({"state": TaskState.FAILED, "outcome": Outcome.UNREACHED}, Absence.UNREACHED, "It did not answer."),
        ({"state": TaskState.RETRY, "outcome": None}, Absence.UNREACHED, "It had not finished answering"),
        ({"state": TaskState.DONE, "outcome": Outcome.DENIED}, Absence.DENIED, "We lack a permission"),
        ({"state": TaskState.DONE, "outcome": Outcome.INCOMPLETE}, Absence.UNREACHED, "It did not answer."),
    ],
)
def test_a_system_that_did_not_answer_is_a_gap_by_itself(changes, absence, words):
    """S-01: expected sources must equal answered ones, also where the task named no gap."""
    package = Package(case(tasks=[task("shopify"), task("delhivery", finished_at=None, **changes)]))
    assert [gap.absence for gap in package.manifest.gaps] == [absence]
    assert words in first_page(package)
    source = package.json("01_summary.json")["sources"][1]
    assert source["result"] in ("error", "unavailable")
    assert source["answered_on"] == "not answered yet"


def test_no_system_asked_is_not_a_no():
    """Without a single system that was asked, the package claims nothing."""
    tasks = [task("shopify", action=TaskAction.ERASE)]
    package = Package(case([], tasks=tasks))
    assert not package.manifest.complete
    assert "We cannot say yet" in first_page(package)
    assert "No system was set up to be asked." in package.text("00_letter.html")


def test_nothing_found_is_the_same_package_with_the_log_of_the_search():
    """S-07: a plain no, empty categories, and which systems said so, when."""
    full = Package(case())
    package = Package(case([], tasks=[task("shopify", records=0), task("delhivery", records=0)]))
    assert list(package.files) == list(full.files)
    assert package.manifest.complete
    letter = package.text("00_letter.html")
    assert "No. We found no data about you" in letter
    assert "In short" not in letter
    assert "29 November 2026, 15:10" in letter
    summary = package.json("01_summary.json")
    assert summary["do_we_hold_data"]["answer"] == "no"
    assert [source["result"] for source in summary["sources"]] == ["nothing", "nothing"]
    assert {entry["records"] for entry in summary["categories"]} == {0}
    assert package.table("orders") == []


def test_an_unmatched_data_subject_is_told_so():
    """P-10 has a third answer."""
    request = replace(REQUEST, principal=Principal())
    package = Package(case([], request=request))
    assert package.json("01_summary.json")["do_we_hold_data"]["answer"] == "could_not_match"
    assert "could not tell which records are yours" in first_page(package)


def test_the_summary_counts_by_category():
    """P-11: kind, count, source, first day and purpose."""
    by_id = {entry["category"]: entry for entry in Package(case()).json("01_summary.json")["categories"]}
    assert by_id["contact"]["records"] == 3
    assert by_id["address"]["records"] == 2
    assert by_id["shipment"]["records"] == 2
    assert by_id["shipment"]["systems"] == ["delhivery", "shopify"]
    assert by_id["shipment"]["since"] == "2026-05-09"
    assert by_id["order_free_text"]["records"] == 2
    assert by_id["cod_risk"]["purposes"][0]["id"] == "xv"
    assert "scored" in by_id["cod_risk"]["activities"]
    assert all(entry["purposes"] for entry in by_id.values())
    assert by_id["suppression"]["searched"] is False


def names(package: Package) -> list[str]:
    """Ids of the recipients listed."""
    return [each["id"] for each in package.json("02_recipients.json")["recipients"]]


def test_only_carriers_that_had_a_parcel_are_listed():
    """P-12: a data subject served by Delhivery alone does not see Blue Dart."""
    package = Package(case())
    assert names(package) == ["shopify", "bridge_host", "delhivery"]
    assert "Blue Dart" not in package.text("00_letter.html")
    delhivery = package.json("02_recipients.json")["recipients"][2]
    assert delhivery["legal_name"] == "Delhivery Limited"
    assert delhivery["waybills"] == 2, "one of them came back"
    assert (delhivery["first_shared_on"], delhivery["last_shared_on"]) == ("2026-05-07", "2026-05-09")
    assert delhivery["fields_shared"] == [
        "your name",
        "your delivery address",
        "your phone number",
        "the value on the invoice",
    ]
    assert package.text("02_recipients.csv").count("\r\n") == 4
    assert '"Delhivery Limited"' in package.text("02_recipients.csv")


def test_a_processor_of_all_parcels_is_listed_with_the_carrier():
    inputs = case()
    watcher = replace(
        next(each for each in inputs.merchant.processors if each.id == "delhivery"),
        id="aftership",
        legal_name="AfterShip",
        carries=("*",),
    )
    silent = replace(watcher, id="watcher_of_nothing")
    with_it = replace(
        inputs, merchant=replace(inputs.merchant, processors=(*inputs.merchant.processors, watcher))
    )
    assert names(Package(with_it)) == ["shopify", "bridge_host", "delhivery", "aftership"]
    nothing = replace(with_it, merchant=replace(inputs.merchant, processors=(silent,)))
    assert "delhivery" in names(Package(nothing)), "its carrier is listed all the same"


def test_a_carrier_is_a_recipient_without_its_own_answer():
    """The order names its carrier, in any spelling."""
    order = fixture("order__cod_delhivery")
    order["fulfillments"][0]["trackingInfo"] = [{"company": "Blue Dart Surface", "number": "70000000001"}]
    order["returns"] = []
    package = Package(case([found("order", order)]))
    assert names(package) == ["shopify", "bridge_host", "bluedart"]


def test_an_aggregator_and_an_unknown_carrier_are_recipients_too():
    """They received the address, even if the merchant's file does not list them."""
    order = fixture("order__cod_delhivery")
    order["fulfillments"][0]["trackingInfo"] = [
        {"company": "Delhivery", "number": "99900010004126", "url": "https://shiprocket.co/tracking/9990"},
        {"company": "Pigeon Post", "number": "P1"},
        {"company": "", "number": ""},
    ]
    package = Package(case([found("order", order)]))
    assert names(package) == ["shopify", "bridge_host", "delhivery", "pigeonpost", "shiprocket"]
    assert package.manifest.complete
    assert package.manifest.unnamed_recipients == ("Pigeon Post", "shiprocket")
    assert package.json("01_summary.json")["categories"][6]["records"] == 3


def test_unnamed_recipients_do_not_change_completeness():
    """The systems answered in full, but a recipient has no name."""
    shopify = replace(SHOPIFY, legal_name="", safeguard="")
    merchant = replace(MERCHANT, processors=(shopify, HOST, DELHIVERY, BLUEDART, UNNAMED))
    package = Package(case(merchant=merchant))
    assert package.manifest.complete
    assert not package.manifest.recipients_named
    assert package.manifest.unnamed_recipients == ("shopify", "sms_gateway")
    document = package.json("02_recipients.json")
    assert document["recipients_named"] is False
    assert document["unnamed"][1]["reason"] == "recipient_identity_not_configured"
    assert document["recipients"][0]["legal_name"] == "Shopify (legal name not yet published)"
    assert "the service that sends our text messages" in first_page(package)
    assert "Shopify: " not in package.text("07_transfers.json")


def test_more_than_the_promise_at_a_carrier_is_reported():
    """P-42: a carrier gets four things; an e-mail address is one too many."""
    record = fixture("shipment__delhivery") | {"items": ["Silver ring"]}
    package = Package(case([found("shipment", record, "delhivery")]))
    assert package.json("02_recipients.json")["recipients"][2]["records_beyond_the_promise"] == 1


def test_transfers_name_country_and_safeguard():
    """P-46: data that stays in India is no transfer; an unknown country is shown."""
    transfers = Package(case()).json("07_transfers.json")["transfers"]
    assert [entry["recipient"] for entry in transfers] == ["Shopify Example Inc.", "Host Example Ltd"]
    assert [country["name"] for country in transfers[0]["countries"]] == ["the United States", "Singapore"]
    assert transfers[0]["safeguard"] == "SCCs (policy s.4)"
    assert transfers[1]["countries_published"] is False


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
    assert entries["address"]["when_you_ask_for_erasure"] == "When you ask, it is erased."
    lines = entries["order_lines"]["when_you_ask_for_erasure"]
    assert "72 months after the yearly tax return" in lines
    assert entries["cod_risk"]["longest_time_without_a_request"] == "at most 24 months after your last order"
    assert entries["order_lines"]["held_by"][0]["law"] == "CGST Act 2017"


@pytest.mark.parametrize(
    ("rule", "args", "event", "phrase"),
    [
        (
            "fy_end_plus_years",
            {"years": 7},
            "document_issued_at",
            "until 7 years after the end of the financial",
        ),
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


def test_a_carrier_without_a_legal_name_is_a_gap_too():
    """P-12 asks for identities; a trade name is not one."""
    nameless = replace(DELHIVERY, legal_name="", fields=())
    package = Package(case(merchant=replace(MERCHANT, processors=(SHOPIFY, nameless))))
    assert package.manifest.unnamed_recipients == ("delhivery",)
    assert package.json("02_recipients.json")["recipients"][1]["fields_shared"][0] == "your name"


def test_a_default_address_outside_the_list_is_listed_once():
    """Shopify returns it twice, or only outside the list."""
    customer = fixture("customer__asha") | {"addressesV2": [], "image": True}
    package = Package(case([found("customer", customer)]))
    assert len(package.table("addresses")) == 1


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
    assert usage["bases"][1]["legitimate_interest"] == "keeping the shop secure"
    assert "legitimate_interest" not in usage["bases"][0]
    letter = package.text("00_letter.html")
    assert "data protection authority of the country where you live" in letter
    assert "Regulation (EU) 2016/679" in letter
    assert "Limit it, or take it with you" in letter


def test_regimes_and_routes_are_plain_tables():
    """Unknown keys add nothing; a route is named once."""
    assert list_regimes(["GB", "IN", ""]) == ("IN", "UK")
    routes = {"uk": ("ico", "ico"), "eu": ("x",), "someday": ("y",)}
    assert list_complaint_routes(routes, day=BEFORE.date(), regimes=("IN", "UK")) == ("ico",)


def test_ordering_is_not_consenting():
    """P-02: accepting marketing at checkout is no consent event; a withdrawn state is not given."""
    document = Package(case()).json("05_consents.json")
    assert [(each["channel"], each["given"]) for each in document["consents"]] == [
        ("email", True),
        ("sms", False),
    ]
    order_only = Package(case([found("order", fixture("order__cod_delhivery"))]))
    assert order_only.json("05_consents.json")["consents"] == []


def test_the_letter_prints_no_placeholder_no_code_and_no_raw_id():
    """S-03, P-04: with everything unset it says 'not yet published'."""
    package = Package(case(tasks=[task("shopify", gaps=GAPS)]))
    for path in ("00_letter.html", "00_letter.txt"):
        letter = package.text(path)
        for never in (
            "[Insert",
            "None",
            "null",
            "gid:",
            "sms_gateway",
            "not_approved",
            "{{",
            "http-equiv=''",
        ):
            assert never not in letter, (path, never)
        assert "not yet published" in letter
    html = package.text("00_letter.html")
    assert not re.search(r"(src|href)=\"(?!#|mailto:)", html)
    assert "<script" not in html
    assert "url(" not in html
    body = visible(html.partition("<footer>")[0])
    assert not re.search(r"\b(s|r|ss|Art|Section|Rule)\.? ?\d", body)
    assert '<html lang="en">' in html
    assert html.count("<table>") == html.count("<caption>") == 3


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("<script>alert(1)</script>", "Dear &lt;script&gt;alert(1)&lt;/script&gt;"),
        ('"><img src=x onerror=alert(1)>', "Dear &#34;&gt;&lt;img src=x onerror=alert(1)&gt;"),
        ("{{ 7*7 }}", "Dear {{ 7*7 }}"),
        ("\ud800\u202eAsha", "Dear \ufffdAsha"),
        ("x" * 5_000, "Dear " + "x" * 60 + "<"),
        ("null", "Hello"),
        ("[Insert name]", "Hello"),
        ("gid://shopify/Customer/1", "Dear a record of the platform"),
        ("", "Hello"),
    ],
)
def test_a_hostile_name_is_only_a_name(name, greeting):
    """Anything typed as a first name stays text."""
    customer = fixture("customer__asha") | {"firstName": name}
    package = Package(case([found("customer", customer)]))
    letter = package.text("00_letter.html")
    assert greeting in letter
    assert "<script" not in letter
    assert "<img" not in letter


def test_a_hostile_carrier_name_is_only_a_name():
    """The tracking company is free text."""
    order = fixture("order__cod_delhivery")
    order["fulfillments"][0]["trackingInfo"] = [{"company": "<b>=Evil</b>" + "y" * 9_000, "number": "1"}]
    package = Package(case([found("order", order)]))
    assert "<b>" not in package.text("00_letter.html")
    assert len(package.text("00_letter.html")) < 40_000


def test_nothing_unset_is_ever_printed():
    """For any value in a template."""
    assert make_printable(None) == "not yet published"
    assert make_printable("see [Insert Website URL]") == "not yet published"
    assert make_printable("None of null") == "nothing of nothing"
    assert make_printable("gid://shopify/Order/1 x") == "a record of the platform x"
    assert make_printable(Markup("<b>")) == "<b>"
    assert len(make_printable("x" * 10_000)) == 600


def test_an_operators_request_is_described_as_the_persons_own():
    """P-21: a data subject who wrote directly is not told that a platform asked."""
    package = Package(case(request=replace(REQUEST, source=RequestSource.OPERATOR)))
    assert "You asked us on 22 November 2026" in first_page(package)
