"""An erasure and the access package of the same data subject: neither right is lost by the other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.errors import PayloadInvalid
from bridge.model import AnswerBasis, Outcome, Principal, RequestKind, RequestState, TaskAction, TaskState, WaitReason
from bridge.steps.requests.answer_warnings import AnswerEnd, list_answer_warnings, log_urgent_answers
from bridge.steps.requests.process import process_request
from bridge.steps.requests.record_answer_given import record_delivery, waive_answer
from bridge.steps.retention.expire_bodies import expire_bodies_and_packages
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.store.schema.tables import requests
from tests.factories import ASHA, NOW, SHOP, accepted, data_request_body, make_finding, order, redact_body
from tests.fakes import page
from tests.kit.durations import days
from tests.kit.handing_over import hand_over_package
from tests.kit.indexing import ingest
from tests.kit.operator_requests import open_as_operator
from tests.kit.running import restart_and_process
from tests.kit.stored import list_fact_details, read_request

HELD = "package_not_handed_over"


def ask(services, topic, body, **given):
    """Receive a webhook and work on what it asks."""
    delivery = accepted(services.store, topic, body, **given)
    request_id = dispatch_delivery(delivery.id, services=services)
    process_request(request_id, services=services)
    return request_id


@pytest.fixture
def both(services, platform):
    """Return the ids of an access request that is ready and of the erasure that Shopify sends after it."""
    ingest(services.store, order())
    platform.pages = [page(make_finding("1001"))]
    access_id = ask(services, "customers/data_request", data_request_body(9999, 1001))
    services.clock.at = NOW + timedelta(seconds=21)
    return access_id, ask(services, "customers/redact", redact_body(1001))


def read_erasure(services, erasure_id):
    request, tasks, _ = read_request(services.store, erasure_id)
    return request, next(task for task in tasks if task.action is TaskAction.ERASE)


def has_package(services, access_id):
    with services.store.transaction() as tx:
        return bool(b"".join(tx.packages.read_package(access_id)))


def test_an_erasure_waits_until_the_package_left_the_bridge(services, both):
    access_id, erasure_id = both
    request, task = read_erasure(services, erasure_id)
    assert (task.state, task.wait_reason, task.last_error) == (
        TaskState.WAITING,
        WaitReason.PACKAGE_NOT_HANDED_OVER,
        HELD,
    )
    assert task.expected_by == request.due_at - days(3), "and no longer than its own term allows"
    assert (request.state, request.closed_at) == (RequestState.IN_PROGRESS, None)
    assert has_package(services, access_id)
    with services.store.transaction() as tx:
        assert list(tx.index.list_orders(SHOP, ASHA)) == ["1001"]
    facts = [fact for fact in list_fact_details(services.store, erasure_id) if fact[0] == "task.waiting"]
    assert [(detail["reason"], detail["until"]) for _, detail in facts] == [(HELD, task.expected_by.isoformat())]
    with services.store.transaction() as tx:
        wake_at = tx.requests.read_request_row(erasure_id).wake_at
    assert wake_at == services.clock.at + days(1), "it is not asked again each second"
    hand_over_package(services, access_id)
    assert process_request(erasure_id, services=services), "it is due at once"
    request, task = read_erasure(services, erasure_id)
    assert (task.state, task.outcome, task.expected_by) == (TaskState.DONE, Outcome.ERASED, None)
    assert not has_package(services, access_id)
    destroyed = [fact for fact, _ in list_fact_details(services.store, access_id) if fact == "package.destroyed"]
    assert destroyed == [], "what was handed over is not lost"


@pytest.mark.parametrize("way", ["deliver", "waive"])
def test_a_delivery_recorded_by_hand_and_a_waiver_end_the_wait_too(services, both, queue, way):
    access_id, erasure_id = both
    if way == "deliver":
        assert record_delivery(
            access_id, channel="registered post", on=None, actor="operator:o", services=services
        ) == (services.clock.at, False)
    else:
        waive_answer(access_id, actor="operator:o", reason="wants the erasure at once", services=services)
    assert ("process", erasure_id, True) in queue.jobs
    process_request(erasure_id, services=services)
    assert read_erasure(services, erasure_id)[1].outcome is Outcome.ERASED
    access = read_request(services.store, access_id)[0]
    expected = AnswerBasis.DELIVERED if way == "deliver" else AnswerBasis.WAIVED
    assert (access.answered_at, access.answer_basis, access.handed_over_at) == (
        services.clock.at,
        expected,
        services.clock.at,
    )
    fact, detail = next(pair for pair in list_fact_details(services.store, access_id) if pair[0].startswith("answer."))
    assert (fact, detail.get("channel"), detail.get("late")) == (
        ("answer.delivered", "registered post", False) if way == "deliver" else ("answer.waived", None, None)
    )


def test_at_the_end_of_the_wait_the_erasure_keeps_its_term_and_says_what_was_lost(services, both, capsys):
    access_id, erasure_id = both
    due_at = read_erasure(services, erasure_id)[0].due_at
    while services.clock.at < due_at - days(3):
        services.clock.at += days(1)
        process_request(erasure_id, services=services)
    request, task = read_erasure(services, erasure_id)
    assert task.outcome is Outcome.ERASED
    assert request.closed_at < request.due_at
    lost = [detail for fact, detail in list_fact_details(services.store, access_id) if fact == "package.destroyed"]
    assert lost == [{"count": 1, "reason": "erasure_due", "handed_over": False}]
    assert "package.destroyed" in capsys.readouterr().out
    assert read_request(services.store, access_id)[0].answered_at is None, "and the request stays unanswered"


def test_shopify_is_not_asked_either(services, platform):
    """Requirement C-04: what the merchant's own request would erase at Shopify waits as well."""
    platform.customers = {ASHA.email: "7001"}
    platform.pages = [page(make_finding("1001"))]
    access_id = open_as_operator(services, ASHA, shop=SHOP, kind=RequestKind.ACCESS)
    process_request(access_id, services=services)
    erasure_id = open_as_operator(services, ASHA, shop=SHOP)
    process_request(erasure_id, services=services)
    assert platform.requested == []
    states = {task.action: task.wait_reason for task in read_request(services.store, erasure_id)[1]}
    assert states[TaskAction.REQUEST_PLATFORM_ERASURE] is WaitReason.PACKAGE_NOT_HANDED_OVER
    hand_over_package(services, access_id)
    process_request(erasure_id, services=services)
    assert platform.requested == ["7001"]


