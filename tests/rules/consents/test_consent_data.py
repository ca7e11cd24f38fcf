"""Requirement P-62: which metafields rest on a consent alone, and what a withdrawal does with each."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bridge.model import ErasureAction, Residue
from bridge.rules.consents.consent_data import decide_consent_data, list_kinds, subtract_lines, sum_lines
from bridge.rules.retention.category_retention import CategoryRetention
from bridge.rules.retention.holds import RetentionHold
from config.retention_file.retention import load_retention

SHIPPED = load_retention(Path(__file__).parents[3] / "config" / "retention.toml")
ALL = ("email", "sms", "whatsapp", "profiling")
HELD = RetentionHold(ground="dpdp_one_year", citation="r.8(3)", last_day=date(2028, 5, 6))
KEPT = CategoryRetention(holds=(HELD,), erasable_from=date(2028, 5, 7), governing=HELD)


def decide_metafields(*names, withdrawn=ALL, retentions=(), retention=SHIPPED):
    items = [Residue(system="shopify", kind="customer_metafields", ref="7001", what=name) for name in names]
    return decide_consent_data(items, withdrawn, dict(retentions), retention)


def put_into_category(category_id, *fields):
    """Return the shipped file with these fields in another category."""
    category = replace(SHIPPED.categories["customer_profile"], id=category_id, fields=fields)
    return replace(SHIPPED, categories={**SHIPPED.categories, category_id: category})


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("facts.birth_date", "customer.birth_date"),
        ("loyalty.Birthday", "customer.birth_date"),
        ("app--12--crm.dob", "customer.birth_date"),
        ("custom.wedding_anniversary", "customer.anniversary"),
    ],
)
def test_a_date_for_greetings_is_known_by_its_key_in_any_namespace(name, field):
    [found] = decide_metafields(name)
    assert (found.line.what, found.line.category, found.is_due) == (field, "greetings", True)


@pytest.mark.parametrize(
    "name", ["custom.child_birthday", "birth_date.note", "loyalty.points", "whatsapp.number", "x.y"]
)
def test_p62_what_the_file_does_not_name_is_never_touched(name):
    assert decide_metafields(name) == []


def test_the_longest_name_of_the_file_wins_so_that_a_category_can_keep_one():
    """A birth date that the loyalty programme needs by its contract does not rest on the consent alone."""
    kept = put_into_category("loyalty", "customer.metafields.loyalty")
    assert decide_metafields("loyalty.birthday", retention=kept) == []
    [other] = decide_metafields("facts.birthday", retention=kept)
    assert other.is_due


def test_a_metafield_is_named_by_its_own_name_too():
    greetings = replace(SHIPPED.categories["greetings"], fields=("customer.metafields.crm.style",))
    retention = replace(SHIPPED, categories={**SHIPPED.categories, "greetings": greetings})
    [found] = decide_metafields("crm.style", "crm.size", "facts.birthday", retention=retention)
    assert (found.line.what, list_kinds([found.line.what])) == ("customer.metafields.crm.style", ["other"])


def test_p62_what_another_consent_still_allows_stays_and_says_which():
    [found] = decide_metafields("facts.birth_date", withdrawn=("email", "profiling"))
    assert (found.line.action, found.line.reason) == (ErasureAction.KEEP, "other_consents_stand")
    assert found.standing == ("sms", "whatsapp")
    assert not found.is_due


def test_p62_what_a_law_keeps_stays_with_its_law_and_day():
    [found] = decide_metafields("facts.birth_date", retentions={"greetings": KEPT}.items())
    assert (found.line.action, found.line.law, found.line.until, found.line.hold_ids) == (
        ErasureAction.RESTRICT,
        "r.8(3)",
        date(2028, 5, 6),
        ("dpdp_one_year",),
    )


def test_a_file_without_such_a_category_erases_nothing():
    categories = {name: replace(each, rests_on_consent=()) for name, each in SHIPPED.categories.items()}
    assert decide_metafields("facts.birth_date", retention=replace(SHIPPED, categories=categories)) == []


def test_lines_are_counted_by_kind_and_what_is_gone_is_the_difference():
    two = [one.line for one in decide_metafields("facts.birth_date", "loyalty.birthday", "custom.anniversary")]
    summed = sum_lines(two)
    assert [(line.what, line.count) for line in summed] == [("customer.birth_date", 2), ("customer.anniversary", 1)]
    gone = subtract_lines(summed, two[:1])
    assert [(line.what, line.count) for line in gone] == [("customer.birth_date", 1), ("customer.anniversary", 1)]
    assert subtract_lines(summed, two) == []


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("customer.birth_date", "birth_date"),
        ("customer.metafields.loyalty.birthday", "birth_date"),
        ("customer.anniversary", "anniversary"),
        ("customer.metafields.crm", "other"),
    ],
)
def test_letters_have_a_word_for_each_field(field, kind):
    assert list_kinds([field, field]) == [kind]
