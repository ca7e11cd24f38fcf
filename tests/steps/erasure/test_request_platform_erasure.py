"""Ask: what was opened by hand the platform is asked for, once; erasing here waits for nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.errors import ConnectorRefused, ConnectorUnavailable, CredentialRejected, PayloadInvalid
from bridge.model import ErasureState, Outcome, Principal, RequestKind, RequestState, TaskAction, TaskState
from bridge.steps.erasure.cancel_platform_erasure import cancel_platform_erasure
from bridge.steps.requests.open_for_person import open_person_request
from bridge.steps.requests.process import process_request
from tests.factories import NOW, SHOP
from tests.kit.operator_requests import open_as_operator

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ASHA = Principal(email="asha@example.com")


def opened_by_hand(services, who=ASHA, kind=RequestKind.ERASURE, received_at=NOW):
    return open_as_operator(services, who, shop=SHOP, kind=kind, at=received_at)


def tasks(services, request_id):
    with services.store.transaction() as tx:
        return {task.action: task for task in tx.tasks.list_tasks(request_id)}


def principal(services, request_id):
    with services.store.transaction() as tx:
        return tx.requests.get_request(request_id).principal


def test_the_customer_is_found_by_address_and_the_erasure_is_polled_by_id(services, platform):
    platform.customers["asha@example.com"] = "7001"
    request_id = opened_by_hand(services)
    assert process_request(request_id, services=services)
    seen = tasks(services, request_id)
    assert platform.requested == ["7001"]
    assert (seen[TaskAction.REQUEST_PLATFORM_ERASURE].state, seen[TaskAction.REQUEST_PLATFORM_ERASURE].outcome) == (
        TaskState.DONE,
        Outcome.UNCONFIRMED,
    )
    assert seen[TaskAction.ERASE].state is TaskState.DONE
    assert seen[TaskAction.POLL_PLATFORM_ERASURE].state is TaskState.WAITING
    assert principal(services, request_id) == Principal(customer_id="7001")
    assert [who.customer_id for who in platform.erasure_asked] == ["7001"]


def test_a_second_customer_that_may_be_another_person_is_in_the_certificate_and_in_a_review(services, platform):
    """Nothing tells that both are one person: one customer is asked about, and the other is not passed over."""
    platform.customers |= {"asha@example.com": "7001", "asha@work.example.com": "7002"}
    request_id = opened_by_hand(services, Principal(email="asha@example.com, asha@work.example.com"))
    assert process_request(request_id, services=services)
    with services.store.transaction() as tx:
        certificate = tx.packages.find_certificate(request_id)
        [review] = tx.reviews.list_reviews(kind="several_customers")
    [search] = [line for line in certificate["platform"] if line["action"] == "identify"]
    assert search["not_asked_about"] == [{"what": "1 further customer", "reason": "several_customers"}]
    assert certificate["outcome"] != "erased"
    assert review.request_id == request_id
    assert platform.requested == ["7001"]


@pytest.mark.parametrize("email", ["asha@example.com", "asha@example.com, nobody@example.com", "ASHA@example.com"])
def test_one_customer_of_the_addresses_needs_no_review(services, platform, email):
    platform.customers["asha@example.com"] = "7001"
    request_id = opened_by_hand(services, Principal(email=email))
    process_request(request_id, services=services)
    assert tasks(services, request_id)[TaskAction.REQUEST_PLATFORM_ERASURE].gaps == ()
    with services.store.transaction() as tx:
        assert tx.reviews.list_reviews(kind="several_customers") == []


def test_a_platform_that_is_down_is_asked_again_and_erasing_here_does_not_wait(services, platform, clock):
    platform.customers["asha@example.com"] = "7001"
    platform.answers = [ConnectorUnavailable("shopify: HTTP 503")]
    request_id = opened_by_hand(services)
    process_request(request_id, services=services)
    seen = tasks(services, request_id)
    assert (seen[TaskAction.REQUEST_PLATFORM_ERASURE].state, seen[TaskAction.ERASE].state) == (
        TaskState.RETRY,
        TaskState.DONE,
    )
    assert seen[TaskAction.POLL_PLATFORM_ERASURE].state is TaskState.PENDING
    clock.at = NOW + timedelta(minutes=1)
    process_request(request_id, services=services)
    seen = tasks(services, request_id)
    assert (seen[TaskAction.REQUEST_PLATFORM_ERASURE].state, seen[TaskAction.POLL_PLATFORM_ERASURE].state) == (
        TaskState.DONE,
        TaskState.WAITING,
    )
    assert platform.requested == ["7001", "7001"]


def test_a_platform_that_refuses_is_a_state_with_a_reason(services, platform):
    platform.answers = [CredentialRejected("shopify: not allowed (write_customer_data_erasure)")]
    request_id = opened_by_hand(services, Principal(customer_id="7001"))
    process_request(request_id, services=services)
    ask = tasks(services, request_id)[TaskAction.REQUEST_PLATFORM_ERASURE]
    assert (ask.state, ask.outcome) == (TaskState.FAILED, Outcome.DENIED)
    assert "write_customer_data_erasure" in ask.last_error


def test_somebody_the_platform_does_not_know_is_absent_there(services, platform):
    request_id = opened_by_hand(services)
    process_request(request_id, services=services)
    ask = tasks(services, request_id)[TaskAction.REQUEST_PLATFORM_ERASURE]
    assert (ask.state, ask.outcome, platform.requested) == (TaskState.DONE, Outcome.ABSENT, [])


def test_without_a_platform_nobody_is_asked(services):
    del services.connectors["shopify"]
    request_id = opened_by_hand(services)
    process_request(request_id, services=services)
    assert tasks(services, request_id)[TaskAction.REQUEST_PLATFORM_ERASURE].outcome is Outcome.DENIED


def test_the_clock_starts_when_the_customer_asked_and_asking_again_only_shortens_it(services, clock):
    first = opened_by_hand(services, kind=RequestKind.ACCESS)
    earlier = NOW - timedelta(days=3)
    assert opened_by_hand(services, kind=RequestKind.ACCESS, received_at=earlier) == first
    clock.at = NOW + timedelta(days=1)
    assert opened_by_hand(services, kind=RequestKind.ACCESS, received_at=clock.at) == first
    with services.store.transaction() as tx:
        request = tx.requests.get_request(first)
        facts = [event.fact for event in tx.evidence.list_facts_of_request(first)]
    assert (request.received_at, request.received_at_basis) == (earlier, "operator_entered")
    assert facts == ["request.opened", "letter.queued", "request.joined", "request.joined"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"received_at": NOW + timedelta(seconds=1)}, "received_in_the_future"),
        ({"kind": RequestKind.SHOP_ERASURE}, "kind_not_by_hand"),
        ({"who": Principal()}, "nobody_named"),
        ({"who": Principal(email="nobody")}, "email_unreadable"),
        ({"who": Principal(phone="none")}, "phone_unreadable"),
        ({"who": Principal(customer_id="Asha")}, "customer_unreadable"),
    ],
)
def test_what_cannot_be_opened_says_why(services, changed, reason):
    with pytest.raises(PayloadInvalid, match=reason):
        opened_by_hand(services, **changed)


def test_a_shop_that_is_not_ours_is_refused(services):
    with pytest.raises(PayloadInvalid, match="shop_unknown"):
        open_person_request(
            RequestKind.ACCESS, "evil.example", ASHA, NOW, actor="operator:test", reason="mail", services=services
        )


def cancelled(services, request_id):
    cancel_platform_erasure(request_id, actor="operator:test", reason="the customer wrote again", services=services)


def test_what_was_asked_for_can_be_taken_back_while_it_waits(services, platform):
    request_id = opened_by_hand(services, Principal(customer_id="7001"))
    process_request(request_id, services=services)
    cancelled(services, request_id)
    assert platform.requested == []
    assert tasks(services, request_id)[TaskAction.POLL_PLATFORM_ERASURE].outcome is Outcome.RETAINED
    with services.store.transaction() as tx:
        request = tx.requests.get_request(request_id)
        assert [event.fact for event in tx.evidence.list_facts_of_request(request_id)][-2:] == [
            "platform_erasure.cancelled",
            "certificate.issued",
        ]
    assert (request.state, request.complete, request.principal) == (RequestState.DONE, False, Principal())
    with pytest.raises(ConnectorRefused, match="nothing"):
        cancelled(services, request_id)


def test_too_late_is_the_platforms_word_and_it_is_followed_on(services, platform, monkeypatch):
    request_id = opened_by_hand(services, Principal(customer_id="7001"))
    process_request(request_id, services=services)

    def too_late(_customer_id, *, shop):
        raise ConnectorRefused("shopify: UNAUTHORIZED_CANCELLATION")

    monkeypatch.setattr(platform, "cancel_erasure", too_late)
    with pytest.raises(ConnectorRefused, match="UNAUTHORIZED"):
        cancelled(services, request_id)
    platform.erasures = [ErasureState(outcome=Outcome.ERASED, reason="redacted")]
    assert tasks(services, request_id)[TaskAction.POLL_PLATFORM_ERASURE].state is TaskState.WAITING


def test_one_from_the_platform_itself_cannot_be_taken_back(services):
    with pytest.raises(ConnectorRefused):
        cancelled(services, "req_unknown")