def test_a_package_that_was_made_anew_is_waited_for_again(services, both):
    access_id, erasure_id = both
    hand_over_package(services, access_id)
    services.clock.at += timedelta(hours=1)
    with services.store.transaction() as tx:
        tx.tasks.reset_tasks(access_id)
    restart_and_process(services, access_id)
    process_request(erasure_id, services=services)
    assert read_erasure(services, erasure_id)[1].state is TaskState.WAITING
    hand_over_package(services, access_id)
    process_request(erasure_id, services=services)
    assert read_erasure(services, erasure_id)[1].outcome is Outcome.ERASED


def test_an_access_request_that_failed_is_waited_for_until_an_operator_had_time(services, platform, both):
    access_id, erasure_id = both
    hand_over_package(services, access_id)
    with services.store.transaction() as tx:
        tx.packages.delete_package(access_id)
        tx.session.connection.execute(
            requests.update().where(requests.c.id == access_id).values(state="failed", closed_at=None)
        )
    process_request(erasure_id, services=services)
    request, task = read_erasure(services, erasure_id)
    assert (task.state, task.expected_by) == (TaskState.WAITING, request.due_at - days(3))


def test_somebody_elses_package_delays_nothing(services, platform):
    platform.pages = [page(make_finding("1001"))]
    ask(services, "customers/data_request", data_request_body(9998, id=8001, email="other@example.com", phone=""))
    ingest(services.store, order())
    erasure_id = ask(services, "customers/redact", redact_body(1001))
    assert read_erasure(services, erasure_id)[1].state is TaskState.DONE


def test_who_gave_an_answer_up_and_asks_again_is_owed_it_again(services, platform):
    platform.pages = [page(make_finding("1001"))]
    access_id = open_as_operator(services, ASHA, shop=SHOP, kind=RequestKind.ACCESS)
    waive_answer(access_id, actor="operator:o", reason="asked for nothing more", services=services)
    assert open_as_operator(services, ASHA, shop=SHOP, kind=RequestKind.ACCESS) == access_id
    assert read_request(services.store, access_id)[0].answer_basis is None


