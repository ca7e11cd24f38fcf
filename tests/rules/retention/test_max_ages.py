"""Comparing two retention files: every change that may end a retention earlier is reported."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from bridge.rules.retention.max_ages import (
    ACCESS_PACKAGE_AGE,
    WEBHOOK_BODY_AGE,
    collect_max_ages,
    find_expiry_days,
    find_shortened_retention,
)
from config.retention_file.retention_model import RuleExtension
from tests.factories import settled_retention

FILE = settled_retention()


def with_age(category, name="max_age", **age):
    compare = replace(FILE.categories[category], **{name: age})
    return replace(FILE, categories={**FILE.categories, category: compare})


def with_holds(category, *holds):
    compare = replace(FILE.categories[category], holds=holds)
    return replace(FILE, categories={**FILE.categories, category: compare})


def with_hold(ground, **given):
    return replace(FILE, holds={**FILE.holds, ground: replace(FILE.holds[ground], **given)})


def with_law(law, **given):
    return replace(FILE, laws={**FILE.laws, law: replace(FILE.laws[law], **given)})


def compare(was, now):
    stored = json.loads(json.dumps(collect_max_ages(was)))
    return {
        (one.category, one.what): (one.old, one.new) for one in find_shortened_retention(stored, collect_max_ages(now))
    }


def test_the_same_file_shortens_nothing():
    assert compare(FILE, FILE) == {}


@pytest.mark.parametrize(
    ("age", "shorter"),
    [
        ({"months": 1}, True),
        ({"months": 83, "days": 20}, True),
        ({"days": 2551}, True),
        ({"months": 84, "days": 1}, False),
        ({"months": 96}, False),
        ({"days": 2700}, False),
    ],
)
def test_a_shorter_or_possibly_shorter_age_is_reported(age, shorter):
    assert bool(compare(FILE, with_age("suppression", event="created_at", **age))) is shorter


def test_a_changed_age_is_reported_with_its_old_and_new_length():
    now = with_age("suppression", event="created_at", months=1)
    assert compare(FILE, now) == {("suppression", "max_age"): ("84 months", "1 months")}
    assert compare(now, FILE) == {}


def test_a_category_without_an_age_ends_with_its_holds_and_without_both_never():
    """Requirement P-61."""
    assert compare(FILE, with_age("parcel_index")) == {("parcel_index", "max_age"): ("36 months", "with its holds")}
    never = with_age("suppression")
    assert compare(FILE, never) == {}
    assert compare(never, FILE) == {("suppression", "max_age"): ("never", "84 months")}


def test_a_hold_that_is_removed_from_a_category_is_reported():
    assert compare(FILE, with_holds("request_evidence", "dpdp_one_year")) == {
        ("request_evidence", "evidence_3y"): ("event_plus_years 3", "removed")
    }


@pytest.mark.parametrize(
    ("ground", "given"),
    [
        ("evidence_3y", {"args": {"years": 1}}),
        ("evidence_3y", {"from_event": "case_opened_at"}),
        ("evidence_3y", {"opened_by": ""}),
        ("evidence_3y", {"last_day_rule": "event_plus_months", "args": {"months": 36}}),
        ("gst_books", {"extend_if": ""}),
        ("gst_books", {"extend_until": None}),
        ("gst_books", {"extend_until": RuleExtension(event="tax_proceeding_disposed_at", months=6)}),
        ("gst_books", {"statutory": False}),
        ("dpdp_one_year", {"eu_conflict": "erase"}),
    ],
)
def test_a_hold_that_ends_earlier_is_reported_with_each_category_that_it_keeps(ground, given):
    found = compare(FILE, with_hold(ground, **given))
    assert {what for _, what in found} == {ground}
    assert {category for category, _ in found} == {each.id for each in FILE.categories.values() if ground in each.holds}


@pytest.mark.parametrize(
    ("ground", "given"),
    [
        ("evidence_3y", {"args": {"years": 4}}),
        ("legal_claim", {"args": {"review_every_days": 30}}),
        ("gst_books", {"extend_until": RuleExtension(event="tax_proceeding_disposed_at", months=24)}),
    ],
)
def test_a_hold_that_ends_later_is_not_reported(ground, given):
    assert compare(FILE, with_hold(ground, **given)) == {}


@pytest.mark.parametrize(
    "given",
    [
        {"in_force_to": date(2027, 3, 31)},
        {"in_force_from": date(2027, 1, 1)},
        {"applies_if": {"merchant.gst_registered": (True,)}},
    ],
)
def test_a_law_that_ends_begins_later_or_binds_fewer_is_reported(given):
    assert ("request_evidence", "evidence_3y") in compare(FILE, with_law("own_policy", **given))


def test_a_rule_that_could_not_be_read_counts_as_held_for_ever():
    broken = replace(FILE, holds={name: rule for name, rule in FILE.holds.items() if name != "evidence_3y"})
    assert compare(FILE, broken) == {}
    assert compare(broken, FILE)["request_evidence", "evidence_3y"] == ("for ever", "event_plus_years 3")
    doubtful = replace(FILE, broken=("category.suppression",))
    assert compare(FILE, doubtful) == {}
    assert compare(doubtful, FILE) == {("suppression", "category.suppression"): ("for ever", "removed")}


def test_a_removed_category_does_not_expire_but_stored_bodies_expire_by_the_default():
    assert compare(FILE, replace(FILE, categories={})) == {}
    longer = with_age("access_package", event="package_ready_at", days=60)
    assert compare(longer, replace(longer, categories={})) == {("access_package", "max_age"): ("60 days", "14 days")}
    assert compare(longer, FILE) == {("access_package", "max_age"): ("60 days", "14 days")}


def test_the_longer_days_of_two_files_count():
    shorter = with_age("webhook_payload", "max_age_failed", event="received_at", days=5)
    assert compare(FILE, shorter) == {("webhook_payload", "max_age_failed"): ("90 days", "5 days")}
    files = [collect_max_ages(shorter), collect_max_ages(FILE)]
    assert [
        find_expiry_days(files, WEBHOOK_BODY_AGE),
        find_expiry_days(files[:1], WEBHOOK_BODY_AGE),
        find_expiry_days(files, ACCESS_PACKAGE_AGE),
    ] == [90, 5, 14]
