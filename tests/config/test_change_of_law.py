"""The days around the change from the SPDI Rules to the DPDP Act: none is without a law, a complaint route or a clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bridge.rules.requests.deadlines import compute_clocks
from bridge.rules.requests.regimes import list_complaint_routes
from bridge.rules.retention.holds import find_retention_holds
from config.merchant_file.merchant import load_merchant
from config.retention_file.retention import load_retention

CONFIG = Path(__file__).parents[2] / "config"
MERCHANT, RETENTION = load_merchant(CONFIG / "merchant.toml"), load_retention(CONFIG / "retention.toml")
FIRST, LAST = date(2027, 5, 13), date(2027, 5, 14)  # the two days that sources name
AROUND = [FIRST + timedelta(days=each) for each in range(-3, 5)]
DPDP_LAWS = ("dpdp_core", "dpdp_r8_3")


@pytest.mark.parametrize("day", AROUND, ids=str)
def test_each_day_has_the_old_law_or_the_new_one_and_the_doubtful_day_has_both(day):
    """Requirement L-01."""
    assert RETENTION.laws["spdi"].is_in_force(day) is (day < LAST)
    assert [RETENTION.laws[each].is_in_force(day) for each in DPDP_LAWS] == [day >= FIRST] * 2


@pytest.mark.parametrize("day", AROUND, ids=str)
@pytest.mark.parametrize("regimes", [("IN",), ("IN", "EU"), ("IN", "UK"), ("IN", "EU", "UK")])
def test_each_day_has_a_complaint_route_of_every_law_that_binds(day, regimes):
    codes = list_complaint_routes(MERCHANT.complaint_route, day=day, regimes=regimes)

    assert ("it_act_adjudicating_officer" in codes) is RETENTION.laws["spdi"].is_in_force(day)
    assert ("data_protection_board_of_india" in codes) is RETENTION.laws["dpdp_core"].is_in_force(day)
    assert codes[0] == "grievance_officer"
    assert ("supervisory_authority" in codes, "ico" in codes) == ("EU" in regimes, "UK" in regimes)


@pytest.mark.parametrize("day", AROUND, ids=str)
def test_each_day_a_processor_is_told_a_law_of_data_protection(day):
    quoted = {each.law for each in MERCHANT.instructions.basis if RETENTION.laws[each.law].is_in_force(day)}

    assert quoted - {"own_policy", "gdpr"} == ({"spdi"} if day < LAST else set()) | (
        {"dpdp_core"} if day >= FIRST else set()
    )


@pytest.mark.parametrize("day", AROUND, ids=str)
def test_a_request_of_any_day_has_the_same_clocks(day):
    received = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
    found = compute_clocks(received_at=received, webhook_received_at=None, rules=MERCHANT.clocks)

    assert found.due_at == received + timedelta(days=30)
    assert found.acknowledge_due_at == received + timedelta(hours=48)


@pytest.mark.parametrize("category", sorted(RETENTION.categories))
@pytest.mark.parametrize("day", AROUND, ids=str)
def test_the_one_year_rule_begins_for_every_category_on_the_earlier_day(category, day):
    reached = category not in RETENTION.holds["dpdp_one_year"].not_reached
    events = {"last_processing_at": datetime(2027, 5, 1, tzinfo=UTC)}
    holds = find_retention_holds(RETENTION.categories[category], events=events, today=day, retention=RETENTION)

    assert ("dpdp_one_year" in {each.ground for each in holds}) is (reached and day >= FIRST)
