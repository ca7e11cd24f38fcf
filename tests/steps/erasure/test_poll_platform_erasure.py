"""Follow: the platform is asked until it says that it erased; what cannot be asked stays open, not failed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import ConnectorUnavailable, CredentialRejected
from bridge.model import ErasureState, Outcome, Principal, RequestKind, TaskAction, TaskState
from bridge.rules.requests.progress_codec import encode_detail
from bridge.steps.erasure.poll_platform_erasure import poll_platform_erasure
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
