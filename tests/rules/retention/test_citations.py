"""No law is quoted on a day on which it does not bind, by any hold, basis or list of laws."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.retention.citations import describe_basis, list_hold_citations, list_laws_in_force
from bridge.rules.retention.holds import evaluate_retention_hold
from config.retention_file.retention import load_retention
from config.settings import RETENTION_FILE

RETENTION = load_retention(RETENTION_FILE)
DPDP_FROM, SPDI_TO = date(2027, 5, 13), date(2027, 5, 13)
# what only the DPDP Act and its rules have: their name, or a bare section of it
DPDP_WORDS = re.compile(r"DPDP|\bs\.(6|7|8|11|12|13|14|17)\(|\br\.(6|14)\(")
DAYS = st.dates(date(2026, 11, 1), date(2029, 1, 1))


def list_quotes(day):
    """Everything that is quoted for people in India on that day, but the titles of the DPDP's own holds."""
    for rule in RETENTION.holds.values():
        if rule.law != "dpdp_r8_3":
            yield from list_hold_citations(rule, day, RETENTION)
    for category in RETENTION.categories.values():
        yield describe_basis(category, "IN", day, RETENTION)
    for law in list_laws_in_force(day, RETENTION):
        if law.id != "dpdp_consent_managers":  # in force since November 2026
            yield law.title


@given(DAYS)
def test_the_dpdp_act_is_quoted_from_its_first_day_and_the_spdi_rules_to_their_last(day):
    quotes = list(list_quotes(day))

    assert bool([each for each in quotes if DPDP_WORDS.search(each)]) is (day >= DPDP_FROM)
    assert bool([each for each in quotes if "SPDI" in each]) is (day <= SPDI_TO)


def test_what_the_file_says_undated_names_no_law_that_is_not_in_force():
    undated = [text for each in RETENTION.categories.values() for text in each.basis.values()]
    undated += [law.title for law in RETENTION.laws.values() if not law.id.startswith("dpdp")]

    assert [each for each in undated if DPDP_WORDS.search(each)] == []


@given(DAYS)
def test_only_laws_that_bind_are_listed(day):
    listed = list_laws_in_force(day, RETENTION)

    assert all(law.is_in_force(day) for law in listed)
    assert {"bis", "pmla", "llp"}.isdisjoint(law.id for law in listed)
    assert {"cgst", "income_tax", "companies"} <= {law.id for law in listed}


@pytest.mark.parametrize("ground", ["open_contract", "refund_unsettled", "legal_claim", "evidence_3y"])
def test_each_law_of_a_hold_is_a_line_of_its_own(ground):
    rule = RETENTION.holds[ground]

    before = list_hold_citations(rule, DPDP_FROM - timedelta(days=1), RETENTION)
    after = list_hold_citations(rule, DPDP_FROM, RETENTION)
    assert before == (RETENTION.laws[rule.law].title,)
    assert (after[:1], len(after)) == (before, 2)
    assert after[1].startswith("DPDP Act 2023 s.")
    events = {rule.from_event: datetime(2027, 5, 1, tzinfo=UTC)}
    _, hold = evaluate_retention_hold(ground, events=events, today=DPDP_FROM, retention=RETENTION)
    assert hold.citation == "; ".join(after)


def test_a_law_that_could_not_be_read_is_not_quoted():
    laws = {name: law for name, law in RETENTION.laws.items() if name != "dpdp_core"}
    without = replace(RETENTION, laws=laws)

    assert describe_basis(RETENTION.categories["address"], "IN", DPDP_FROM, without) == "your order"
    assert describe_basis(RETENTION.categories["address"], "IN", DPDP_FROM, RETENTION) == "your order; DPDP Act s.7(a)"


def test_citations_of_india_are_not_told_under_another_regime():
    for category in RETENTION.categories.values():
        for regime in ("EU", "UK"):
            assert describe_basis(category, regime, DPDP_FROM, RETENTION) == category.basis.get("EU", "")
    assert describe_basis(replace(RETENTION.categories["backup"], basis={}, cites={}), "IN", DPDP_FROM, RETENTION) == ""
