"""An alert is announced once when it begins and once when it ends, whatever restarts between."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.rules.operations.alerts import list_announcements
from tests.kit.suite.examples import count_examples

KEYS = [("request_late", ""), ("request_incomplete", "unreached"), ("clock_silent", "")]


def announce(store):
    """Say what nobody heard yet, as one process does that ends afterwards."""
    with store.transaction() as tx:
        announced = list_announcements(tx.alerts.list_alerts())
        tx.alerts.record_announced(announced)
    return [(each.condition, each.has_ended) for each in announced]


def see(store, *keys):
    with store.transaction() as tx:
        tx.alerts.save_alerts(dict.fromkeys(keys, 1))


def test_it_is_said_once_and_its_end_once(store, clock):
    see(store, KEYS[0])
    assert announce(store) == [("request_late", False)]
    see(store, KEYS[0])
    assert announce(store) == []
    clock.at += timedelta(hours=1)
    see(store)
    assert announce(store) == [("request_late", True)]
    assert announce(store) == []
    see(store, KEYS[0])
    assert announce(store) == [("request_late", False)]


def test_one_that_ended_before_anybody_heard_of_it_is_not_said(store):
    see(store, KEYS[1])
    see(store)
    assert announce(store) == []


def test_one_that_comes_back_before_its_end_was_said_goes_on(store):
    see(store, KEYS[1])
    announce(store)
    see(store)
    see(store, KEYS[1])
    assert announce(store) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(max_examples=count_examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sets(st.sampled_from(KEYS)), st.booleans()), max_size=8))
def test_beginnings_and_ends_alternate_whatever_happens(store, steps):
    see(store)
    announce(store)
    announced = {key[0]: [] for key in KEYS}
    for keys, is_reached in [*steps, (set(), True)]:
        see(store, *keys)
        for condition, has_ended in announce(store) if is_reached else ():
            announced[condition].append(has_ended)
    for ends in announced.values():
        assert ends == [False, True] * (len(ends) // 2), "each beginning has its end, and none is announced twice"
