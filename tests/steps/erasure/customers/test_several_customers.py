"""One data subject who is several customers: each is asked about at Shopify, once, and none that may be somebody else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.model import (
    Balance,
    CustomerSearchProgress,
    ErasureState,
    Outcome,
    PlatformCustomer,
    Principal,
    RequestState,
    TaskAction,
    TaskState,
    get_progress,
)
from bridge.rules.requests.order_reviews import OrderDecision
from bridge.steps.erasure.cancel_platform_erasure import cancel_platform_erasure
from bridge.steps.erasure.customers.customer_tasks import find_blocked_customer
from bridge.steps.requests.doubtful_customers import decide_customer_review, find_doubtful_customer
from bridge.steps.requests.process import process_request
from bridge.steps.retention.legal_hold import open_order_legal_hold, open_person_legal_hold
from bridge.steps.webhooks.dispatch import dispatch_delivery
from tests.factories import SHOP, accepted, customer, merged, order, parcels, redact_body
from tests.kit.operator_requests import let_act, open_as_operator
from tests.kit.retention_files import let_contracts_be_over
from tests.steps.erasure.outcome.outcome_case import render
from tests.steps.sales_case import sold

EMAILS = {"7001": "asha@example.com", "7002": "asha@work.example.com", "7003": "asha@home.example.com"}
PHONE = "+919811122233"
WHO = Principal(email=", ".join(EMAILS.values()), phone=PHONE)
ERASED = ErasureState(outcome=Outcome.ERASED, reason="redacted")


@pytest.fixture
def town(services, platform):
    """Three customers of one person at the platform and in the index, each with an order."""
    platform.customers = {email: number for number, email in EMAILS.items()}
    platform.records = {
        number: PlatformCustomer(id=number, name="Asha Rao", contacts=(("email", email), ("phone", PHONE)))
        for number, email in EMAILS.items()
    }
    with services.store.transaction() as tx:
        sightings = [customer(int(number), email=email, phone=PHONE) for number, email in EMAILS.items()]
        sightings += [make_order(number, email) for number, email in EMAILS.items()]
        tx.index.ingest_sightings(SHOP, sightings)
    return let_contracts_be_over(services)


def make_order(number, email, order_number=0, **given):
    person = {"id": int(number), "email": email, "phone": PHONE}
    return order(order_number or int(number) + 1000, customer=person, email=email, phone=PHONE, **given)


def run_again(services, request_id):
    process_request(request_id, services=services)
    with services.store.transaction() as tx:
        return tx.requests.get_request(request_id), tx.tasks.list_tasks(request_id)


def erase_by_hand(services, who=WHO):
    request_id = open_as_operator(services, who, shop=SHOP)
    return request_id, *run_again(services, request_id)


def list_states(services, tasks, action):
    """Return by Shopify's number the state of the customer's task."""
    with services.store.transaction() as tx:
        numbers = {tx.person_lookup.pseudonym(SHOP, "customer", number): number for number in EMAILS}
    return {numbers.get(task.customer, task.customer): task.state for task in tasks if task.action is action}


def list_indexed(services):
    with services.store.transaction() as tx:
        return {
            number for number in EMAILS if tx.person_lookup.list_customer_rows(SHOP, Principal(customer_id=number))
        }, {number for number in EMAILS if tx.index.list_orders(SHOP, Principal(customer_id=number))}


def list_customer_reviews(services, *, is_open=True):
    with services.store.transaction() as tx:
        return tx.reviews.list_reviews(is_open=is_open, kind="several_customers")


def decide_about_customer(services, decision, review=None):
    with services.store.transaction() as tx:
        review = review or tx.reviews.list_reviews(kind="several_customers")[0]
        return decide_customer_review(review, decision, actor="operator:a", reason="seen at the desk", tx=tx)


def find_certificate(services, request_id):
    with services.store.transaction() as tx:
        return tx.packages.find_certificate(request_id)


def test_each_customer_is_asked_about_erased_here_and_polled_by_itself(town, platform):
    request_id, request, tasks = erase_by_hand(town)
    assert sorted(platform.requested) == sorted(EMAILS)
    assert request.principal.customer_ids == tuple(EMAILS)
    for action in (TaskAction.REQUEST_PLATFORM_ERASURE, TaskAction.REMOVE_PLATFORM_RESIDUE):
        assert list_states(town, tasks, action) == dict.fromkeys(EMAILS, TaskState.DONE)
    assert list_states(town, tasks, TaskAction.POLL_PLATFORM_ERASURE) == dict.fromkeys(EMAILS, TaskState.WAITING)
    assert list_indexed(town) == (set(), set())
    certificate = find_certificate(town, request_id)
    asked = [line["customer"] for line in certificate["platform"] if line["action"] == "ask"]
    assert len(set(asked)) == len(asked) == len(EMAILS)
    assert "not_asked_about" not in str(certificate)
    assert not re.search(rf"\b({'|'.join(EMAILS)})\b", str(certificate)), "keyed ids only"
    assert list_customer_reviews(town) == []
    with town.store.transaction() as tx:
        [record] = tx.erasures.list_prior_erasures(SHOP, Principal(customer_id="7003"))
    assert record.request_id == request_id
    assert record.key_counts["customer"] == len(EMAILS)
    assert record.key_counts["email"] == len(EMAILS)
    assert record.key_counts["order"] == len(EMAILS)


def test_the_request_ends_when_the_last_customer_is_erased(town, platform, clock):
    request_id, _, _ = erase_by_hand(town)
    platform.erasures = [ERASED]
    clock.at += timedelta(days=1)
    request, tasks = run_again(town, request_id)
    assert sorted(list_states(town, tasks, TaskAction.POLL_PLATFORM_ERASURE).values()) == ["done", "waiting", "waiting"]
    assert request.principal.customer_ids == tuple(EMAILS)
    platform.erasures = [ERASED, replace(ERASED, outcome=Outcome.ABSENT)]
    clock.at += timedelta(days=1)
    request, tasks = run_again(town, request_id)
    assert (request.state, request.complete, request.principal) == (RequestState.DONE, True, Principal())
    assert sorted(platform.requested) == sorted(EMAILS), "nothing is asked twice"


def test_one_has_nothing_one_a_balance_and_one_is_deleted(town, platform, monkeypatch):
    """Each goes its own way: what holds one back holds no other back."""
    owes = {"7002": [Balance(code="store_credit_balance", count=1)]}
    monkeypatch.setattr(platform, "balances", lambda number, *, shop: owes.get(number, []))
    platform.answers = [
        ErasureState(outcome=Outcome.UNCONFIRMED, reason="asked"),
        ErasureState(outcome=Outcome.ABSENT, reason="unknown_to_shopify"),
    ]
    request_id, _, tasks = erase_by_hand(town)
    states = list_states(town, tasks, TaskAction.REQUEST_PLATFORM_ERASURE)
    assert states == {"7001": TaskState.DONE, "7002": TaskState.FAILED, "7003": TaskState.DONE}
    assert platform.requested == ["7001", "7003"]
    with town.store.transaction() as tx:
        [review] = tx.reviews.list_reviews(kind="guard")
        assert find_blocked_customer(review, tx) == "7002"
        counts = tx.operator_queries.count_by_state()["platform_customers"]
    assert counts == {"done": 2, "failed": 1, "in_doubt": 0}
    residue = list_states(town, tasks, TaskAction.REMOVE_PLATFORM_RESIDUE)
    assert set(residue) == set(EMAILS)
    assert find_certificate(town, request_id)["outcome"] != "erased"


def test_a_hold_of_the_person_reaches_every_customer(town, platform):
    request_id = open_as_operator(town, WHO, shop=SHOP)
    open_person_legal_hold(request_id, reference="CC/12/2026", actor="operator:a", reason="a case", services=town)
    _, tasks = run_again(town, request_id)
    assert platform.requested == []
    assert set(list_states(town, tasks, TaskAction.REQUEST_PLATFORM_ERASURE).values()) == {TaskState.WAITING}


def test_a_hold_of_an_order_reaches_the_customer_of_the_order_alone(town, platform):
    open_order_legal_hold(SHOP, "8002", reference="CC/12/2026", actor="operator:a", reason="a case", services=town)
    _, request, tasks = erase_by_hand(town)
    states = list_states(town, tasks, TaskAction.REQUEST_PLATFORM_ERASURE)
    assert states == {"7001": TaskState.DONE, "7002": TaskState.WAITING, "7003": TaskState.DONE}
    assert sorted(platform.requested) == ["7001", "7003"]
    assert list_indexed(town)[1] == {"7002"}
    assert request.principal.customer_ids == tuple(EMAILS)


@pytest.mark.parametrize("survived", [0, 1, 2])
def test_a_process_that_dies_in_between_goes_on_where_it_stopped(town, platform, clock, monkeypatch, survived):
    request_erasure, given = platform.request_erasure, []

    def die(number, *, shop):
        if len(given) == survived and "died" not in given:
            given.append("died")
            raise KeyboardInterrupt
        given.append(number)
        return request_erasure(number, shop=shop)

    monkeypatch.setattr(platform, "request_erasure", die)
    request_id = open_as_operator(town, WHO, shop=SHOP)
    with pytest.raises(KeyboardInterrupt):
        process_request(request_id, services=town)
    clock.at += timedelta(hours=1)
    _, tasks = run_again(town, request_id)
    assert sorted(platform.requested) == sorted(EMAILS), "each once"
    assert set(list_states(town, tasks, TaskAction.REQUEST_PLATFORM_ERASURE).values()) == {TaskState.DONE}


def test_a_platform_that_is_down_for_one_is_asked_again_about_that_one(town, platform, clock):
    asked = ErasureState(outcome=Outcome.UNCONFIRMED, reason="asked")
    platform.answers = [asked, ConnectorUnavailable("shopify: HTTP 503"), asked]
    request_id, _, _ = erase_by_hand(town)
    clock.at += timedelta(minutes=1)
    run_again(town, request_id)
    assert sorted(platform.requested) == ["7001", "7002", "7002", "7003"]


# --- in doubt ---------------------------------------------------------------------------------------------


@pytest.fixture
def family(town, platform):
    """The second customer is another member of the family: the same phone, another name."""
    platform.records["7002"] = replace(platform.records["7002"], name="Ravi Rao")
    return town


def test_who_may_be_somebody_else_is_not_touched_until_an_operator_decided(family, platform):
    request_id, request, _ = erase_by_hand(family)
    assert sorted(platform.requested) == ["7001", "7003"]
    assert list_indexed(family) == ({"7002"}, {"7002"})
    assert "7002" not in request.principal.customer_ids
    assert EMAILS["7002"] not in request.principal.email
    [review] = list_customer_reviews(family)
    assert "7002" not in review.what
    certificate = find_certificate(family, request_id)
    [search] = [line for line in certificate["platform"] if line["action"] == "identify"]
    assert search["not_asked_about"] == [{"what": "1 further customer", "reason": "several_customers"}]
    with family.store.transaction() as tx:
        assert find_doubtful_customer(review, tx).id == "7002"
        # a suppression key of somebody else would drop that person's webhooks
        assert tx.erasures.list_prior_erasures(SHOP, Principal(customer_id="7002", email=EMAILS["7002"])) == []


@pytest.mark.parametrize("is_later", [False, True], ids=["at_once", "after_the_others_are_erased"])
def test_a_customer_that_is_included_is_erased_and_the_others_are_not_asked_again(family, platform, clock, is_later):
    request_id, _, _ = erase_by_hand(family)
    if is_later:
        platform.erasures = [ERASED, ERASED]
        clock.at += timedelta(days=1)
        request, _ = run_again(family, request_id)
        assert (request.state, request.complete) == (RequestState.DONE, False)
    clock.at += timedelta(hours=1)
    with family.store.transaction() as tx:  # a new contract of a customer that was erased
        tx.index.ingest_sightings(SHOP, [make_order("7001", EMAILS["7001"], 9100, at=clock.at)])
    assert decide_about_customer(family, OrderDecision.RELEASED) == request_id
    clock.at += timedelta(minutes=1)
    request, tasks = run_again(family, request_id)
    assert sorted(platform.requested) == sorted(EMAILS)
    assert list_indexed(family)[1] == {"7001"}, "an order that came later stays"
    assert list_customer_reviews(family) == []
    assert "not_asked_about" not in str(find_certificate(family, request_id))
    assert list_states(family, tasks, TaskAction.REQUEST_PLATFORM_ERASURE) == dict.fromkeys(EMAILS, TaskState.DONE)


def test_a_customer_that_is_left_out_stays_and_no_longer_keeps_the_request_incomplete(family, platform, clock):
    request_id, _, _ = erase_by_hand(family)
    platform.erasures = [ERASED, ERASED]
    clock.at += timedelta(days=1)
    run_again(family, request_id)
    assert decide_about_customer(family, OrderDecision.REFUSED) == request_id
    request, tasks = run_again(family, request_id)
    assert (request.state, request.complete, request.principal) == (RequestState.DONE, True, Principal())
    assert list_indexed(family) == ({"7002"}, {"7002"})
    assert sorted(platform.requested) == ["7001", "7003"]
    [search] = [task for task in tasks if task.action is TaskAction.FIND_CUSTOMERS]
    assert get_progress(search, CustomerSearchProgress) == CustomerSearchProgress(customers=0)
    assert find_certificate(family, request_id)["outcome"] == "erased"


def test_a_decision_holds_for_the_next_request_of_the_person(family, platform):
    erase_by_hand(family)
    decide_about_customer(family, OrderDecision.REFUSED)
    with family.store.transaction() as tx:
        assert len(tx.reviews.list_reviews(is_open=False, kind="several_customers")) == 1
    erase_by_hand(family)
    assert list_customer_reviews(family) == []
    assert "7002" not in platform.requested


@pytest.mark.parametrize("fault", [ConnectorRefused("shopify: HTTP 400")])
def test_a_platform_that_cannot_be_searched_leaves_other_customers_of_the_index_alone(town, platform, fault):
    """The index has no names: which of the addresses are one person's nobody knows."""
    platform.customer_faults = [fault]
    request_id, _, _ = erase_by_hand(town)
    assert list_indexed(town) == ({"7002", "7003"}, {"7002", "7003"})
    certificate = find_certificate(town, request_id)
    assert "not_looked_up" in str(certificate)
    assert certificate["outcome"] != "erased"
    with town.store.transaction() as tx:
        tx.request_changes.restart_request(request_id)
    run_again(town, request_id)
    assert list_indexed(town) == ({"7002", "7003"}, {"7002", "7003"}), "nobody approved to erase them, too"
    with town.store.transaction() as tx:
        tx.request_changes.restart_request(request_id)
    let_act(town, request_id)
    run_again(town, request_id)
    assert list_indexed(town) == (set(), set())
    assert sorted(platform.requested) == sorted(EMAILS)


