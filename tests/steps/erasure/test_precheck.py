"""Prechecks: Shopify is not asked to erase a customer who would lose money by it, until an operator releases it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.errors import ConnectorUnavailable, PayloadInvalid
from bridge.model import Balance, Outcome, Principal, RequestState, Residue, TaskAction, TaskState
from bridge.rules.requests.progress_codec import encode_detail
from bridge.steps.erasure.release_precheck import release_precheck
from bridge.steps.requests.process import process_request
from tests.factories import NOW, SHOP
from tests.kit.operator_requests import open_as_operator
from tests.kit.running import restart_and_process
from tests.kit.stored import list_reviews

CUSTOMER = Principal(customer_id="7001")
STORE_CREDIT, CARDS = "store_credit_balance", "gift_card_balance"


def owes(**counts):
    return [Balance(code=code, count=count) for code, count in counts.items()]


@pytest.fixture
def request_id(services):
    return open_as_operator(services, CUSTOMER, shop=SHOP, at=NOW)


def task_of(services, request_id, action=TaskAction.REQUEST_PLATFORM_ERASURE):
    with services.store.transaction() as tx:
        return next(task for task in tx.tasks.list_tasks(request_id) if task.action is action)


def list_details(services, request_id, name):
    with services.store.transaction() as tx:
        return [event.detail for event in tx.evidence.list_facts_of_request(request_id) if event.fact == name]


def let_go(services, request_id):
    return release_precheck(
        request_id, actor="operator:test", reason="the customer was told and agrees", services=services
    )


def test_c07_a_balance_stops_the_asking_and_is_seen(services, platform, request_id):
    platform.owes = owes(store_credit_balance=1, gift_card_balance=0, open_order=2)
    assert process_request(request_id, services=services)
    task = task_of(services, request_id)
    assert platform.requested == []
    assert (task.state, task.outcome) == (TaskState.FAILED, Outcome.RETAINED)
    assert task.last_error == "guard_store_credit_balance"
    assert list_reviews(services.store, kind="guard") == [("guard", STORE_CREDIT)]
    with services.store.transaction() as tx:
        request, certificate = tx.requests.get_request(request_id), tx.packages.find_certificate(request_id)
    assert (request.state, request.complete) == (RequestState.WAITING, False)
    assert request.closed_at is not None
    (asked,) = [one for one in certificate["platform"] if one["action"] == "ask"]
    assert (asked["answer"], asked["reason"]) == ("retained", "guard_store_credit_balance")
    (result,) = [one for one in list_details(services, request_id, "task.failed") if one["action"] == "ask"]
    assert result["guards"] == {STORE_CREDIT: 1, CARDS: 0, "loyalty_points_unreadable": None, "open_order": 2}


def test_the_bridges_rows_are_erased_all_the_same_and_the_customer_id_stays(services, platform, request_id):
    platform.owes = owes(gift_card_balance=1)
    process_request(request_id, services=services)
    assert task_of(services, request_id, TaskAction.ERASE).state is TaskState.DONE
    with services.store.transaction() as tx:
        assert tx.requests.get_request(request_id).principal == CUSTOMER


def test_an_open_order_and_a_card_that_may_not_be_read_stop_nothing_and_are_told(services, platform, request_id):
    platform.owes = owes(store_credit_balance=0, gift_card_balance=None, open_order=2)
    process_request(request_id, services=services)
    assert platform.requested == ["7001"]
    (result,) = [one for one in list_details(services, request_id, "task.done") if one["action"] == "ask"]
    assert (result["guards"]["gift_card_balance_unreadable"], result["guards"]["open_order"]) == (None, 2)
    assert list_reviews(services.store, kind="guard", is_open=False) == []


def test_a_person_lets_it_go_on_and_shopify_is_asked(services, platform, request_id, queue):
    platform.owes = owes(store_credit_balance=1, gift_card_balance=2)
    process_request(request_id, services=services)
    assert let_go(services, request_id) == [STORE_CREDIT, CARDS]
    assert list_reviews(services.store, kind="guard") == []
    (result,) = list_details(services, request_id, "guard.released")
    assert (result["codes"], result["reason"]) == ([STORE_CREDIT, CARDS], "the customer was told and agrees")
    assert queue.jobs[-1] == ("process", request_id, True)
    assert process_request(request_id, services=services)
    task = task_of(services, request_id)
    assert platform.requested == ["7001"]
    assert (task.state, task.outcome, task.last_error) == (TaskState.DONE, Outcome.UNCONFIRMED, "")
    assert encode_detail(task.progress)["released"] == sorted([STORE_CREDIT, CARDS])


def test_what_turns_up_later_stops_again(services, platform, request_id):
    platform.owes = owes(store_credit_balance=1)
    process_request(request_id, services=services)
    let_go(services, request_id)
    platform.owes = owes(store_credit_balance=1, gift_card_balance=1)
    process_request(request_id, services=services)
    assert task_of(services, request_id).last_error == "guard_gift_card_balance"
    assert list_reviews(services.store, kind="guard") == [("guard", CARDS)]
    let_go(services, request_id)
    process_request(request_id, services=services)
    assert platform.requested == ["7001"]


def test_a_balance_that_was_paid_out_goes_on_with_a_replay_and_its_review_closes(services, platform, request_id):
    platform.owes = owes(store_credit_balance=1)
    process_request(request_id, services=services)
    restart_and_process(services, request_id)
    assert list_reviews(services.store, kind="guard", is_open=False) == [("guard", STORE_CREDIT)]
    platform.owes = owes(store_credit_balance=0)
    restart_and_process(services, request_id)
    assert platform.requested == ["7001"]
    assert list_reviews(services.store, kind="guard") == []


def test_a_platform_that_is_down_while_it_is_looked_at_is_not_asked_to_erase(services, platform, request_id):
    platform.balance_faults = [ConnectorUnavailable("shopify: HTTP 503")]
    process_request(request_id, services=services)
    assert task_of(services, request_id).state is TaskState.RETRY
    assert platform.requested == []


def test_what_was_let_pass_is_remembered_when_shopify_is_down(services, platform, request_id):
    platform.owes = owes(store_credit_balance=1)
    process_request(request_id, services=services)
    let_go(services, request_id)
    platform.answers = [ConnectorUnavailable("shopify: HTTP 503")]
    process_request(request_id, services=services)
    restart_and_process(services, request_id)
    assert platform.requested == ["7001", "7001"]
    assert task_of(services, request_id).state is TaskState.DONE


def test_where_nothing_is_stopped_nothing_is_let_go(services, platform, request_id):
    with pytest.raises(PayloadInvalid, match="nothing_stopped"):
        let_go(services, request_id)
    with pytest.raises(PayloadInvalid, match="nothing_stopped"):
        let_go(services, "req_nobody")
    process_request(request_id, services=services)
    with pytest.raises(PayloadInvalid, match="nothing_stopped"):
        let_go(services, request_id)
    assert list_details(services, request_id, "guard.released") == []


def test_what_others_wrote_stays_too_while_a_guard_stops(services, platform, request_id):
    rules = replace(services.retention.residue, apply=True, erased_kinds=("customer_metafields",))
    services = replace(services, retention=replace(services.retention, residue=rules))
    points = Residue(system="shopify", kind="customer_metafields", ref="7001", what="loyalty.points")
    platform.left_by_others, platform.owes = [points], owes(store_credit_balance=1)
    process_request(request_id, services=services)
    redact = task_of(services, request_id, TaskAction.REMOVE_PLATFORM_RESIDUE)
    assert (redact.state, redact.last_error) == (TaskState.FAILED, "guard_store_credit_balance")
    assert platform.removed == []
    let_go(services, request_id)
    process_request(request_id, services=services)
    assert platform.removed == [points]
    assert task_of(services, request_id, TaskAction.REMOVE_PLATFORM_RESIDUE).gaps == ()


def test_a_file_that_names_nothing_to_look_at_looks_at_nothing(services, platform, request_id):
    categories = {name: replace(one, precheck=()) for name, one in services.retention.categories.items()}
    services = replace(services, retention=replace(services.retention, categories=categories))
    platform.balance_faults, platform.owes = ([ConnectorUnavailable("shopify: HTTP 503")], owes(store_credit_balance=1))
    process_request(request_id, services=services)
    assert (platform.requested, len(platform.balance_faults)) == (["7001"], 1)
    assert "guards" not in encode_detail(task_of(services, request_id).progress)