@pytest.mark.parametrize("given", [{"channel": "post", "on": None}, {"reason": "gave it up"}])
def test_nobody_is_told_of_a_request_without_a_person(services, given):
    call = waive_answer if "reason" in given else record_delivery
    with pytest.raises(PayloadInvalid, match="request_unknown"):
        call("req_nobody", actor="operator:o", services=services, **given)


def test_an_answer_that_is_not_ready_cannot_have_arrived(services):
    access_id = open_as_operator(services, ASHA, shop=SHOP, kind=RequestKind.ACCESS)
    with pytest.raises(PayloadInvalid, match="not_answered_yet"):
        record_delivery(access_id, channel="post", on=None, actor="operator:o", services=services)


def test_the_first_answer_counts_and_a_later_one_does_not_make_it_late(services, both):
    access_id, _ = both
    answered = {"channel": "e-mail", "on": None, "actor": "operator:o", "services": services}
    first, _ = record_delivery(access_id, **answered)
    services.clock.at += days(40)
    assert record_delivery(access_id, **answered) == (services.clock.at, True), "of this one it is true"
    assert read_request(services.store, access_id)[0].answered_at == first
    with pytest.raises(PayloadInvalid, match="answered_already"):
        waive_answer(access_id, actor="operator:o", reason="too late to give up", services=services)


def list_ends(services):
    with services.store.read() as tx:
        return {warning.end: warning for warning in list_answer_warnings(tx=tx, services=services)}


def test_what_ends_is_listed_and_becomes_urgent_three_days_before(services, both, capsys):
    access_id, erasure_id = both
    calm = list_ends(services)
    assert {end: warning.is_urgent for end, warning in calm.items()} == dict.fromkeys(AnswerEnd, False)
    assert calm[AnswerEnd.PACKAGE_NOT_HANDED_OVER].ends_at == NOW + days(14)
    assert log_urgent_answers(services=services) == 0
    services.clock.at = NOW + days(11)
    assert list_ends(services)[AnswerEnd.PACKAGE_NOT_HANDED_OVER].is_urgent
    assert not list_ends(services)[AnswerEnd.ERASURE_WAITS_FOR_PACKAGE].is_urgent
    assert log_urgent_answers(services=services) == 1
    line = next(text for text in capsys.readouterr().out.splitlines() if "answer.ends_soon" in text)
    assert access_id in line
    services.clock.at = NOW + days(25)
    assert {end for end, warning in list_ends(services).items() if warning.is_urgent} >= {
        AnswerEnd.ERASURE_WAITS_FOR_PACKAGE
    }
    record_delivery(access_id, channel="e-mail", on=None, actor="operator:o", services=services)
    process_request(erasure_id, services=services)
    assert list_ends(services) == {}


def test_a_package_that_expires_unseen_is_recorded_and_the_request_stays_unanswered(services, both):
    access_id, erasure_id = both
    services.clock.at = NOW + days(15)
    assert expire_bodies_and_packages(services=services)["packages"] == 1
    lost = [detail for fact, detail in list_fact_details(services.store, access_id) if fact == "package.destroyed"]
    assert lost == [{"count": 1, "reason": "expired", "handed_over": False}]
    for _ in range(2):  # its plan changed: the package is not in it any more
        process_request(erasure_id, services=services)
        services.clock.at += timedelta(seconds=1)
    assert read_erasure(services, erasure_id)[1].outcome is Outcome.ERASED, "there is nothing left to wait for"
    assert list_ends(services)[AnswerEnd.ANSWER_NOT_DELIVERED].request_id == access_id


def test_both_asked_for_too_late_are_answered_one_after_the_other(services, platform):
    platform.pages = [page(make_finding("1001"))]
    received = NOW - days(40)
    access_id = open_as_operator(services, ASHA, shop=SHOP, kind=RequestKind.ACCESS, at=received)
    process_request(access_id, services=services)
    erasure_id = open_as_operator(services, Principal(customer_id="7001"), shop=SHOP, at=received)
    process_request(erasure_id, services=services)
    assert read_erasure(services, erasure_id)[1].expected_by == NOW + days(3)
    opened = dict(list_fact_details(services.store, access_id))["request.opened"]
    assert opened["late"] is True
