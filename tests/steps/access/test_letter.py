"""The letter and the summaries for the data subject: what they state, and what they never print."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markupsafe import Markup

from bridge.model import RequestSource
from bridge.steps.access.package.letter import make_printable
from tests.steps.access.export_case import (
    GAPS,
    MERCHANT,
    REQUEST,
    Package,
    case,
    first_page,
    fixture,
    found,
    task,
    visible,
)


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


def test_a_default_address_outside_the_list_is_listed_once():
    """Shopify returns it twice, or only outside the list."""
    customer = fixture("customer__asha") | {"addressesV2": [], "image": True}
    package = Package(case([found("customer", customer)]))
    assert len(package.table("addresses")) == 1


def test_every_form_of_the_letter_has_the_contact_of_the_officer():
    """Requirement L-03: also where nothing is found."""
    officer = replace(MERCHANT.officer, name="Devi Nowhere", designation="Grievance Officer", phone="+91 562 400 0000")
    for records in (None, []):
        package = Package(case(records, merchant=replace(MERCHANT, officer=officer)))
        for letter in (package.text("00_letter.html"), package.text("00_letter.txt")):
            for value in (officer.name, officer.designation, officer.email, officer.phone):
                assert value in letter


def test_the_summary_counts_what_has_no_line_of_its_own():
    """Requirement P-11: gift cards, comments and the like are counted in the letter."""
    records = [found("customer", fixture("customer__asha")), *(found("gift_card", {"balance": n}) for n in range(2))]
    records += [found("blog_comment", {"body": "fine"}), *(found("abandoned_checkout", {"n": n}) for n in range(2))]
    letter = Package(case(records)).text("00_letter.txt")
    assert "- also 2 gift cards, 1 comment on our blog, 2 carts that were left\n" in letter
    assert "- also" not in Package(case()).text("00_letter.txt")


def test_ordering_is_not_consenting():
    """P-02: accepting marketing at checkout is no consent event; a withdrawn state is not given."""
    document = Package(case()).json("05_consents.json")
    assert [(each["channel"], each["given"]) for each in document["consents"]] == [("email", True), ("sms", False)]
    order_only = Package(case([found("order", fixture("order__cod_delhivery"))]))
    assert order_only.json("05_consents.json")["consents"] == []


def test_the_letter_prints_no_placeholder_no_code_and_no_raw_id():
    """S-03, P-04: with everything unset it says 'not yet published'."""
    package = Package(case(tasks=[task("shopify", gaps=GAPS)]))
    for path in ("00_letter.html", "00_letter.txt"):
        letter = package.text(path)
        for never in ("[Insert", "None", "null", "gid:", "sms_gateway", "not_approved", "{{", "http-equiv=''"):
            assert never not in letter, (path, never)
        assert "not yet published" in letter
    html = package.text("00_letter.html")
    assert not re.search(r"(src|href)=\"(?!#|mailto:)", html)
    assert "<script" not in html
    assert "url(" not in html
    body = visible(html.partition("<footer>")[0])
    assert not re.search(r"\b(s|r|ss|Art|Section|Rule)\.? ?\d", body)
    assert '<html lang="en">' in html
    assert html.count("<table>") == html.count("<caption>") == 4


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


def test_the_letter_shows_the_fingerprint_of_the_signing_key_where_it_has_one():
    with_key, without = Package(case(signing_key_fingerprint="ab" * 32)), Package(case())
    for name in ("00_letter.html", "00_letter.txt"):
        assert with_key.text(name).count("ab" * 32) == 1
        assert "fingerprint" not in without.text(name)