def test_nothing_is_erased_before_it_is_known_which_customers_there_are(town, platform, clock):
    platform.customer_faults = [ConnectorUnavailable("shopify: HTTP 503")]
    request_id, _, _ = erase_by_hand(town)
    assert list_indexed(town) == (set(EMAILS), set(EMAILS))
    clock.at += timedelta(minutes=1)
    run_again(town, request_id)
    assert list_indexed(town) == (set(), set())


def test_a_phone_alone_erases_nobody_until_an_operator_decided(town, platform):
    """Families share a phone: the customer that has it may be another member."""
    platform.customers = {PHONE: "7002"}
    request_id, _, _ = erase_by_hand(town, Principal(phone=PHONE))
    assert platform.requested == []
    assert list_indexed(town) == (set(EMAILS), set(EMAILS))
    assert find_certificate(town, request_id)["outcome"] == "not_erased"
    decide_about_customer(town, OrderDecision.RELEASED)
    run_again(town, request_id)
    assert platform.requested == ["7002"]
    assert list_indexed(town)[1] == {"7001", "7003"}


# --- webhooks, cancellation, merges -----------------------------------------------------------------------


def test_a_webhook_of_a_second_customer_joins_and_nothing_is_done_twice(town, platform, clock):
    request_id, _, _ = erase_by_hand(town)
    clock.at += timedelta(days=10)
    for number, email in EMAILS.items():
        body = redact_body(int(number) + 1000, id=int(number), email=email, phone=PHONE)
        assert dispatch_delivery(accepted(town.store, "customers/redact", body).id, services=town) == request_id
    run_again(town, request_id)
    assert sorted(platform.requested) == sorted(EMAILS)


