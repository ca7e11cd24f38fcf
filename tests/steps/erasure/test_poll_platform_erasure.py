"""Follow: the platform is asked until it says that it erased; what cannot be asked stays open, not failed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import ConnectorUnavailable, CredentialRejected, PayloadInvalid
from bridge.model import ErasureState, Outcome, PollProgress, Principal, RequestKind, TaskAction, TaskState, WaitReason
from bridge.rules.requests.progress_codec import encode_detail
from bridge.steps.erasure.poll_platform_erasure import poll_platform_erasure
from bridge.steps.erasure.settle_platform_erasure import UNCONFIRMED_REVIEW_KIND, settle_platform_erasure
from bridge.steps.requests.process import process_request
from tests.factories import NOW, make_request, make_task, opened
from tests.fakes import FakeCarrier
from tests.kit.running import acquire_lease_anew

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

READABLE = ErasureState(outcome=Outcome.UNCONFIRMED, reason="readable")


@pytest.fixture
def erasure_request(services):
    request = make_request(kind=RequestKind.ERASURE, principal=Principal(customer_id="7001"))
    with services.store.transaction() as tx:
        opened(tx, request, make_task(request.id, "shopify", TaskAction.POLL_PLATFORM_ERASURE))
    return request


def poll_again(request, services):
    lease = acquire_lease_anew(services.store, request.id)
    with services.store.transaction() as tx:
        [task] = tx.tasks.list_tasks(request.id)
    saved = poll_platform_erasure(request, task, lease, services=services)
    with services.store.transaction() as tx:
        assert tx.tasks.list_tasks(request.id) == [saved]
    return saved


def read_principal_and_facts(request, services):
    with services.store.transaction() as tx:
        return tx.requests.get_request(request.id).principal, [
            fact.fact for fact in tx.evidence.list_facts_of_request(request.id)
        ]


@pytest.mark.parametrize("outcome", [Outcome.ERASED, Outcome.ABSENT])
def test_an_answer_ends_it_and_the_request_forgets_the_person(services, platform, erasure_request, outcome):
    platform.erasures = [ErasureState(outcome=outcome, reason="redacted")]
    task = poll_again(erasure_request, services)
    assert (task.state, task.outcome, task.finished_at) == (TaskState.DONE, outcome, NOW)
    assert (task.wake_at, task.expected_by, task.last_error) == (None, None, "")
    assert encode_detail(task.progress) == {"reason": "redacted"}
    assert read_principal_and_facts(erasure_request, services) == (Principal(), ["task.done"])
    assert platform.erasure_asked == [Principal(customer_id="7001")]


def test_until_then_it_asks_after_an_hour_and_then_each_day_and_says_so_once(services, erasure_request):
    for attempt, pause in ((1, 3600), (2, 86_400), (3, 86_400)):
        task = poll_again(erasure_request, services)
        assert (task.state, task.outcome, task.attempts) == (TaskState.WAITING, Outcome.UNCONFIRMED, attempt)
        assert task.wake_at == NOW + timedelta(seconds=pause)
        assert task.expected_by == NOW + timedelta(days=180)
        assert task.last_error == "readable"
    assert read_principal_and_facts(erasure_request, services) == (Principal(customer_id="7001"), ["task.waiting"])


@pytest.mark.parametrize("fault", [ConnectorUnavailable("down"), CredentialRejected("401")])
def test_a_platform_that_cannot_be_asked_leaves_the_question_open(services, platform, erasure_request, fault):
    platform.erasures = [fault, READABLE]
    task = poll_again(erasure_request, services)
    assert (task.state, task.outcome, task.last_error) == (TaskState.WAITING, Outcome.UNCONFIRMED, type(fault).__name__)


@pytest.mark.parametrize("connectors", [{}, {"shopify": FakeCarrier("shopify")}])
def test_without_a_platform_the_question_is_open_too(services, erasure_request, connectors):
    task = poll_again(erasure_request, replace(services, connectors=connectors))
    assert (task.state, task.last_error) == (TaskState.WAITING, "not_configured")


# --- no wait without an end ---------------------------------------------------------------------------

EMPTY = ErasureState(outcome=Outcome.UNCONFIRMED, reason="nothing_left", open_orders=0)


def list_unconfirmed_reviews(request, services):
    with services.store.transaction() as tx:
        return tx.reviews.list_reviews(kind=UNCONFIRMED_REVIEW_KIND, request_id=request.id)


@pytest.mark.parametrize(
    ("answer", "days", "outcome"),
    [
        (EMPTY, 0, Outcome.ERASED),
        (replace(EMPTY, open_orders=2), 179, Outcome.UNCONFIRMED),
        (replace(EMPTY, open_orders=2), 180, Outcome.ERASED),
        (replace(EMPTY, open_orders=None), 179, Outcome.UNCONFIRMED),
        (replace(EMPTY, open_orders=None), 180, Outcome.ERASED),
        (READABLE, 189, Outcome.UNCONFIRMED),
    ],
)
def test_a_customer_of_whom_nothing_is_left_counts_as_erased_where_that_is_plausible(
    services, platform, clock, erasure_request, answer, days, outcome
):
    platform.erasures = [answer]
    clock.at += timedelta(days=days)
    task = poll_again(erasure_request, services)
    assert task.outcome is outcome
    assert task.state is (TaskState.DONE if outcome is Outcome.ERASED else TaskState.WAITING)
    assert task.progress.reason == answer.reason
    assert list_unconfirmed_reviews(erasure_request, services) == []


@pytest.mark.parametrize("answer", [READABLE, CredentialRejected("401"), replace(EMPTY, outcome=Outcome.DENIED)])
def test_after_the_days_of_the_merchant_a_person_is_asked_once(services, platform, clock, erasure_request, answer):
    """A token that died with the app ends too."""
    platform.erasures = [answer] * 2
    clock.at += timedelta(days=services.merchant.clocks.platform_erasure_days)
    for _ in range(2):
        task = poll_again(erasure_request, services)
    assert (task.state, task.outcome, task.wake_at) == (TaskState.FAILED, Outcome.UNCONFIRMED, None)
    assert (task.wait_reason, task.last_error) == (WaitReason.PLATFORM_UNCONFIRMED, "platform_unconfirmed")
    [review] = list_unconfirmed_reviews(erasure_request, services)
    assert f"dsr close {erasure_request.id}" in review.what
    assert read_principal_and_facts(erasure_request, services)[0] == Principal(customer_id="7001"), (
        "who decides may have to look"
    )


@pytest.mark.parametrize("days", [1, 30, 400])
def test_the_days_are_the_merchants(services, platform, clock, erasure_request, days):
    changed = replace(
        services,
        merchant=replace(services.merchant, clocks=replace(services.merchant.clocks, platform_erasure_days=days)),
    )
    clock.at += timedelta(days=days) - timedelta(seconds=1)
    assert poll_again(erasure_request, changed).state is TaskState.WAITING
    clock.at += timedelta(seconds=1)
    assert poll_again(erasure_request, changed).state is TaskState.FAILED


def unconfirmed(request, services, clock):
    """Return the request closed and certified, with the platform's answer missing after all the days."""
    clock.at += timedelta(days=services.merchant.clocks.platform_erasure_days)
    assert process_request(request.id, services=services)
    with services.store.transaction() as tx:
        assert [task.state for task in tx.tasks.list_tasks(request.id)] == [TaskState.FAILED]
    return certificate(request, services)


