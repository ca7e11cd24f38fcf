"""P-35: marketing stops at once; other purposes stop while they are weighed, and the decision is recorded with its reason."""

from __future__ import annotations

import pytest

from bridge.errors import ConnectorUnavailable, PayloadInvalid
from bridge.model import (
    Fact,
    LetterKind,
    NoticePurpose,
    ObjectionParticulars,
    Outcome,
    RequestKind,
    RequestState,
    TaskAction,
    TaskState,
    WaitReason,
)
from bridge.steps.rights.weigh_objection import decide_objection
from tests.factories import NOW
from tests.kit.durations import days

WEIGH, STOP = ("bridge", TaskAction.WEIGH_OBJECTION), ("shopify", TaskAction.STOP_MARKETING)


def open_objection(desk, *purposes):
    request_id = desk.open(RequestKind.OBJECTION, ObjectionParticulars(purposes=purposes, grounds="my own reasons"))
    desk.process(request_id)
    return request_id


def decide_as_officer(desk, request_id, outcome, *purposes, code="interests_prevail"):
    return decide_objection(
        request_id, outcome, purposes, code=code, actor="officer", reason="weighed", services=desk.services
    )


def restrictions(desk, request_id):
    with desk.store.read() as tx:
        return {one.purpose: one for one in tx.restrictions.list_restrictions(request_id)}


def test_p35_an_objection_to_marketing_is_absolute_and_done_at_once(desk):
    request_id = open_objection(desk, "marketing")
    assert desk.platform.taken_back == [("7001", frozenset({"email"}))]
    request = desk.request(request_id)
    assert (request.state, request.closed_at) == (RequestState.DONE, NOW)
    values = {"outcome": "upheld", "purposes": "marketing", "reason": "absolute"}
    assert desk.letters(request_id) == [(LetterKind.OBJECTION_DECIDED, 0, values)]
    assert restrictions(desk, request_id) == {}
    with pytest.raises(PayloadInvalid, match="marketing_is_absolute"):
        decide_as_officer(desk, request_id, "declined", "marketing")
    stopped = next(fact for fact in desk.facts(request_id) if fact.fact == Fact.MARKETING_STOPPED)
    assert "email" in stopped.detail["channels"]


def test_p35_what_is_weighed_stops_meanwhile_and_is_decided_with_reasons(desk):
    request_id = open_objection(desk, "cod_risk", "analytics")
    assert desk.platform.taken_back == []
    task = desk.tasks(request_id)[WEIGH]
    assert (task.wait_reason, task.progress.purposes) == (WaitReason.OBJECTION_UNDECIDED, ("cod_risk", "analytics"))
    assert desk.request(request_id).closed_at is None  # nobody has an answer yet
    assert {name: one.lifted_at for name, one in restrictions(desk, request_id).items()} == {
        "cod_risk": None,
        "analytics": None,
    }
    assert decide_as_officer(desk, request_id, "upheld", "analytics") == ("cod_risk",)
    desk.process(request_id)
    assert desk.request(request_id).closed_at is None
    assert decide_as_officer(desk, request_id, "declined", "cod_risk", code="compelling_grounds") == ()
    desk.process(request_id)
    request = desk.request(request_id)
    assert (request.state, request.closed_at) == (RequestState.DONE, NOW)
    assert restrictions(desk, request_id)["analytics"].lifted_at is None
    assert restrictions(desk, request_id)["cod_risk"].lifted_at == NOW
    assert [letter[2]["outcome"] for letter in desk.letters(request_id)] == ["upheld", "declined"]
    record = desk.record(request_id)
    assert record["decisions"][1] | {"at": ""} == {
        "at": "",
        "fact": "objection.decided",
        "outcome": "declined",
        "purposes": ["cod_risk"],
        "code": "compelling_grounds",
    }
    assert desk.tasks(request_id)[WEIGH].outcome is Outcome.CHANGED


def test_a_purpose_restriction_keeps_nobody_else_away(desk):
    request_id = open_objection(desk, "cod_risk")
    with desk.store.read() as tx:
        assert tx.restrictions.find_restricting_requests(desk.request(request_id)) == []


@pytest.mark.parametrize(
    ("outcome", "purposes", "code", "reason"),
    [
        ("maybe", ("cod_risk",), "interests_prevail", "outcome_unknown"),
        ("upheld", ("cod_risk",), "because", "code_unknown"),
        ("upheld", ("analytics",), "interests_prevail", "purpose_not_weighed"),
        ("upheld", (), "interests_prevail", "purpose_not_weighed"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(desk, outcome, purposes, code, reason):
    request_id = open_objection(desk, "cod_risk")
    with pytest.raises(PayloadInvalid, match=reason):
        decide_as_officer(desk, request_id, outcome, *purposes, code=code)


def test_only_an_objection_is_decided(desk):
    with pytest.raises(PayloadInvalid, match="request_unknown"):
        decide_as_officer(desk, "req_none", "upheld", "cod_risk")
    with pytest.raises(PayloadInvalid, match="no_objection"):
        decide_as_officer(desk, desk.correct(phone="+919811122299"), "upheld", "cod_risk")


def test_a_second_objection_adds_its_purposes(desk):
    request_id = open_objection(desk, "cod_risk")
    assert open_objection(desk, "marketing") == request_id
    assert desk.platform.taken_back == [("7001", frozenset({"email"}))]
    assert desk.tasks(request_id)[WEIGH].progress.undecided == ("cod_risk",)
    assert desk.tasks(request_id)[STOP].outcome is Outcome.FOUND


def test_what_shopify_refuses_is_seen_and_an_outage_is_tried_again(desk):
    desk.platform.stop_faults = [ConnectorUnavailable("down")]
    request_id = open_objection(desk, "marketing")
    assert desk.tasks(request_id)[STOP].state is TaskState.RETRY
    desk.platform.unchangeable = {"email"}
    desk.clock.at += days(1)
    desk.process(request_id)
    task = desk.tasks(request_id)[STOP]
    assert (task.state, task.outcome, task.last_error) == (TaskState.FAILED, Outcome.DENIED, "consent_stands: email")
    assert desk.items(request_id, NoticePurpose.STOP_MESSAGES) == []
