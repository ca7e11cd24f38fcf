"""Requirement P-20: a grievance is recorded as it was said, has a number and clocks, and is answered once by the officer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bridge.errors import PayloadInvalid
from bridge.model import (
    Fact,
    GrievanceParticulars,
    LetterKind,
    Principal,
    RequestDetails,
    RequestKind,
    RequestSource,
    RequestState,
    TaskState,
)
from bridge.steps.grievances.answer_grievance import answer_grievance
from bridge.steps.operations.conditions import list_conditions
from bridge.steps.requests.open_for_person import open_person_request
from bridge.steps.requests.process import process_request
from bridge.store.schema.desk_tables import person_letters, request_details
from bridge.store.schema.tables import evidence
from tests.factories import ASHA, SHOP
from tests.kit.operator_requests import list_answers

COMPLAINT, ANSWER, WHO = "Kavitha at the counter shouted", "We spoke with Kavitha", "operator:officer"
STRANGER = Principal(email="nobody@example.org")


def complain(services, principal=STRANGER, text=COMPLAINT):
    """Open a grievance and work on it; return its id."""
    details = RequestDetails(particulars=GrievanceParticulars(text=text))
    request_id = open_person_request(
        RequestKind.GRIEVANCE,
        SHOP,
        principal,
        services.clock.now(),
        actor="page",
        reason="",
        services=services,
        source=RequestSource.PAGE,
        details=details,
    )
    process_request(request_id, services=services)
    return request_id


def read_grievance(services, request_id):
    with services.store.read() as tx:
        request = tx.requests.get_request(request_id)
        return request, tx.tasks.list_tasks(request_id)[0], tx.request_details.get_details(request_id, request.kind)


def list_letters(services, request_id):
    return {one.kind: dict(one.values) for one in list_answers(services, request_id)}


def test_a_grievance_of_somebody_unknown_waits_for_the_officer_and_is_answered(services, clock):
    """P-20."""
    request_id = complain(services)
    request, task, details = read_grievance(services, request_id)
    assert (request.state, task.state, details.particulars.text) == (RequestState.WAITING, TaskState.WAITING, COMPLAINT)
    assert request.closed_at is None
    with services.store.read() as tx:
        [found] = [one for one in list_conditions(tx=tx, services=services) if one.reason == "grievance_unanswered"]
    assert (found.ids, found.command) == ((request_id,), f"dsr details {request_id}, then dsr answer {request_id}")
    clock.at += timedelta(days=3)
    answer_grievance(request_id, f" {ANSWER}\n", "partly", actor=WHO, services=services)
    process_request(request_id, services=services)
    request, task, details = read_grievance(services, request_id)
    assert (request.state, request.complete, request.closed_at) == (RequestState.DONE, True, clock.at)
    assert details.particulars == GrievanceParticulars(text=COMPLAINT, answer=ANSWER)
    assert list_letters(services, request_id)[LetterKind.GRIEVANCE_ANSWERED] == {"reason": "partly"}
    with services.store.read() as tx:
        [fact] = [one for one in tx.evidence.list_facts_of_request(request_id) if one.fact == Fact.GRIEVANCE_ANSWERED]
        assert tx.packages.find_certificate(request_id) is None
    assert (fact.actor, fact.detail["outcome"]) == (WHO, "partly")


def test_its_clocks_are_those_of_the_law_and_the_ninety_days_lengthen_nothing(services, clock):
    """P-20: 48 hours to acknowledge, one month at the most."""
    request, _, _ = read_grievance(services, complain(services))
    assert request.acknowledge_due_at == clock.at + timedelta(hours=48)
    assert request.clocks.keys() == {"policy_30_days", "law_one_month"}
    assert request.due_at <= clock.at + timedelta(days=31)


def test_two_complaints_of_one_person_are_two_grievances(services):
    first, second = complain(services, ASHA), complain(services, ASHA, "and nobody wrote back")
    assert first != second
    assert [read_grievance(services, one)[2].particulars.text for one in (first, second)] == [
        COMPLAINT,
        "and nobody wrote back",
    ]
    answer_grievance(first, ANSWER, "upheld", actor=WHO, services=services)
    answer_grievance(second, ANSWER, "upheld", actor=WHO, services=services)


def test_what_was_said_is_sealed_and_in_no_evidence(services, store):
    request_id = complain(services)
    answer_grievance(request_id, ANSWER, "upheld", actor=WHO, services=services)
    with store.engine.connect() as connection:
        for table in (request_details, evidence, person_letters):
            assert b"Kavitha" not in repr(connection.execute(select(table)).all()).encode()


@pytest.mark.parametrize(
    ("text", "outcome", "reason"),
    [
        (" ", "upheld", "answer_missing"),
        ("a\0b", "upheld", "answer_too_long"),
        ("x" * 10_001, "upheld", "answer_too_long"),
        (ANSWER, "granted", "outcome_unknown"),
    ],
)
def test_an_answer_without_words_or_with_another_code_is_refused(services, text, outcome, reason):
    request_id = complain(services)
    with pytest.raises(PayloadInvalid, match=reason):
        answer_grievance(request_id, text, outcome, actor=WHO, services=services)
    assert list_letters(services, request_id) == {}


def test_it_is_answered_once_and_nothing_else_is(services):
    request_id = complain(services)
    answer_grievance(request_id, ANSWER, "upheld", actor=WHO, services=services)
    with pytest.raises(PayloadInvalid, match="answered_already"):
        answer_grievance(request_id, "another", "not_upheld", actor=WHO, services=services)
    details = None
    other = open_person_request(
        RequestKind.ACCESS, SHOP, ASHA, services.clock.now(), actor=WHO, reason="", services=services, details=details
    )
    with pytest.raises(PayloadInvalid, match="not_a_grievance"):
        answer_grievance(other, ANSWER, "upheld", actor=WHO, services=services)
    with pytest.raises(PayloadInvalid, match="request_unknown"):
        answer_grievance("req_0", ANSWER, "upheld", actor=WHO, services=services)


def test_a_grievance_without_words_is_not_opened(services):
    with pytest.raises(PayloadInvalid, match="text_missing"):
        open_person_request(
            RequestKind.GRIEVANCE, SHOP, ASHA, services.clock.now(), actor=WHO, reason="", services=services
        )
