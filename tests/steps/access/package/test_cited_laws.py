"""No letter and no file of a package quotes a law on a day on which it does not bind."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time

import pytest

from bridge.rules.retention.citations import list_laws_in_force
from config.merchant_file.merchant import load_merchant
from config.retention_file.retention import load_retention
from config.settings import MERCHANT_FILE, RETENTION_FILE
from tests.steps.access.export_case import Package, asha, case, fixture, found

MERCHANT, RETENTION = load_merchant(MERCHANT_FILE), load_retention(RETENTION_FILE)
DAYS = [date(2020, 1, 1), date(2026, 11, 30), date(2027, 5, 13), date(2027, 5, 14), date(2027, 6, 2), date(2035, 1, 1)]


def build_on(day: date) -> Package:
    """Build a package from the shipped files, of a person with addresses in India and Germany."""
    abroad = fixture("order__cod_delhivery") | {"id": "gid://shopify/Order/9", "name": "#9"}
    abroad["shippingAddress"] = abroad["shippingAddress"] | {"countryCodeV2": "DE"}
    noon = datetime.combine(day, time(12), UTC)
    records = [*asha(), found("order", abroad)]
    return Package(case(records, merchant=MERCHANT, retention=RETENTION, prepared_at=noon))


def list_texts_of_law(law_id: str) -> set[str]:
    """Return what the file says to quote of a law: its title, and what holds and categories cite of it."""
    owners = [*RETENTION.holds.values(), *RETENTION.categories.values()]
    return {RETENTION.laws[law_id].title} | {each.cites[law_id] for each in owners if law_id in each.cites}


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_no_law_is_quoted_that_does_not_bind_on_the_day(day):
    """Requirement P-71: every file of the package, the letter included."""
    binding = {law.id for law in list_laws_in_force(day, RETENTION)}
    files = {name: content.decode() for name, content in build_on(day).files.items()}
    quoted = {
        (name, law_id, text)
        for law_id in RETENTION.laws.keys() - binding
        for text in list_texts_of_law(law_id)
        for name, content in files.items()
        if text in content
    }
    assert quoted == set()


@pytest.mark.parametrize(
    ("day", "never", "there"),
    [
        (
            date(2026, 11, 30),
            r"DPDP|dpdp|Digital Personal Data|Data Protection Board|s\.11|s\.12\(3\)",
            "SPDI) Rules 2011",
        ),
        (date(2027, 6, 2), r"SPDI|spdi|43A|Adjudicating Officer|Consumer Helpline", "DPDP Act 2023 ss.3-17"),
    ],
    ids=["before", "after"],
)
def test_no_word_of_a_law_that_does_not_bind_is_anywhere_in_the_package(day, never, there):
    """The names by which people know a law, in any wording: codes of roles and titles of categories too. Requirements L-01, P-71."""
    package = build_on(day)
    found_words = {
        (name, word) for name, content in package.files.items() for word in re.findall(never, content.decode())
    }
    assert found_words == set()
    assert there in package.text("00_letter.html")
    assert there in package.text("00_letter.txt")


def test_every_law_of_a_hold_and_of_the_footnotes_is_one_of_the_file():
    """What is quoted comes from the retention file, not from the code."""
    day = date(2027, 6, 2)
    allowed = {text for law in list_laws_in_force(day, RETENTION) for text in list_texts_of_law(law.id)}
    package = build_on(day)
    held = [hold for row in package.json("04_retention.json")["categories"] for hold in row["held_by"]]
    assert held
    assert {text for hold in held for text in hold["law"].split("; ")} <= {
        part for text in allowed for part in text.split("; ")
    }
    bases = [each["basis"] for row in package.json("03_purposes_and_bases.json")["categories"] for each in row["bases"]]
    assert any("DPDP Act s.7(a)" in basis for basis in bases), "a law is quoted from the day on which it binds"


def test_no_note_for_counsel_reaches_the_person():
    for name, content in build_on(date(2026, 11, 30)).files.items():
        for note in (
            "to be reviewed",
            "REVIEW",
            "not stated in",
            "if solely",
            "legitimate interests",
            "unconfirmed",
            "disputed",
        ):
            assert note not in content.decode(), (name, note)