def test_a_webhook_names_one_customer_and_stays_about_it(town, platform):
    body = redact_body(8001, id=7001, email=EMAILS["7001"], phone=PHONE)
    request_id = dispatch_delivery(accepted(town.store, "customers/redact", body).id, services=town)
    _, tasks = run_again(town, request_id)
    assert TaskAction.FIND_CUSTOMERS not in {task.action for task in tasks}
    assert list_indexed(town)[1] == {"7002", "7003"}
    assert platform.requested == []


def cancel_for_all(services, request_id):
    cancel_platform_erasure(request_id, actor="operator:a", reason="they wrote again", services=services)


def test_a_cancellation_takes_back_all_and_what_was_not_asked_for_is_not(town, platform, monkeypatch, clock):
    owes = {"7002": [Balance(code="store_credit_balance", count=1)]}
    monkeypatch.setattr(platform, "balances", lambda number, *, shop: owes.get(number, []))
    request_id, _, _ = erase_by_hand(town)
    cancel_for_all(town, request_id)
    assert platform.requested == []
    clock.at += timedelta(days=200)
    request, tasks = run_again(town, request_id)
    assert (request.state, request.complete, request.principal) == (RequestState.DONE, False, Principal())
    polls = [task.outcome for task in tasks if task.action is TaskAction.POLL_PLATFORM_ERASURE]
    assert polls == [Outcome.RETAINED] * 3
    assert platform.requested == []
    assert find_certificate(town, request_id)["outcome"] == "erased_in_part"


