"""Whatever waits for a person, or was answered incompletely, is a condition until it is healed: for every reason there is."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from bridge.cli.doctor.operations.conditions import check_conditions
from bridge.model import Gap, Outcome, RequestKind, RequestState, TaskAction, TaskState, WaitReason
from bridge.model.findings import Absence
from bridge.rules.operations.conditions import STANDS_STILL_AFTER, WORKER_SILENT_AFTER, Condition
from bridge.rules.operations.guides import WAIT_GUIDES
from bridge.steps.operations.conditions import CLOCK, WORKER, list_conditions
from bridge.steps.operations.log_life import log_task_change
from bridge.store.schema.tables import requests
from tests.factories import accepted, data_request_body, make_request, make_task, opened

BY_PERSON = [reason for reason in WaitReason if WAIT_GUIDES[reason].needs_person]
BY_ITSELF = [reason for reason in WaitReason if not WAIT_GUIDES[reason].needs_person]
STATES = (TaskState.WAITING, TaskState.RETRY, TaskState.FAILED)


def save(services, request, **given):
    """Open a request whose one task stands so; return the task."""
    task = replace(make_task(request.id, "shopify", TaskAction.ERASE), **given)
    with services.store.transaction() as tx:
        opened(tx, request, task)
        # only a wait that a precheck began has codes behind it
        tx.tasks.save_task(task)
    return task


def close(services, request, *, state=RequestState.DONE, answered=False):
    now = services.clock.now()
    values = {"state": state, "closed_at": now, "complete": False, "answered_at": now if answered else None}
    with services.store.transaction() as tx:
        tx.session.connection.execute(requests.update().where(requests.c.id == request.id).values(**values))


def live(services):
    with services.store.transaction() as tx:
        for kind in (CLOCK, WORKER):
            tx.heartbeats.record_heartbeat(kind, "test", version="1")


def find(services, *kinds):
    with services.store.read() as tx:
        found = list_conditions(tx=tx, services=services)
    return [one for one in found if not kinds or one.condition in kinds]


def list_found_conditions(services):
    configuration = SimpleNamespace(settings=services.settings)
    context = SimpleNamespace(store=services.store, services=services, configuration=configuration)
    return [result for result in check_conditions(context) if result.ok is False]


def text_of(reason):
    return "guard_store_credit_balance" if reason is WaitReason.PRECHECK_BLOCKED else reason.value


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("reason", BY_PERSON)
def test_an_erasure_that_waits_for_a_person_fails_the_doctor_with_what_to_type(services, reason, state):
    live(services)
    request = make_request(kind=RequestKind.ERASURE)
    before = make_task(request.id)
    with capture_logs() as logged:
        task = save(services, request, state=state, wait_reason=reason, last_error=text_of(reason))
        log_task_change(before, task)
    (line,) = logged
    assert (line["event"], line["log_level"], line["reason"]) == ("task.needs_person", "warning", reason)
    assert line["request"] == request.id
    (found,) = find(services)
    assert (found.condition, found.reason, found.ids) == (Condition.REQUEST_NEEDS_PERSON, reason, (request.id,))
    (failed,) = list_found_conditions(services)
    assert found.command in failed.fix
    assert f"docs/runbooks/{WAIT_GUIDES[reason].page}.md" in failed.fix


@pytest.mark.parametrize("reason", BY_ITSELF)
def test_what_goes_on_by_itself_is_no_condition(services, reason):
    live(services)
    save(services, make_request(), state=TaskState.WAITING, wait_reason=reason, last_error=reason.value)
    assert find(services) == []
    assert list_found_conditions(services) == []


@pytest.mark.parametrize("outcome", [Outcome.UNREACHED, Outcome.DENIED, Outcome.INCOMPLETE, Outcome.RETAINED])
def test_an_incomplete_answer_shouts_until_the_data_subject_has_it(services, outcome):
    live(services)
    request = make_request()
    save(services, request, state=TaskState.FAILED, outcome=outcome, last_error="shopify: HTTP 503")
    assert find(services) == [], "it is not answered yet"
    close(services, request)
    (found,) = find(services)
    assert (found.condition, found.reason, found.count) == (Condition.REQUEST_INCOMPLETE, outcome, 1)
    assert found.systems == ("shopify",)
    assert request.id in list_found_conditions(services)[0].fix
    close(services, request, answered=True)
    assert find(services) == []


def test_a_gap_of_a_task_that_is_done_counts_too_and_nothing_that_may_still_come(services):
    live(services)
    gap = Gap(system="shopify", absence=Absence.DENIED, what="gift cards", reason="scope")
    request, other = make_request(), make_request(subject="subject-other")
    save(services, request, state=TaskState.DONE, outcome=Outcome.FOUND, gaps=(gap,))
    save(services, other, state=TaskState.RETRY, outcome=Outcome.UNREACHED)
    close(services, request)
    close(services, other, state=RequestState.WAITING)
    assert [(one.condition, one.ids) for one in find(services)] == [(Condition.REQUEST_INCOMPLETE, (request.id,))]


def test_what_a_shop_s_erasure_ended_or_the_day_destroyed_needs_nobody(services, clock):
    live(services)
    destroyed, ended = make_request(), make_request(kind=RequestKind.ERASURE)
    for request in (destroyed, ended):
        save(services, request, state=TaskState.FAILED, outcome=Outcome.DENIED)
        close(services, request)
    assert find(services)[0].count == 2
    with services.store.transaction() as tx:
        tx.request_changes.erase_principal(destroyed.id)
    assert find(services)[0].ids == (ended.id,)
    clock.at += timedelta(seconds=1)
    shop = make_request(kind=RequestKind.SHOP_ERASURE, subject="")
    save(services, shop, state=TaskState.DONE)
    close(services, shop)
    live(services)
    assert find(services) == []


def test_silences_and_rows_that_stand_still_are_told_from_the_database(services, clock):
    live(services)
    accepted(services.store, "customers/data_request", data_request_body(1))
    clock.at += max(WORKER_SILENT_AFTER, STANDS_STILL_AFTER) + timedelta(minutes=1)
    found = {(one.condition, one.reason) for one in find(services)}
    assert found == {
        (Condition.CLOCK_SILENT, ""),
        (Condition.WORKER_SILENT, ""),
        (Condition.ROWS_STAND_STILL, "deliveries"),
    }
    assert {result.name for result in list_found_conditions(services)} == {
        "clock silent",
        "worker silent",
        "rows stand still deliveries",
    }
    live(services)
    assert {one.condition for one in find(services)} == {Condition.ROWS_STAND_STILL}


def test_a_clock_that_began_first_does_not_miss_a_worker_at_once(services, clock):
    with services.store.transaction() as tx:
        tx.heartbeats.record_heartbeat(CLOCK, "new", version="1")
    assert find(services) == []
    for _ in range(3):
        clock.at += timedelta(seconds=40)
        with services.store.transaction() as tx:
            tx.heartbeats.record_heartbeat(CLOCK, "new", version="1")
    assert [one.condition for one in find(services)] == [Condition.WORKER_SILENT]


def test_in_development_where_nothing_ever_ran_no_silence_fails(services):
    assert {one.condition for one in find(services)} == {Condition.CLOCK_SILENT, Condition.WORKER_SILENT}
    assert list_found_conditions(services) == []