def certificate(request, services):
    with services.store.transaction() as tx:
        [line] = tx.packages.find_certificate(request.id)["platform"]
    return line


@pytest.mark.parametrize(
    ("decision", "words", "complete"),
    [
        (Outcome.ERASED, "A person examined", True),
        (Outcome.UNCONFIRMED, "Shopify has not confirmed the erasure.", False),
    ],
)
def test_a_decision_ends_the_task_and_the_certificate_says_what_is_true(
    services, platform, clock, erasure_request, decision, words, complete
):
    before = unconfirmed(erasure_request, services, clock)
    assert (before["answer"], before["reason"]) == ("unconfirmed", "platform_unconfirmed")
    assert before["statement"] == "Shopify has not confirmed the erasure."
    settle_platform_erasure(erasure_request.id, decision, actor="operator:test", reason="seen", services=services)
    asked = len(platform.erasure_asked)
    assert process_request(erasure_request.id, services=services)
    assert len(platform.erasure_asked) == asked, "the platform is not asked again"
    line = certificate(erasure_request, services)
    assert (line["answer"], line["reason"]) == (decision, "recorded_by_operator")
    assert words in line["statement"]
    assert "has confirmed" not in line["statement"]
    principal, facts = read_principal_and_facts(erasure_request, services)
    assert principal == Principal()
    assert "platform_erasure.settled" in facts
    with services.store.transaction() as tx:
        stored = tx.requests.get_request(erasure_request.id)
    assert (stored.complete, list_unconfirmed_reviews(erasure_request, services)) == (complete, [])
    assert not process_request(erasure_request.id, services=services), "it is done"