def test_a_cancellation_that_is_refused_in_between_goes_on_with_the_others(town, platform, monkeypatch):
    request_id, _, _ = erase_by_hand(town)
    cancel_erasure = platform.cancel_erasure

    def refuse(number, *, shop):
        if number == "7002":
            raise ConnectorUnavailable("shopify: HTTP 503")
        return cancel_erasure(number, shop=shop)

    monkeypatch.setattr(platform, "cancel_erasure", refuse)
    with pytest.raises(ConnectorUnavailable):
        cancel_for_all(town, request_id)
    monkeypatch.setattr(platform, "cancel_erasure", cancel_erasure)
    cancel_for_all(town, request_id)
    assert platform.requested == []


def test_a_customer_that_was_merged_into_another_persons_leaves_that_person_alone(town, platform):
    with town.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [merged(7002, 7999)])
    erase_by_hand(town)
    with town.store.transaction() as tx:
        assert set(tx.index.list_orders(SHOP, Principal(customer_id="7999"))) == {"8002"}
    assert list_indexed(town)[1] - {"7002"} == set()


def test_customers_that_were_merged_into_each_other_are_erased_with_all_orders(town, platform):
    with town.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [merged(7002, 7001)])
    erase_by_hand(town)
    assert list_indexed(town)[1] == set()


