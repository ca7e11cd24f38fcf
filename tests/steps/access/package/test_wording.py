"""What the letter never says: what no code keeps, and words of software or of counsel. From the shipped files."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bridge.model import Absence, Gap, RequestSource
from bridge.steps.access.package import plain_language
from config.merchant_file.merchant import load_merchant
from config.retention_file.retention import load_retention
from config.settings import MERCHANT_FILE, RETENTION_FILE
from tests.steps.access.export_case import GAPS, REQUEST, Package, asha, case, fixture, found, task, visible

PROMISES = (
    r"locked away|at most \d+ months|keep trying|we send you|send it to you|we put it right|tell those who"
    r"|they stop|looks at it|we answer within|quickest|costs you nothing|nothing is missing|link at the end|we look again"
    r"|nobody reads|as long as the purpose|since you became|for the same reason|we erase what"
)
SOFTWARE = r"\b(API|webhooks?|bridge|queues?|databases?|tokens?|HMAC|pseudonyms?|hash|payload|processors?|fiduciary|SCCs?|COD|RTO|OTP|SKU)\b"
REASONS = tuple(plain_language.GAP_REASON_SENTENCES)


def build_letters() -> list[str]:
    """Return letters of many kinds, as one line of words each, without their footnotes."""
    files = {"merchant": load_merchant(MERCHANT_FILE), "retention": load_retention(RETENTION_FILE)}
    abroad = fixture("order__cod_delhivery") | {"id": "gid://shopify/Order/9", "name": "#9"}
    abroad["shippingAddress"] = abroad["shippingAddress"] | {"countryCodeV2": "DE"}
    british = abroad | {"id": "gid://shopify/Order/8", "name": "#8"}
    british["billingAddress"] = abroad["shippingAddress"] | {"countryCodeV2": "GB"}
    gaps = tuple(
        Gap(system="shopify", absence=absence, what="orders", reason=why) for absence in Absence for why in REASONS
    )
    inputs = [
        case(**files),
        case([], tasks=[task("shopify", records=0)], **files),
        case([*asha(), found("order", abroad), found("order", british)], **files),
        case(tasks=[task("shopify", gaps=(*GAPS, *gaps))], **files),
        case(request=replace(REQUEST, source=RequestSource.OPERATOR), **files),
    ]
    letters = []
    for package in map(Package, inputs):
        html, text = (
            package.text("00_letter.html").partition("<footer>")[0],
            package.text("00_letter.txt").partition("\n--\n")[0],
        )
        letters += [" ".join(visible(html).split()), " ".join(text.split())]
    return letters


@pytest.mark.parametrize("never", [PROMISES, SOFTWARE], ids=["promises", "software"])
def test_the_letter_promises_nothing_that_no_code_keeps_and_speaks_no_software(never):
    """I20: what is said is true; in all five letters, in both forms."""
    for letter in build_letters():
        assert re.findall(never, letter, re.IGNORECASE if never is PROMISES else 0) == []


def test_one_name_of_the_merchant_stands_wherever_it_is_named():
    merchant = replace(load_merchant(MERCHANT_FILE), legal_name="Mini Miss & Co LLP")
    package = Package(case(merchant=merchant))
    named = f"Mini Miss & Co LLP, trading as {merchant.trading_name}, {merchant.address}"
    assert " ".join(package.text("00_letter.txt").split()).count(named) == 2
    assert package.text("00_letter.html").count(named.replace("&", "&amp;")) == 2


def test_each_footnote_names_one_law_a_line():
    package = Package(case(merchant=load_merchant(MERCHANT_FILE), retention=load_retention(RETENTION_FILE)))
    note = package.text("00_letter.html").partition('id="note-2"')[2].partition("</li>")[0]
    assert note.count("<br>") >= 4
    lines = [line for line in re.split(r"<br>|>", note) if "Act" in line or "policy" in line]
    assert all(line.rstrip().endswith(".") for line in lines)
    assert "CERT-In" not in note, "no log of this person was found"
