"""Holds: the vectors of the tax laws, what begins and ends a hold; doubt never releases."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.retention.citations import is_law_applicable
from bridge.rules.retention.holds import (
    LEGAL_FORM_FIELD,
    REVIEWED_ON_FIELD,
    RetentionHoldState,
    compute_contract_end,
    evaluate_retention_hold,
    find_retention_holds,
    is_hold_applicable,
)
from bridge.rules.retention.statutory_last_days import (
    LAST_DAY_RULES,
    compute_age_end,
    compute_erasable_from,
    compute_financial_year_end,
    compute_gst_return_due,
    compute_last_day,
    local_day,
)
from config.retention_file.retention import Calendar, Law, load_retention
from config.retention_file.retention_model import LAST_DAY_RULE_ARGS

HERE = Path(__file__).parents[2]
VECTORS = json.loads((HERE / "fixtures" / "policy" / "clock_and_release_vectors.json").read_text())
VECTORS["tax_release"].append(  # one more, of the first day of a year
    {
        "invoice_issued_at": "2027-04-01T00:00:00Z",
        "fy_end": "2028-03-31",
        "gst_last_day": "2034-12-31",
        "income_tax_last_day": "2035-03-31",
        "companies_act_last_day": "2036-03-31",
        "erasable_from_noncompany": "2035-04-01",
        "erasable_from_company_or_unknown": "2036-04-01",
    }
)
INDIA = Calendar()
SHIPPED = load_retention(HERE.parent / "config" / "retention.toml")
REVIEWED = replace(
    SHIPPED,
    reviewed_on=date(2026, 12, 1),
    merchant={**SHIPPED.merchant, "legal_entity_type": "proprietorship", "warranty_days": 180, "return_window_days": 7},
)
MOMENTS = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2300, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
TODAY = date(2026, 11, 22)


def moment(text):
    return datetime.fromisoformat(text)


def form(kind, retention=REVIEWED):
    return replace(retention, merchant={**retention.merchant, "legal_entity_type": kind})


def moments(events):
    return {name: moment(at) for name, at in events.items()}


def holds(category, events, today=TODAY, retention=REVIEWED, regimes=("IN",)):
    found = find_retention_holds(
        SHIPPED.categories[category], events=moments(events), today=today, retention=retention, regimes=regimes
    )
    return {hold.ground: hold for hold in found}


@pytest.mark.parametrize("vector", VECTORS["tax_release"], ids=lambda vector: vector["invoice_issued_at"])
class TestTheTaxVectors:
    def test_the_last_days_are_those_of_the_vectors(self, vector):
        issued = moment(vector["invoice_issued_at"])
        day = local_day(issued, INDIA)

        assert compute_financial_year_end(day, INDIA).isoformat() == vector["fy_end"]
        for rule, args, expected in (
            ("gst_annual_return_due_plus_months", {"months": 72}, "gst_last_day"),
            ("fy_end_plus_years", {"years": 7}, "income_tax_last_day"),
            ("fy_end_plus_years", {"years": 8}, "companies_act_last_day"),
        ):
            assert compute_last_day(rule, args, issued, calendar=INDIA).isoformat() == vector[expected]

    @pytest.mark.parametrize("kind", ["proprietorship", "partnership"])
    def test_t09_a_merchant_that_is_no_company_keeps_until_the_income_tax_duty_ends(self, vector, kind):
        found = holds("invoice_document", {"document_issued_at": vector["invoice_issued_at"]}, TODAY, form(kind))
        longest = next(iter(found.values()))

        assert (longest.ground, longest.erasable_from.isoformat()) == (
            "income_tax_books",
            vector["erasable_from_noncompany"],
        )
        assert found["gst_books"].last_day.isoformat() == vector["gst_last_day"]
        assert "CGST Act 2017" in found["gst_books"].citation

    @pytest.mark.parametrize("kind", ["company", "unknown"])
    def test_t09_a_company_and_an_unknown_form_keep_longest(self, vector, kind):
        found = holds("invoice_document", {"document_issued_at": vector["invoice_issued_at"]}, TODAY, form(kind))
        longest = next(iter(found.values()))

        assert longest.ground == "companies_books"
        assert longest.last_day.isoformat() == vector["companies_act_last_day"]
        assert longest.erasable_from.isoformat() == vector["erasable_from_company_or_unknown"]

    def test_a_hold_ends_by_itself_on_its_day(self, vector):
        events = {"document_issued_at": vector["invoice_issued_at"]}
        free = date.fromisoformat(vector["erasable_from_noncompany"])

        assert list(holds("invoice_document", events, free - timedelta(days=1))) == ["income_tax_books"]
        assert holds("invoice_document", events, free) == {}


def test_t10_an_unknown_legal_form_releases_everything_but_books():
    """Requirement L-07."""
    events = {"document_issued_at": "2026-11-22T10:00Z", "delivered_at": "2026-11-25T10:00Z"}
    latest = date(2060, 1, 1)

    books = holds("invoice_document", events, latest, form("unknown"))
    assert set(books) == {"gst_books", "income_tax_books", "companies_books"}
    assert all(hold.release_needs == (LEGAL_FORM_FIELD,) for hold in books.values())
    assert books["companies_books"].erasable_from == date(2035, 4, 1)
    events["last_processing_at"] = "2027-06-01T10:00Z"
    assert holds("contact", events, latest, form("unknown")) == {}


def test_a_file_that_was_not_reviewed_releases_no_books():
    events = {"document_issued_at": "2026-11-22T10:00Z", "last_processing_at": "2026-11-22T10:00Z"}

    books = holds("payment_reference", events, date(2060, 1, 1), replace(REVIEWED, reviewed_on=None))

    assert {hold.release_needs for hold in books.values()} == {(REVIEWED_ON_FIELD,)}


def test_an_llp_keeps_eight_years():
    found = holds("order_lines", {"document_issued_at": "2026-11-22T10:00Z"}, TODAY, form("llp"))

    assert next(iter(found)) == "llp_books"
    assert "companies_books" not in found


def test_without_an_invoice_or_a_claim_there_is_no_hold():
    assert holds("invoice_document", {}) == {}
    assert holds("customer_profile", {"document_issued_at": "2026-11-22T10:00Z"}) == {}


def test_an_order_on_its_way_keeps_the_address_until_returns_and_warranty_are_over():
    assert holds("address", {"ordered_at": "2026-11-01T10:00Z"})["open_contract"].last_day is None
    delivered = {"ordered_at": "2026-11-01T10:00Z", "delivered_at": "2026-11-05T20:00Z"}
    assert holds("address", delivered)["open_contract"].last_day == date(2026, 11, 6) + timedelta(days=180)
    settled = delivered | {"refund_settled_at": "2027-08-01T10:00Z"}
    assert holds("address", settled)["open_contract"].last_day == date(2027, 8, 1)
    opened = delivered | {"refund_opened_at": "2026-11-10T10:00Z"}
    assert holds("address", opened)["open_contract"].last_day is None
    again = settled | {"refund_opened_at": "2027-08-02T10:00Z"}
    assert holds("address", again)["open_contract"].last_day is None


@pytest.mark.parametrize(
    ("events", "day"),
    [
        ({}, None),
        ({"ordered_at": "2026-11-01T10:00Z"}, None),
        ({"delivered_at": "2026-11-05T20:00Z"}, date(2027, 5, 5)),
        ({"delivered_at": "2026-11-05T20:00Z", "refund_opened_at": "2026-11-06T10:00Z"}, None),
        (
            {
                "delivered_at": "2026-11-05T20:00Z",
                "refund_opened_at": "2026-11-06T10:00Z",
                "refund_settled_at": "2026-11-09T10:00Z",
            },
            date(2027, 5, 5),
        ),
        ({"delivered_at": "2026-11-05T20:00Z", "refund_settled_at": "2027-05-05T18:30Z"}, date(2027, 5, 6)),
    ],
)
def test_the_contract_is_discharged_by_the_latest_of_returns_warranty_and_refund(events, day):
    """Requirement P-60."""
    assert compute_contract_end(moments(events), REVIEWED) == day


def test_a_contract_without_rule_or_length_has_an_open_end():
    events = moments({"delivered_at": "2026-11-05T20:00Z"})
    unread = {name: rule for name, rule in REVIEWED.holds.items() if name != "open_contract"}

    assert compute_contract_end(events, SHIPPED) is None
    assert compute_contract_end(events, replace(REVIEWED, holds=unread)) is None


@pytest.mark.parametrize("length", ["warranty_days", "return_window_days"])
def test_an_undecided_length_keeps_the_contract_open(length):
    """Requirement P-60."""
    undecided = replace(REVIEWED, merchant={**REVIEWED.merchant, length: None})

    found = holds("address", {"delivered_at": "2020-01-01T10:00Z"}, TODAY, undecided)

    assert found["open_contract"].erasable_from is None
    assert found["open_contract"].release_needs == (f"merchant.{length}",)


def test_no_warranty_on_purpose_ends_with_the_return_window():
    none = replace(REVIEWED, merchant={**REVIEWED.merchant, "warranty_days": 0})

    found = holds("address", {"delivered_at": "2026-11-20T10:00Z"}, TODAY, none)

    assert found["open_contract"].last_day == date(2026, 11, 27)


def test_bank_details_stay_while_the_refund_is_open_and_thirty_days_more():
    opened = {"refund_opened_at": "2026-11-01T10:00Z"}

    assert holds("cod_refund_bank", opened)["refund_unsettled"].last_day is None
    reconciled = opened | {"refund_reconciled_at": "2026-11-01T10:00Z"}
    assert holds("cod_refund_bank", reconciled, date(2026, 12, 1))
    assert holds("cod_refund_bank", reconciled, date(2026, 12, 2)) == {}


def test_a_claim_holds_until_a_person_releases_it_and_comes_first():
    events = {"document_issued_at": "2026-11-22T10:00Z", "claim_opened_at": "2026-11-22T10:00Z"}

    found = holds("invoice_document", events, date(2030, 1, 1))

    assert next(iter(found)) == "legal_claim"
    assert found["legal_claim"].last_day is None


def test_t17_the_one_year_floor_begins_with_its_law():
    events = {"last_processing_at": "2027-02-13T10:00Z"}  # an order three months old

    assert "dpdp_one_year" not in holds("contact", events, date(2027, 5, 12))
    assert holds("contact", events, date(2027, 5, 13))["dpdp_one_year"].last_day == date(2028, 2, 13)
    assert holds("contact", events, date(2028, 2, 14)) == {}
    # nobody knows when it was processed last: it was
    assert holds("contact", {}, date(2027, 5, 13))["dpdp_one_year"].last_day is None


@pytest.mark.parametrize("category", sorted(SHIPPED.categories))
def test_the_one_year_floor_holds_every_category_that_it_reaches_and_no_other(category):
    events = {"last_processing_at": "2027-02-13T10:00Z"}
    reached = category not in SHIPPED.holds["dpdp_one_year"].not_reached

    assert "dpdp_one_year" not in holds(category, events, date(2027, 5, 12))
    found = holds(category, events, date(2027, 5, 13))
    assert [found[each].last_day for each in found if each == "dpdp_one_year"] == [date(2028, 2, 13)] * reached
    assert "dpdp_one_year" not in holds(category, events, date(2028, 2, 14))


def test_t11_a_credit_note_of_the_next_year_keeps_both_documents_to_its_own_day():
    invoice, credit_note = moment("2027-03-30T10:00Z"), moment("2027-04-02T10:00Z")

    alone = holds("invoice_document", {"document_issued_at": invoice.isoformat()})
    both = holds("invoice_document", {"document_issued_at": max(invoice, credit_note).isoformat()})

    assert next(iter(alone.values())).erasable_from == date(2034, 4, 1)
    assert {ground: hold.erasable_from for ground, hold in both.items()} == {
        "gst_books": date(2035, 1, 1),
        "income_tax_books": date(2035, 4, 1),
    }


def test_t07_books_of_a_buyer_in_the_eu_name_no_law_of_the_union():
    events = {"document_issued_at": "2026-11-22T10:00Z"}

    abroad = holds("invoice_document", events, regimes=("IN", "EU"))
    at_home = holds("invoice_document", events)

    assert {hold.gdpr_ground for hold in abroad.values()} == {"17(3)(e)"}
    assert not any(hold.must_disclose for hold in abroad.values())
    assert {hold.gdpr_ground for hold in at_home.values()} == {""}
    assert [hold.last_day for hold in abroad.values()] == [hold.last_day for hold in at_home.values()]


@pytest.mark.parametrize("regime", ["EU", "UK"])
def test_the_one_year_floor_is_disclosed_abroad_or_gives_way_there(regime):
    """Requirement E-11."""
    events, day = {"last_processing_at": "2027-02-13T10:00Z"}, date(2027, 5, 13)
    rule = replace(SHIPPED.holds["dpdp_one_year"], eu_conflict="erase")
    decided = replace(REVIEWED, holds={**REVIEWED.holds, "dpdp_one_year": rule})

    abroad = holds("contact", events, day, regimes=("IN", regime))

    assert [(each.ground, each.must_disclose) for each in abroad.values()] == [("dpdp_one_year", True)]
    assert not holds("contact", events, day)["dpdp_one_year"].must_disclose
    assert holds("contact", events, day, decided, ("IN", regime)) == {}
    assert list(holds("contact", events, day, decided)) == ["dpdp_one_year"]
    assert not is_hold_applicable("dpdp_one_year", today=day, retention=decided, regimes=("IN", regime))
    assert is_hold_applicable("dpdp_one_year", today=day, retention=decided)


def test_a_category_whose_basis_was_refused_holds():
    doubtful = replace(REVIEWED, broken=("category.support",))

    assert [(each, hold.erasable_from) for each, hold in holds("support", {}, retention=doubtful).items()] == [
        ("category.support", None)
    ]
    assert holds("customer_profile", {}, retention=doubtful) == {}


@pytest.mark.parametrize(
    ("ground", "events", "day", "state"),
    [
        ("gst_books", {"document_issued_at": "2026-11-22T10:00Z"}, TODAY, RetentionHoldState.HOLDS),
        ("gst_books", {"document_issued_at": "2026-11-22T10:00Z"}, date(2034, 1, 1), RetentionHoldState.OVER),
        ("gst_books", {}, TODAY, RetentionHoldState.NOT_STARTED),
        ("companies_books", {"document_issued_at": "2026-11-22T10:00Z"}, TODAY, RetentionHoldState.LAW_NOT_APPLICABLE),
        ("dpdp_one_year", {}, TODAY, RetentionHoldState.NOT_IN_FORCE),
        ("of_no_known_name", {}, TODAY, RetentionHoldState.HOLDS),
    ],
)
def test_each_hold_says_what_it_does(ground, events, day, state):
    assert evaluate_retention_hold(ground, events=moments(events), today=day, retention=REVIEWED)[0] is state
    assert is_hold_applicable(ground, today=day, retention=REVIEWED) is (
        state not in {RetentionHoldState.LAW_NOT_APPLICABLE, RetentionHoldState.NOT_IN_FORCE}
    )


def test_a_law_that_ended_no_longer_holds():
    law = replace(SHIPPED.laws["cgst"], in_force_to=date(2030, 1, 1))
    ended = replace(REVIEWED, laws={**SHIPPED.laws, "cgst": law})
    events = {"document_issued_at": "2026-11-22T10:00Z"}

    assert "gst_books" in holds("order_lines", events, date(2030, 1, 1), ended)
    assert "gst_books" not in holds("order_lines", events, date(2030, 1, 2), ended)


def test_a_tax_proceeding_keeps_the_books_open_and_a_year_after_it():
    events = {"document_issued_at": "2026-11-22T10:00Z"}

    assert holds("order_lines", events | {"tax_proceeding_open": "2030-01-01T00:00Z"})["gst_books"].last_day is None
    ended = events | {"tax_proceeding_disposed_at": "2034-06-01T00:00Z"}
    assert holds("order_lines", ended)["gst_books"].last_day == date(2035, 6, 1)
    early = events | {"tax_proceeding_disposed_at": "2028-06-01T00:00Z"}
    assert holds("order_lines", early)["gst_books"].last_day == date(2033, 12, 31)
    never = events | {"tax_proceeding_disposed_at": "9999-06-01T00:00Z"}
    assert holds("order_lines", never)["gst_books"].last_day is None


@pytest.mark.parametrize("missing", ["holds", "laws"])
def test_a_rule_that_cannot_be_read_holds_for_ever_and_disables_no_other(missing):
    name = {"holds": "gst_books", "laws": "cgst"}[missing]
    remaining = {key: each for key, each in getattr(REVIEWED, missing).items() if key != name}

    found = holds("invoice_document", {}, date(2999, 1, 1), replace(REVIEWED, **{missing: remaining}))

    assert list(found) == ["gst_books"]
    assert found["gst_books"].erasable_from is None
    assert "could not be read" in found["gst_books"].citation


def test_a_law_may_depend_on_facts_and_a_missing_fact_counts():
    law = Law(
        id="x", title="x", in_force_from=TODAY, in_force_to=None, applies_if={"merchant.pmla_reporting_entity": (True,)}
    )

    assert is_law_applicable(law, {"pmla_reporting_entity": True})
    assert not is_law_applicable(law, {"pmla_reporting_entity": False})
    assert is_law_applicable(law, {})


def test_a_year_whose_return_was_extended_ends_later():
    moved = Calendar(gst_annual_return_due_overrides={"2025-26": date(2027, 1, 31)})
    issued = moment("2026-03-31T18:29:59Z")

    def last(calendar, at=issued):
        return compute_last_day("gst_annual_return_due_plus_months", {"months": 72}, at, calendar=calendar)

    assert last(moved) == date(2033, 1, 31)
    assert last(moved, issued + timedelta(seconds=1)) == last(INDIA, issued + timedelta(seconds=1))


def test_other_calendars_are_computed_by_their_own_days():
    january = Calendar(fy_start=(1, 1), gst_annual_return_due=(6, 30))

    assert compute_financial_year_end(date(2026, 5, 1), january) == date(2026, 12, 31)
    assert compute_gst_return_due(date(2026, 5, 1), january) == date(2027, 6, 30)


@pytest.mark.parametrize(
    ("rule", "args", "expected"),
    [
        ("event_plus_days", {"days": 180}, date(2028, 8, 27)),
        ("event_plus_months", {"months": 12}, date(2029, 2, 28)),
        ("event_plus_years", {"years": 5}, date(2033, 2, 28)),
        ("event_plus_years", {"years": 4}, date(2032, 2, 29)),
        ("contract_discharged", {"return_window_days": 7, "warranty_days": 0}, date(2028, 3, 7)),
        ("contract_discharged", {}, None),
        ("until_released_by_ops", {"review_every_days": 90}, None),
        ("event_plus_days", {}, None),
        ("of_no_known_name", {"days": 1}, None),
        ("event_plus_years", {"years": 9_000}, None),
        ("event_plus_days", {"days": 10_000_000}, None),
    ],
)
def test_each_rule_gives_the_last_day_or_leaves_the_end_open(rule, args, expected):
    leap_day = moment("2028-02-28T20:00Z")  # the 29th in India

    assert compute_last_day(rule, args, leap_day, calendar=INDIA) == expected


def test_an_event_that_has_not_happened_or_lies_beyond_the_calendar_has_no_last_day():
    assert compute_last_day("event_plus_days", {"days": 1}, None, calendar=INDIA) is None
    beyond = datetime.max.replace(tzinfo=UTC)
    assert compute_last_day("event_plus_days", {"days": 1}, beyond, calendar=INDIA) is None
    assert compute_erasable_from(None) is None
    assert compute_erasable_from(date.max) is None
    assert compute_erasable_from(date(2034, 3, 31)) == date(2034, 4, 1)


def test_an_event_without_zone_is_refused():
    nowhere = datetime(2026, 1, 1)  # noqa: DTZ001 - that is the point

    with pytest.raises(ValueError, match="must carry its time zone"):
        compute_last_day("event_plus_days", {"days": 1}, nowhere, calendar=INDIA)
    with pytest.raises(ValueError, match="must carry its time zone"):
        compute_age_end({"days": 1}, nowhere, INDIA)


@pytest.mark.parametrize(
    ("age", "event", "first_day"),
    [
        ({"event": "package_ready_at", "days": 14}, "2026-11-22T10:00Z", date(2026, 12, 7)),
        ({"event": "package_ready_at", "days": 14}, "2026-11-22T18:30Z", date(2026, 12, 8)),
        ({"event": "last_order_at", "months": 24}, "2028-02-28T20:00Z", date(2030, 3, 1)),
        ({"event": "last_contact_at", "months": 36, "notice_hours": 48}, "2026-11-22T10:00Z", date(2029, 11, 23)),
        ({"event": "created_at", "months": 12}, "9999-06-01T00:00Z", date.max),
    ],
)
def test_a_record_is_too_old_on_the_day_after_its_last_one(age, event, first_day):
    assert compute_age_end(age, moment(event), INDIA) == first_day


def test_an_age_without_a_span_is_refused():
    with pytest.raises(ValueError, match="days or months"):
        compute_age_end({}, moment("2026-11-22T10:00Z"), INDIA)


def test_every_rule_that_a_file_may_name_is_a_function():
    assert LAST_DAY_RULES.keys() == LAST_DAY_RULE_ARGS.keys()


@given(MOMENTS, st.integers(1, 30))
def test_books_stay_at_least_their_years_and_at_most_one_more(event, years):
    last = compute_last_day("fy_end_plus_years", {"years": years}, event, calendar=INDIA)
    day = local_day(event, INDIA)

    assert (last.month, last.day) == (3, 31)
    assert years * 365 <= (last - day).days <= (years + 1) * 366


@given(MOMENTS, MOMENTS)
def test_a_later_document_never_shortens(one, other):
    early, latest = sorted((one, other))
    for rule, args in (
        ("gst_annual_return_due_plus_months", {"months": 72}),
        ("fy_end_plus_years", {"years": 7}),
        ("event_plus_days", {"days": 30}),
        ("event_plus_months", {"months": 12}),
        ("event_plus_years", {"years": 3}),
    ):
        assert compute_last_day(rule, args, early, calendar=INDIA) <= compute_last_day(
            rule, args, latest, calendar=INDIA
        )


@given(
    st.sampled_from(sorted(SHIPPED.categories)),
    st.dictionaries(
        st.sampled_from(["document_issued_at", "delivered_at", "ordered_at", "last_processing_at", "case_closed_at"]),
        MOMENTS,
    ),
    st.dates(min_value=date(2027, 5, 13), max_value=date(2200, 1, 1)),
    st.sampled_from(["proprietorship", "company", "unknown"]),
)
def test_holds_are_listed_longest_first_and_only_while_they_hold(category, events, today, kind):
    found = find_retention_holds(SHIPPED.categories[category], events=events, today=today, retention=form(kind))

    days = [hold.last_day or date.max for hold in found]
    assert days == sorted(days, reverse=True)
    assert all(hold.release_needs or hold.last_day is None or hold.last_day >= today for hold in found)
    assert {hold.ground for hold in found} <= set(SHIPPED.categories[category].holds)
    # once nothing in a category holds, nothing begins to hold it again without a new event or law
    if not found:
        later = today + timedelta(days=365)
        assert not find_retention_holds(SHIPPED.categories[category], events=events, today=later, retention=form(kind))


def test_a_day_is_that_of_the_zone_of_whoever_means_it():
    """Books follow the retention file, letters `[clocks]` of the merchant file: the two may differ."""
    evening = datetime(2027, 5, 12, 19, 0, tzinfo=UTC)
    books, letters = SimpleNamespace(timezone="Asia/Kolkata"), SimpleNamespace(timezone="Europe/London")
    assert (local_day(evening, books), local_day(evening, letters)) == (date(2027, 5, 13), date(2027, 5, 12))
