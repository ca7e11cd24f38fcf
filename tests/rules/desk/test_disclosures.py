"""P-50: what is recorded of a disclosure to an authority, and since when the person may be told."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import PayloadInvalid
from bridge.model import DisclosureParticulars, Secrecy
from bridge.rules.desk.disclosures import MAX_CHARS, compute_disclosable_at, parse_disclosure
from bridge.rules.retention.statutory_last_days import local_day
from config.retention_file.retention import load_retention
from config.settings import RETENTION_FILE

RETENTION = load_retention(RETENTION_FILE)
GIVEN = {"authority": "Example Police", "law": "notice 12/2026"}
DAYS = st.dates(date(2020, 1, 1), date(2100, 1, 1))


def test_a_disclosure_is_read_in_one_line_each_and_of_india_unless_it_says_otherwise():
    read = parse_disclosure({**GIVEN, "law": " BNSS s.94,\n notice  12 "}, ["address", "contact", "address"])
    assert read == DisclosureParticulars(
        authority="Example Police", law="BNSS s.94, notice 12", categories=("address", "contact"), country="IN"
    )
    assert parse_disclosure({**GIVEN, "country": "DE"}, ["address"]).country == "DE"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"authority": ""}, "authority_missing"),
        ({"authority": None}, "authority_missing"),
        ({"authority": " \n"}, "authority_unreadable"),
        ({"authority": 7}, "authority_unreadable"),
        ({"law": "x" * (MAX_CHARS + 1)}, "law_unreadable"),
        ({"law": "notice\0 12"}, "law_unreadable"),
        ({"country": "India"}, "country_unreadable"),
        ({"officer": "somebody"}, "particulars_unknown"),
    ],
)
def test_what_cannot_be_recorded_is_refused_with_a_constant_reason(changed, reason):
    with pytest.raises(PayloadInvalid) as refused:
        parse_disclosure(GIVEN | changed, ["address"])
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("secrecy", "at"),
    [
        (None, datetime(2026, 11, 19, 18, 30, tzinfo=UTC)),  # midnight in India
        (Secrecy(until=date(2026, 12, 31)), datetime(2026, 12, 31, 18, 30, tzinfo=UTC)),
        (Secrecy(until=date(2026, 11, 20)), datetime(2026, 11, 20, 18, 30, tzinfo=UTC)),
        (Secrecy(), None),
    ],
)
def test_the_person_may_be_told_from_the_day_after_the_last_secret_one_on(secrecy, at):
    assert compute_disclosable_at(date(2026, 11, 20), secrecy, RETENTION) == at


@given(DAYS, DAYS, st.integers(-200_000, 200_000) | st.integers(-9, 9))
def test_it_is_secret_on_the_last_secret_day_and_on_no_later_one(given_on, until, seconds):
    """Requirement P-50, both ways: by the calendar of the merchant, whatever the hour is elsewhere."""
    if until < given_on:
        with pytest.raises(PayloadInvalid, match="secrecy_before_disclosure"):
            compute_disclosable_at(given_on, Secrecy(until=until), RETENTION)
        return
    at = compute_disclosable_at(given_on, Secrecy(until=until), RETENTION)
    now = at + timedelta(seconds=seconds)
    assert (now < at) == (local_day(now, RETENTION.calendar) <= until)
    assert at - compute_disclosable_at(until, None, RETENTION) == timedelta(days=1)
