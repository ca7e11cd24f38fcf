"""The certificate claims that something is overwritten only where a fact after the last erasure says so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.model import Event, Fact
from bridge.rules.erasure.plan import CUSTOMER_MERGED_AWAY
from bridge.rules.erasure.remnants import describe_remnants
from tests.factories import NOW, SHOP


def make_fact(fact, minute, **detail):
    at = NOW + timedelta(minutes=minute)
    return Event(seq=minute, at=at, actor="bridge", fact=fact, shop=SHOP, request_id="req_1", subject="", detail=detail, prev_hash="")  # fmt: skip


def overwritten(minute, *parts, complete=False, position="0/1"):
    limit = "1GB" if position else ""
    detail = {"parts": list(parts), "complete": complete, "log_position": position, "log_limit": limit, "ring": ["k1"]}
    return make_fact(Fact.REMNANTS_OVERWRITTEN, minute, **detail)


def iso(minute):
    return (NOW + timedelta(minutes=minute)).isoformat()


ERASED = make_fact(Fact.PRINCIPAL_ERASED, 1)


def test_before_an_erasure_there_is_nothing_to_say():
    assert describe_remnants([make_fact(Fact.REQUEST_OPENED, 0), overwritten(1, "data_keys")]) is None


@pytest.mark.parametrize("fact", [Fact.PRINCIPAL_ERASED, Fact.SHOP_ERASED])
def test_an_erasure_without_a_fact_after_it_is_not_overwritten(fact):
    result = describe_remnants([overwritten(0, "data_keys", complete=True), make_fact(fact, 1)])
    assert set(result.values()) == {None}


@pytest.mark.parametrize(("part", "position"), [("data_keys", "0/A"), ("log", "")])
def test_keys_first_and_values_later(part, position):
    facts = [ERASED, overwritten(2, part, position=position)]
    result = describe_remnants(facts)
    assert (result["keys_overwritten_at"], result["values_overwritten_at"]) == (iso(2), None)
    assert result["log"] == ({"before": "0/A", "max_wal_size": "1GB"} if position else None)
    result = describe_remnants([*facts, overwritten(3, "others", complete=True, position=position and "0/B")])
    assert (result["keys_overwritten_at"], result["values_overwritten_at"]) == (iso(2), iso(3))
    assert result["log"] == ({"before": "0/B", "max_wal_size": "1GB"} if position else None)


def test_other_tables_say_nothing_about_the_keys():
    result = describe_remnants([ERASED, overwritten(2, "orders", "deliveries")])
    assert result["keys_overwritten_at"] is None
    assert result["readable_with"] == ["k1"]


@pytest.mark.parametrize("removed", [{}, {"orders": 0}, {CUSTOMER_MERGED_AWAY: 1}])
def test_a_run_that_found_nothing_left_no_remnant(removed):
    """Nothing is ever overwritten for it: the time of the run before stays, and alone it has nothing to say."""
    nothing = make_fact(Fact.PRINCIPAL_ERASED, 3, removed=removed)
    assert describe_remnants([nothing]) is None
    found = make_fact(Fact.PRINCIPAL_ERASED, 1, removed={"orders": 2})
    result = describe_remnants([found, overwritten(2, "data_keys", complete=True), nothing])
    assert result["values_overwritten_at"] == iso(2)


def test_a_second_run_of_the_erasure_is_overwritten_anew():
    facts = [ERASED, overwritten(2, "data_keys", complete=True), make_fact(Fact.PRINCIPAL_ERASED, 3)]
    assert describe_remnants(facts)["keys_overwritten_at"] is None
    assert describe_remnants([*facts, overwritten(4, "data_keys")])["keys_overwritten_at"] == iso(4)
