"""Which requests wait for how many persons, and what counts as a change of a plan."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import Approval, ApprovalGate, DeedPlan, RequestKind, RequestSource
from bridge.rules.requests.decisions.approval_rules import (
    assess_gate,
    compute_cooling_off_end,
    count_needed_approvals,
    digest_parts,
    digest_plan,
    list_changed_parts,
)
from config.merchant_file.approval_rules import ALWAYS_TWO, APPROVABLE_KINDS, MERCHANT_DOORS, ApprovalRules

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SHIPPED = ApprovalRules()
KINDS, DOORS = st.sampled_from(RequestKind), st.sampled_from(RequestSource)
RULES = st.builds(
    ApprovalRules,
    kinds_without=st.sets(st.sampled_from(APPROVABLE_KINDS)).map(tuple),
    doors_without=st.sets(st.sampled_from(MERCHANT_DOORS)).map(tuple),
    two_people=st.sets(st.sampled_from(APPROVABLE_KINDS)).map(tuple),
    cooling_off_hours=st.integers(0, 336),
)


def test_the_names_of_the_file_are_those_of_the_model():
    assert set(APPROVABLE_KINDS) == set(RequestKind) - {RequestKind.SHOP_ERASURE}
    assert set(MERCHANT_DOORS) == {door for door in RequestSource if door.is_merchants}


@pytest.mark.parametrize(
    ("kind", "needed"),
    [
        ("access", 0),
        ("processor_list", 0),
        ("grievance", 0),
        ("consent_withdrawal", 0),
        ("erasure", 1),
        ("correction", 1),
        ("restriction", 1),
        ("objection", 1),
        ("nominee_exercise", 2),
        ("incident", 2),
    ],
)
def test_e09_as_shipped_each_kind_needs_so_many(kind, needed):
    assert count_needed_approvals(RequestKind(kind), RequestSource.OPERATOR, SHIPPED) == needed


@given(KINDS, DOORS, RULES)
def test_a_webhook_never_waits_and_two_are_always_two(kind, door, rules):
    needed = count_needed_approvals(kind, door, rules)
    assert needed in (0, 1, 2)
    if not door.is_merchants:
        assert needed == 0
    elif kind in ALWAYS_TWO:
        assert needed == 2
    elif door in rules.doors_without or kind in rules.kinds_without:
        assert needed == 0
    else:
        assert needed >= 1


@given(KINDS, DOORS, RULES, st.timedeltas(timedelta(days=-9), timedelta(days=90)))
def test_the_time_to_take_back_is_of_erasures_and_never_makes_one_late(kind, door, rules, left):
    end = compute_cooling_off_end(kind, door, opened_at=NOW, due_at=NOW + left, rules=rules)
    if kind is not RequestKind.ERASURE or not door.is_merchants or not rules.cooling_off_hours:
        assert end is None
    if end is not None:
        assert NOW < end <= min(NOW + timedelta(hours=rules.cooling_off_hours), NOW + left - timedelta(days=3))


def gate(**given):
    return ApprovalGate(request_id="req_1", door=RequestSource.OPERATOR, opened_at=NOW, **given)


def approval(actor, plan, minute=0):
    return Approval(request_id="req_1", actor=actor, plan_digest=plan, approved_at=NOW + timedelta(minutes=minute))


@pytest.mark.parametrize(
    ("approvals", "missing"),
    [
        ([], 2),
        ([approval("a", "p")], 1),
        ([approval("a", "p"), approval("b", "p", 1)], 0),
        ([approval("a", "old"), approval("b", "new", 1)], 1),
        ([approval("a", "p"), approval("a", "p", 1)], 1),
    ],
)
def test_approvals_count_for_one_plan_and_once_for_a_person(approvals, missing):
    status = assess_gate(gate(), RequestKind.INCIDENT, approvals, now=NOW, rules=SHIPPED)
    assert (status.missing_approvals, status.is_open) == (missing, not missing)


def test_an_approved_request_waits_until_it_can_no_longer_be_taken_back():
    closed = gate(free_at=NOW + timedelta(hours=1))
    approvals = [approval("a", "p")]
    assert assess_gate(closed, RequestKind.ERASURE, approvals, now=NOW, rules=SHIPPED).free_at == closed.free_at
    later = NOW + timedelta(hours=1)
    assert assess_gate(closed, RequestKind.ERASURE, approvals, now=later, rules=SHIPPED).is_open


PARTS = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2), min_size=1)


@given(PARTS, PARTS, st.sets(st.sampled_from("abcd")))
def test_a_plan_has_changed_where_a_part_that_can_be_read_says_something_else(shown, now, unread):
    before, after = DeedPlan(parts=shown), DeedPlan(parts=now, unread=dict.fromkeys(unread, "HTTP 503"))
    changed = list_changed_parts(digest_parts(before), after)
    assert changed == sorted(
        name for name in shown.keys() | now.keys() if name not in unread and shown.get(name) != now.get(name)
    )
    assert list_changed_parts(digest_parts(before), before) == []
    assert (digest_plan(before) == digest_plan(DeedPlan(parts=now))) == (shown == now)


def test_a_part_that_nobody_could_read_when_it_was_shown_has_changed_when_it_can_be_read():
    shown = DeedPlan(parts={"a": 1, "b": []}, unread={"b": "HTTP 503"})
    assert list_changed_parts(digest_parts(shown), DeedPlan(parts={"a": 1, "b": []})) == ["b"]
