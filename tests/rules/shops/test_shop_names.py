"""A shop is its number; its domains are names over time, and its rows stay where they are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.shops.shop_names import RETRY_ASKING_AFTER, ShopDirectory
from tests.factories import NOW

OLD, NEW, LAST = (f"{name}.myshopify.com" for name in ("old", "new", "last"))
HOUR = timedelta(hours=1)


def record_names(*seen, directory=None):
    """A directory after these (domain, number) were seen, one each hour; a third value says that Shopify said it."""
    names = {} if directory is None else {(name.domain, name.number): name for name in directory.names}
    for hour, (domain, number, *confirmed) in enumerate(seen):
        directory = ShopDirectory(names.values())
        name = directory.record_name(domain, number, NOW + hour * HOUR, is_confirmed=bool(confirmed))
        names.pop((domain, ""), None)
        names[domain, number] = name
    return ShopDirectory(names.values())


def test_a_domain_that_nobody_knows_is_a_shop_of_its_own():
    directory = record_names()
    assert (directory.find_key(OLD), directory.list_keys(OLD), directory.list_domains(OLD)) == (OLD, (OLD,), (OLD,))
    assert (directory.find_number(OLD), directory.find_current_name(OLD)) == ("", OLD)
    assert directory.list_other_keys(OLD) == ()


@pytest.mark.parametrize(
    ("seen", "key", "domains"),
    [
        ([(OLD, ""), (OLD, "1"), (NEW, "1")], OLD, (NEW, OLD)),
        ([(OLD, "1"), (NEW, "1"), (LAST, "1")], OLD, (LAST, NEW, OLD)),
        ([(OLD, "1"), (NEW, "1"), (OLD, "1")], OLD, (OLD, NEW)),
        ([(NEW, ""), (NEW, "1"), (OLD, "1")], NEW, (OLD, NEW)),
    ],
    ids=["renamed", "twice", "and-back", "the-name-in-the-alphabet-does-not-matter"],
)
def test_a_renamed_shop_keeps_its_key_and_is_shown_by_its_present_name(seen, key, domains):
    directory = record_names(*seen)
    assert {directory.find_key(domain) for domain in domains} == {key}
    assert directory.list_domains(key) == domains
    assert directory.find_current_name(key) == domains[0]
    assert set(directory.list_keys(key)) == set(domains), "rows under any of its names are its own"


def test_shops_with_other_numbers_are_others():
    directory = record_names((OLD, "1"), (NEW, "2"), (LAST, ""))
    assert set(directory.list_other_keys(OLD)) == {NEW, LAST}
    assert not directory.has_known_name(NEW, [OLD])
    assert directory.has_known_name(OLD, [OLD])


def test_the_merchants_file_may_name_any_domain_of_a_shop():
    directory = record_names((OLD, "1"), (NEW, "1"))
    assert directory.has_known_name(NEW, [OLD])
    assert directory.has_known_name(OLD, [NEW])


def test_a_domain_that_another_shop_took_leads_to_that_shop_and_never_to_the_rows_before():
    directory = record_names((OLD, "1"), (OLD, "2"))
    taker = directory.find_key(OLD)
    assert taker not in directory.list_keys(OLD)
    assert directory.find_number(taker) == "2"
    assert directory.list_domains(taker) == (OLD,)
    assert directory.list_domains(OLD) == (), "no call for the former shop reaches the new one"
    assert directory.list_lost_domains(OLD) == {OLD: NOW + HOUR}
    assert directory.find_current_name(OLD) == directory.find_current_name(taker) == OLD
    assert directory.has_former_owner(OLD)
    assert directory.list_due_domains(NOW + 9 * HOUR) == [OLD], "Shopify is asked which is right"


def test_a_body_that_comes_again_gives_no_domain_back_but_shopify_does():
    assert record_names((OLD, "1"), (OLD, "2"), (OLD, "1")).find_name(OLD).number == "2"
    back = record_names((OLD, "1"), (OLD, "2"), (OLD, "1", "confirmed"))
    assert back.find_name(OLD).number == "1"
    assert back.list_due_domains(NOW + 9 * HOUR) == []


def test_a_shop_that_takes_a_domain_keeps_the_key_that_it_had():
    directory = record_names((OLD, "1"), (NEW, "2"), (OLD, "2"))
    assert directory.find_key(OLD) == NEW
    assert directory.list_keys(NEW) == (NEW,)


@pytest.mark.parametrize(
    ("known", "seen", "is_stored"),
    [
        ([(OLD, "1")], (OLD, "1", timedelta(minutes=59)), False),
        ([(OLD, "1")], (OLD, "1", -timedelta(minutes=59)), True),
        ([(OLD, "1")], (OLD, "1", HOUR), True),
        ([(OLD, "1")], (NEW, "1", timedelta(0)), True),
        ([(OLD, "1")], (OLD, "2", timedelta(0)), True),
        ([(OLD, "")], (OLD, "1", timedelta(0)), True),
        ([], (OLD, "1", timedelta(0)), True),
        ([(OLD, "1"), (NEW, "2")], (OLD, "1", timedelta(minutes=59)), False),
        ([(OLD, "1"), (NEW, "1")], (OLD, "1", timedelta(minutes=59)), True),
        ([(OLD, "1"), (OLD, "2")], (OLD, "2", timedelta(minutes=59)), True),
    ],
)
def test_the_time_alone_is_stored_again_only_after_an_hour_or_where_it_decides_between_names(known, seen, is_stored):
    directory, (domain, number, later) = record_names(*known), seen
    last = max((name.last_seen_at for name in directory.names if name.domain == domain), default=NOW)
    assert directory.is_worth_storing(directory.record_name(domain, number, last + later)) is is_stored


@pytest.mark.parametrize(("minutes", "due"), [(0, []), (14, []), (15, [OLD]), (600, [OLD])])
def test_shopify_is_asked_again_after_a_while(minutes, due):
    asked = record_names((OLD, "", "asked"), (NEW, "1"))
    assert asked.list_due_domains(NOW + timedelta(minutes=minutes)) == due
    assert timedelta(minutes=15) == RETRY_ASKING_AFTER


@pytest.mark.parametrize(
    ("domain", "number", "is_own"),
    [
        (OLD, "1", True),
        (NEW, "1", True),
        ("", "1", True),
        ("unheard-of.myshopify.com", "1", True),
        (OLD, "2", False),
        ("", "2", False),
        (LAST, "", False),
        ("", "4", None),
        ("unheard-of.myshopify.com", "4", None),
        ("unheard-of.myshopify.com", "", None),
        ("", "", None),
    ],
)
def test_a_number_in_a_body_decides_and_a_domain_where_there_is_none(domain, number, is_own):
    assert record_names((OLD, "1"), (NEW, "1"), (LAST, "2")).is_body_of(OLD, domain, number) is is_own


def test_a_number_that_nobody_has_says_nothing_of_a_shop_without_one():
    directory = record_names((OLD, ""), (NEW, "2"))
    assert directory.is_body_of(OLD, "", "1") is None
    assert directory.is_body_of(OLD, OLD, "1") is True
    assert directory.is_body_of(OLD, "", "2") is False


seen_names = st.lists(st.tuples(st.sampled_from([OLD, NEW, LAST]), st.sampled_from(["1", "2", "3"])), max_size=9)


@given(seen_names)
def test_no_key_is_ever_shared_and_no_row_is_ever_lost(seen):
    directory, before = ShopDirectory([]), {}
    for event in seen:
        directory = record_names(event, directory=directory)
        for number, keys in before.items():
            assert keys <= set(directory.list_keys(next(iter(keys)))), f"shop {number} lost rows"
        before = {}
        for name in directory.names:
            before.setdefault(name.number, set()).add(name.key)
            assert set(directory.list_keys(name.key)) == {each.key for each in directory.list_names(name.key)}
        owned = [key for keys in before.values() for key in keys]
        assert len(owned) == len(set(owned)), "two shops would read each other's rows"
        for domain in {name.domain for name in directory.names}:
            assert domain in directory.list_domains(directory.find_key(domain))


@given(
    seen=st.lists(
        st.tuples(st.sampled_from([OLD, NEW, LAST]), st.sampled_from(["", "1", "2", "3"]), st.booleans()), max_size=12
    )
)
def test_what_is_found_by_index_is_what_a_search_through_all_names_finds(seen):
    directory = record_names(*((domain, number, *[True] * is_confirmed) for domain, number, is_confirmed in seen))
    names = directory.names
    for domain in (OLD, NEW, LAST, "nobody.myshopify.com"):
        named = [name for name in names if name.domain == domain]
        last = max(named, key=lambda name: (name.last_seen_at, name.first_seen_at), default=None)
        assert directory.find_name(domain) == last
        same = [each for each in names if last and (each == last or (each.number and each.number == last.number))]
        assert directory.find_key(domain) == (same[0].key if same else domain)
        assert directory.has_former_owner(domain) == (len(named) > 1)
        for number in ("", "1", "2", "3", "4"):
            alike = [name for name in names if name.domain == domain or (number and name.number == number)]
            is_known = any((name.domain, name.number) == (domain, number) for name in alike)
            assert directory.is_rename(domain, number) == (not is_known and any(name.number for name in alike))
    for key in {name.key for name in names} | {OLD, "nobody.myshopify.com"}:
        first = next((name for name in names if name.key == key), None)
        own = tuple(
            each for each in names if first and (each == first or (each.number and each.number == first.number))
        )
        assert directory.list_names(key) == own
        assert directory.find_number(key) == (first.number if first else "")
        keys = dict.fromkeys([key, *(name.key for name in own)])
        assert directory.list_keys(key) == tuple(keys)
        assert directory.list_other_keys(key) == tuple(
            dict.fromkeys(name.key for name in names if name.key not in keys)
        )
    for number in ("", "1", "2", "3", "4"):
        found = next((name.key for name in names if number and name.number == number), "")
        assert directory.find_key_of_number(number) == found
