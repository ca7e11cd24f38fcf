"""Where a request stands: a table of its tasks' states, and when to look again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.model import Absence, Gap, RequestKind, RequestSource, RequestState, TaskAction, TaskState
from bridge.rules.requests.lifecycle import (
    RUNS_AFTER,
    TASK_RETRY_PAUSES_S,
    assess_request_status,
    compute_retry_pause_s,
    has_finished_prerequisites,
    is_task_ready,
    list_initial_tasks,
)
from tests.factories import NOW, make_task

LATER, LATEST = NOW + timedelta(hours=1), NOW + timedelta(days=1)
GAP = Gap(system="shopify", absence=Absence.DENIED, what="x", reason="y")
PENDING, RETRY, WAITING, DONE, FAILED = (
    TaskState.PENDING,
    TaskState.RETRY,
    TaskState.WAITING,
    TaskState.DONE,
    TaskState.FAILED,
)


def gather(state, system="shopify", **given):
    return make_task("req_1", system, state=state, **given)


def erase(state, **given):
    return make_task("req_1", "bridge", TaskAction.ERASE, state=state, **given)


def follow(state, **given):
    return make_task("req_1", "shopify", TaskAction.POLL_PLATFORM_ERASURE, state=state, **given)


def seal(state, **given):
    return make_task("req_1", "vault", TaskAction.SEAL_INVOICES, state=state, **given)


def ask_platform(state, **given):
    return make_task("req_1", "shopify", TaskAction.REQUEST_PLATFORM_ERASURE, state=state, **given)


def notify_task(state, **given):
    return make_task("req_1", "delhivery", TaskAction.NOTIFY_PROCESSOR, state=state, **given)


@pytest.mark.parametrize(
    ("kind", "plan"),
    [
        (
            RequestKind.ACCESS,
            [("shopify", TaskAction.GATHER), ("bluedart", TaskAction.GATHER), ("delhivery", TaskAction.GATHER)],
        ),
        (
            RequestKind.ERASURE,
            [
                ("shopify", TaskAction.LOCATE_PARCELS),
                ("vault", TaskAction.SEAL_INVOICES),
                ("bridge", TaskAction.ERASE),
                ("shopify", TaskAction.POLL_PLATFORM_ERASURE),
            ],
        ),
        (RequestKind.SHOP_ERASURE, [("bridge", TaskAction.ERASE)]),
    ],
)
def test_a_kind_has_its_plan(kind, plan):
    assert list_initial_tasks(kind, RequestSource.WEBHOOK, {"delhivery", "bluedart"}) == plan


@pytest.mark.parametrize(
    ("tasks", "state", "complete", "answerable", "wake_at"),
    [
        ([], RequestState.DONE, True, True, None),
        ([gather(PENDING)], RequestState.IN_PROGRESS, False, False, None),
        ([gather(DONE), gather(DONE, "delhivery")], RequestState.DONE, True, True, None),
        ([gather(DONE, gaps=(GAP,))], RequestState.DONE, False, True, None),
        ([gather(DONE), gather(PENDING, "delhivery")], RequestState.IN_PROGRESS, False, False, None),
        ([gather(RETRY, wake_at=LATER)], RequestState.IN_PROGRESS, False, False, LATER),
        ([gather(DONE), gather(RETRY, "delhivery", wake_at=LATER)], RequestState.WAITING, False, True, LATER),
        ([gather(FAILED), gather(DONE, "delhivery")], RequestState.DONE, False, True, None),
        ([gather(DONE), gather(FAILED, "delhivery")], RequestState.DONE, False, True, None),
        ([erase(PENDING), follow(PENDING)], RequestState.IN_PROGRESS, False, False, None),
        ([erase(RETRY, wake_at=LATER), follow(PENDING)], RequestState.IN_PROGRESS, False, False, LATER),
        ([erase(RETRY, wake_at=LATEST), follow(WAITING, wake_at=LATER)], RequestState.IN_PROGRESS, False, False, LATER),
        ([erase(DONE), follow(WAITING, wake_at=LATER)], RequestState.WAITING, False, True, LATER),
        (
            [erase(DONE), follow(WAITING, wake_at=LATEST), notify_task(WAITING)],
            RequestState.WAITING,
            False,
            True,
            LATEST,
        ),
        ([erase(DONE), follow(DONE), notify_task(WAITING)], RequestState.WAITING, False, True, None),
        ([erase(DONE), follow(DONE), notify_task(DONE)], RequestState.DONE, True, True, None),
        ([erase(WAITING)], RequestState.WAITING, False, False, None),
        ([erase(WAITING), notify_task(WAITING)], RequestState.WAITING, False, False, None),
        ([erase(WAITING), follow(PENDING)], RequestState.IN_PROGRESS, False, False, None),
        ([gather(WAITING, "vault"), erase(DONE)], RequestState.WAITING, False, False, None),
        ([gather(RETRY, "vault", wake_at=LATER)], RequestState.IN_PROGRESS, False, False, LATER),
        ([gather(WAITING, "vault", wake_at=LATER)], RequestState.WAITING, False, False, LATER),
        ([erase(DONE)], RequestState.DONE, True, True, None),
    ],
)
def test_a_request_stands_where_its_tasks_put_it(tasks, state, complete, answerable, wake_at):
    stands = assess_request_status(tasks)
    assert (stands.state, stands.complete, stands.answerable, stands.wake_at) == (state, complete, answerable, wake_at)


@pytest.mark.parametrize(
    ("task", "is_ready"),
    [
        (gather(PENDING), True),
        (gather(PENDING, wake_at=LATER), True),
        (gather(RETRY, wake_at=NOW), True),
        (gather(RETRY, wake_at=LATER), False),
        (follow(WAITING, wake_at=NOW), True),
        (notify_task(WAITING), False),
        (gather(DONE, wake_at=NOW), False),
        (gather(FAILED, wake_at=NOW), False),
    ],
)
def test_a_task_is_ready_when_its_moment_has_come(task, is_ready):
    assert is_task_ready(task, NOW) is is_ready


@pytest.mark.parametrize(
    ("task", "others", "its_turn"),
    [
        (gather(PENDING), [gather(PENDING, "delhivery")], True),
        (gather(PENDING, "delhivery"), [gather(PENDING)], False),
        (gather(PENDING, "delhivery"), [gather(RETRY)], False),
        (gather(PENDING, "delhivery"), [gather(DONE)], True),
        (gather(PENDING, "delhivery"), [gather(FAILED)], True),
        (gather(PENDING, "delhivery"), [gather(PENDING, "bluedart"), follow(PENDING)], True),
        (follow(PENDING), [erase(RETRY)], False),
        (follow(PENDING), [erase(PENDING)], False),
        (follow(PENDING), [erase(DONE), notify_task(WAITING)], True),
        (erase(PENDING), [follow(PENDING), gather(PENDING)], True),
        (erase(PENDING), [seal(PENDING)], False),
        (erase(PENDING), [seal(RETRY)], True),
        (ask_platform(PENDING), [seal(RETRY)], False),
        (ask_platform(PENDING), [seal(FAILED)], True),
    ],
)
def test_a_task_waits_for_what_must_come_before(task, others, its_turn):
    assert has_finished_prerequisites(task, [task, *others]) is its_turn


def test_no_action_runs_after_itself_by_a_detour():
    def find_earlier(action, seen=()):
        for earlier in RUNS_AFTER.get(action, ()):
            assert earlier not in seen, "a circle"
            if earlier is not action:  # a carrier's task runs after the platform's of the same action
                find_earlier(earlier, (*seen, action))

    for action in TaskAction:
        find_earlier(action)


def test_the_pauses_add_up_to_about_three_hours():
    assert [compute_retry_pause_s(attempt, None) for attempt in range(1, 6)] == list(TASK_RETRY_PAUSES_S)
    assert compute_retry_pause_s(99, None) == TASK_RETRY_PAUSES_S[-1]
    assert 2.5 * 3600 < sum(TASK_RETRY_PAUSES_S) < 3 * 3600


@pytest.mark.parametrize(("wish", "pause"), [(3, 10), (25.5, 25.5), (0, 10)])
def test_a_systems_own_wish_counts_where_it_is_longer(wish, pause):
    assert compute_retry_pause_s(1, wish) == pause


def test_what_was_opened_by_hand_the_platform_is_asked_for_before_it_is_followed():
    plan = list_initial_tasks(RequestKind.ERASURE, RequestSource.OPERATOR, {"delhivery"})
    assert plan == [
        ("shopify", TaskAction.LOCATE_PARCELS),
        ("vault", TaskAction.SEAL_INVOICES),
        ("shopify", TaskAction.REQUEST_PLATFORM_ERASURE),
        ("shopify", TaskAction.REMOVE_PLATFORM_RESIDUE),
        ("bridge", TaskAction.ERASE),
        ("shopify", TaskAction.POLL_PLATFORM_ERASURE),
    ]
    ask = make_task("req_1", "shopify", TaskAction.REQUEST_PLATFORM_ERASURE, state=RETRY)
    erase = make_task("req_1", "bridge", TaskAction.ERASE, state=DONE)
    follow = make_task("req_1", "shopify", TaskAction.POLL_PLATFORM_ERASURE)
    assert has_finished_prerequisites(erase, [ask, erase, follow])
    assert not has_finished_prerequisites(follow, [ask, erase, follow])
    redact = make_task("req_1", "shopify", TaskAction.REMOVE_PLATFORM_RESIDUE)
    asked = make_task("req_1", "shopify", TaskAction.REQUEST_PLATFORM_ERASURE, state=DONE)
    assert not has_finished_prerequisites(redact, [ask, redact, erase, follow])
    assert has_finished_prerequisites(redact, [asked, redact, erase, follow])
    assert not has_finished_prerequisites(follow, [asked, redact, erase, follow])