# --- what is kept and who is instructed -------------------------------------------------------------------


def test_parcels_invoices_and_consents_of_every_customer_are_reached(town, platform):
    platform.sold = {str(int(number) + 1000): [sold(int(number) + 1000)] for number in EMAILS}
    with town.store.transaction() as tx:
        sent = [parcels(int(number) + 1000, f"AWB{number}", email=email) for number, email in EMAILS.items()]
        tx.index.ingest_sightings(SHOP, sent)
    request_id, _, _ = erase_by_hand(town)
    with town.store.transaction() as tx:
        instructed = {item.reference for item in tx.notice_items.list_items(request_id=request_id)}
        numbers = [str(int(number) + 1000) for number in EMAILS]
        sealed = tx.documents.find_documents_by_order_id(SHOP, numbers)
    assert instructed == {f"AWB{number}" for number in EMAILS}
    assert {number: len(found) for number, found in sealed.items()} == dict.fromkeys(numbers, 1)
    asked = {number for principal in platform.consents_asked for number in principal.customer_ids}
    assert asked == set(EMAILS)
    kept = [line for line in find_certificate(town, request_id)["kept"] if line["category"] == "invoice_document"]
    assert [line["count"] for line in kept] == [len(EMAILS)]


def test_nobody_else_s_parcel_invoice_or_consent_is_touched_in_doubt(family, platform):
    platform.sold = {"8002": [sold(8002)]}
    with family.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [parcels(8002, "AWB7002", email=EMAILS["7002"])])
    request_id, _, _ = erase_by_hand(family)
    with family.store.transaction() as tx:
        assert tx.notice_items.list_items(request_id=request_id) == []
        assert tx.documents.find_documents_by_order_id(SHOP, ["8002"]) == {}
    assert "7002" not in {number for principal in platform.consents_asked for number in principal.customer_ids}


def test_the_letter_says_of_how_many_accounts_and_names_none(family, platform, clock):
    request_id, _, _ = erase_by_hand(family)
    platform.erasures = [ERASED]
    clock.at += timedelta(days=1)
    run_again(family, request_id)
    for letter in render(find_certificate(family, request_id)):
        assert [word for word in (*EMAILS, *EMAILS.values(), PHONE, "Rao") if word in letter] == []
        assert "1 of your 2 accounts" in letter
        assert "1 further account" in letter, "it may be somebody else's"