def test_polling_again_asks_a_person_again_after_as_many_days(services, platform, clock, erasure_request):
    unconfirmed(erasure_request, services, clock)
    settle_platform_erasure(erasure_request.id, None, actor="operator:test", reason="ordered again", services=services)
    assert list_unconfirmed_reviews(erasure_request, services) == []
    days = services.merchant.clocks.platform_erasure_days
    platform.erasures = [READABLE]
    assert process_request(erasure_request.id, services=services)
    with services.store.transaction() as tx:
        [task] = tx.tasks.list_tasks(erasure_request.id)
    assert (task.state, task.progress.wait_until) == (TaskState.WAITING, clock.now() + timedelta(days=days))
    clock.at += timedelta(days=days)
    assert poll_again(erasure_request, services).state is TaskState.FAILED
    assert len(list_unconfirmed_reviews(erasure_request, services)) == 1


def test_an_answer_that_comes_after_all_closes_the_review(services, platform, clock, erasure_request):
    unconfirmed(erasure_request, services, clock)
    with services.store.transaction() as tx:
        tx.request_changes.restart_request(erasure_request.id)
    platform.erasures = [ErasureState(outcome=Outcome.ERASED, reason="redacted")]
    assert process_request(erasure_request.id, services=services)
    assert list_unconfirmed_reviews(erasure_request, services) == []
    assert "has confirmed" in certificate(erasure_request, services)["statement"]


@pytest.mark.parametrize("decision", [Outcome.ERASED, Outcome.UNCONFIRMED, None])
def test_nothing_can_be_decided_while_the_platform_is_polled(services, erasure_request, decision):
    poll_again(erasure_request, services)
    with pytest.raises(PayloadInvalid, match="nothing_unconfirmed"):
        settle_platform_erasure(erasure_request.id, decision, actor="operator:test", reason="early", services=services)


@pytest.mark.parametrize("reason", ["readable", "no_contact_to_tell_by", "denied", "CredentialRejected"])
@pytest.mark.parametrize(
    ("answer", "days", "state"),
    [(EMPTY, 1, TaskState.DONE), (READABLE, 400, TaskState.FAILED), (READABLE, 1, TaskState.WAITING)],
)
def test_a_task_that_an_older_release_left_waiting_ends_by_the_same_rules(
    services, platform, clock, erasure_request, reason, answer, days, state
):
    with services.store.transaction() as tx:
        tx.session.connection.exec_driver_sql(
            "UPDATE tasks SET state = 'waiting', attempts = 90, outcome = 'unconfirmed', last_error = ?, detail = ?",
            (reason, f'{{"reason": "{reason}"}}'),
        )
        [task] = tx.tasks.list_tasks(erasure_request.id)
    assert task.progress == PollProgress(reason=reason)
    platform.erasures = [answer]
    clock.at += timedelta(days=days)
    assert poll_again(erasure_request, services).state is state
