"""Requirements P-16, P-36, C-09: a withdrawal of consent takes effect at once, from any door, whoever asks (T20)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.model import (
    ConsentEvent,
    CustomerConsents,
    Fact,
    LetterKind,
    NoticeChannel,
    NoticePurpose,
    NoticeState,
    ObjectionParticulars,
    Principal,
    ReferenceKind,
    RequestDetails,
    RequestKind,
    RequestSource,
    RequestState,
    StopMarketingProgress,
    TaskAction,
    TaskState,
    WithdrawalParticulars,
    get_progress,
)
from bridge.steps.consents.stop_marketing import stop_marketing
from bridge.steps.notices.notify import process_notice_account
from bridge.steps.operations.conditions import list_conditions
from bridge.steps.requests.open_for_person import open_person_request
from bridge.steps.requests.process import process_request
from config.merchant_file.processors import Processor
from tests.factories import ASHA, SHOP, make_entry, make_request, make_task
from tests.kit.operator_requests import list_answers

STRANGER = Principal(email="nobody@example.org")
PHONE = "+919900112233"
SUBSCRIBED = ConsentEvent(
    purpose="marketing",
    channel="email",
    state="subscribed",
    at="2026-03-02T10:00:00Z",
    level="confirmed_opt_in",
    collected_from="",
    contact=ASHA.email,
)
BY_SMS = replace(SUBSCRIBED, channel="sms", state="not_subscribed", contact=PHONE)
NEWSLETTER = Processor(
    id="newsletter",
    legal_name="News Ltd",
    named=True,
    erasure_channel="email",
    privacy_contact="privacy@news.example",
    template="messaging",
    channels=("email",),
)
TEXTS = replace(NEWSLETTER, id="texts", names="phone_sha256", channels=("sms", "whatsapp"))
ADS = replace(NEWSLETTER, id="ads", names="email_sha256", template="advertising", channels=("profiling",))


@pytest.fixture
def services(services, platform):
    """Services of a shop whose platform knows Asha, with three processors that write to persons."""
    platform.customer_consents = [CustomerConsents(customer_id="7001", events=(SUBSCRIBED, BY_SMS))]
    return replace(services, merchant=replace(services.merchant, processors=(NEWSLETTER, TEXTS, ADS)))


def withdraw(services, principal=ASHA, *channels, source=RequestSource.PAGE):
    """Open a withdrawal and work on it; return its id."""
    request_id = open_person_request(
        RequestKind.CONSENT_WITHDRAWAL,
        SHOP,
        principal,
        services.clock.now(),
        actor="page",
        reason="",
        services=services,
        source=source,
        details=RequestDetails(particulars=WithdrawalParticulars(channels=channels)),
    )
    process_request(request_id, services=services)
    return request_id


def read_stop(services, request_id):
    with services.store.read() as tx:
        request = tx.requests.get_request(request_id)
        [task] = [one for one in tx.tasks.list_tasks(request_id) if one.action is TaskAction.STOP_MARKETING]
        return request, task


def list_stopped(services, **contact):
    [(field, value)] = contact.items()
    with services.store.read() as tx:
        return sorted(tx.marketing_stops.find_stops(SHOP, [(field, value)])[field, value])


def list_letters(services, request_id):
    return {one.kind: dict(one.values) for one in list_answers(services, request_id)}


@pytest.mark.parametrize("source", [RequestSource.PAGE, RequestSource.MAIL, RequestSource.API, RequestSource.OPERATOR])
def test_t20_a_withdrawal_by_any_door_stops_here_at_the_platform_and_at_processors(services, platform, source):
    """P-16, P-36, T20."""
    request_id = withdraw(services, source=source)
    request, task = read_stop(services, request_id)
    assert platform.taken_back == [("7001", {"email", "sms"})]
    assert list_stopped(services, email=ASHA.email) == ["email", "profiling"]
    assert list_stopped(services, phone=PHONE) == ["profiling", "sms", "whatsapp"]
    assert list_stopped(services, customer="7001") == ["email", "profiling", "sms", "whatsapp"]
    with services.store.read() as tx:
        items = {item.processor: item for item in tx.notice_items.list_items(request_id=request_id)}
        facts = [one.fact for one in tx.evidence.list_facts_of_request(request_id)]
    assert items.keys() == {"newsletter", "texts", "ads"}
    assert {item.purpose for item in items.values()} == {NoticePurpose.STOP_MESSAGES}
    assert {Fact.MARKETING_STOPPED, Fact.CONSENTS_KEPT, Fact.NOTICE_ITEMS_OPENED, Fact.REQUEST_CLOSED} <= set(facts)
    assert (task.state, request.state, request.complete) == (TaskState.DONE, RequestState.WAITING, False)
    assert request.closed_at == services.clock.now()
    values = {"channels": "email,sms,whatsapp,profiling", "systems": "shopify,newsletter,texts,ads", "data": "unsaid"}
    assert list_letters(services, request_id)[LetterKind.CONSENT_WITHDRAWN] == values


def test_the_consents_are_kept_as_proof_without_a_contact_before_they_are_taken_back(services, platform):
    """P-62: that processing before was allowed can be shown."""
    platform.stop_faults = [ConnectorUnavailable("shopify: 502")]
    _, task = read_stop(services, withdraw(services))
    proof = get_progress(task, StopMarketingProgress)
    assert (platform.taken_back, task.state) == ([], TaskState.RETRY)
    assert [(event.channel, event.state) for event in proof.events] == [
        ("email", "subscribed"),
        ("sms", "not_subscribed"),
    ]
    assert not {ASHA.email, PHONE} & {event.contact for event in proof.events}


def test_a_stranger_gets_the_same_answer_and_is_remembered(services, platform):
    """P-16, C-09: nothing says whether somebody is a customer, nor which processor knows customers by a number."""
    known = withdraw(services, replace(ASHA, customer_id="", phone=""))
    platform.customer_consents = []
    unknown = withdraw(services, STRANGER)
    assert list_stopped(services, email=STRANGER.email) == ["email", "profiling"]
    assert list_letters(services, unknown) == list_letters(services, known)
    assert list_letters(services, known)[LetterKind.CONSENT_WITHDRAWN]["systems"] == "shopify,ads"
    with services.store.read() as tx:
        assert "newsletter" in {item.processor for item in tx.notice_items.list_items(request_id=known)}
    assert read_stop(services, unknown)[0].closed_at is not None


def test_a_withdrawal_has_a_clock_of_24_hours_and_needs_no_reason(services, clock):
    """C-09."""
    request, _ = read_stop(services, withdraw(services))
    assert (request.due_governed_by, request.due_at) == ("consent_24_hours", clock.at + timedelta(hours=24))
    assert request.clocks.keys() == {"consent_24_hours", "policy_30_days", "law_one_month"}


def test_it_stops_here_at_once_while_the_platform_is_down_and_says_so_after_a_day(services, platform, clock):
    """C-09."""
    platform.consent_faults = [ConnectorUnavailable("shopify: 502")] * 9
    request_id = withdraw(services)
    assert list_stopped(services, email=ASHA.email) == ["email", "profiling"]
    assert list_letters(services, request_id) == {}
    with services.store.read() as tx:
        assert "consent_not_withdrawn" not in {one.condition for one in list_conditions(tx=tx, services=services)}
    clock.at += timedelta(hours=25)
    with services.store.read() as tx:
        [found] = [one for one in list_conditions(tx=tx, services=services) if one.condition == "consent_not_withdrawn"]
    assert found.ids == (request_id,)
    platform.consent_faults = []
    process_request(request_id, services=services)
    with services.store.read() as tx:
        assert "consent_not_withdrawn" not in {one.condition for one in list_conditions(tx=tx, services=services)}
    assert LetterKind.CONSENT_WITHDRAWN in list_letters(services, request_id)


def test_one_channel_is_taken_back_and_the_others_stay(services, platform):
    """P-16: a consent is taken back for each purpose."""
    request_id = withdraw(services, ASHA, "sms")
    assert platform.taken_back == [("7001", {"sms"})]
    assert list_stopped(services, customer="7001") == ["sms"]
    assert list_stopped(services, email=ASHA.email) == []
    assert list_letters(services, request_id)[LetterKind.CONSENT_WITHDRAWN]["systems"] == "shopify,texts"


def test_who_names_a_phone_is_told_to_the_sender_of_texts_by_its_hash(services):
    request_id = withdraw(services)
    with services.store.read() as tx:
        [item] = [one for one in tx.notice_items.list_items(request_id=request_id) if one.processor == "texts"]
    assert len(item.reference) == 64
    assert item.names is ReferenceKind.PHONE_SHA256


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"unchangeable": {"whatsapp"}}, "consent_stands: whatsapp"),
        ({"stop_faults": [ConnectorRefused("shopify: INVALID")]}, "shopify: INVALID"),
    ],
)
def test_what_cannot_be_taken_back_is_seen_by_operators_and_answers_nobody(services, platform, clock, change, error):
    whatsapp = replace(SUBSCRIBED, channel="whatsapp", contact=PHONE)
    platform.customer_consents = [CustomerConsents(customer_id="7001", events=(whatsapp,))]
    vars(platform).update(deepcopy(change))
    request_id = withdraw(services)
    _, task = read_stop(services, request_id)
    assert (task.state, task.last_error) == (TaskState.FAILED, error)
    assert list_letters(services, request_id) == {}
    clock.at += timedelta(hours=25)
    with services.store.read() as tx:
        found = {one.condition: one for one in list_conditions(tx=tx, services=services)}
    assert found["consent_not_withdrawn"].ids == (request_id,)


def test_consents_that_cannot_be_read_are_no_success(services, platform):
    platform.customer_consents = [CustomerConsents(customer_id="7001", events=(), missing="consents_denied")]
    _, task = read_stop(services, withdraw(services))
    assert (task.state, task.last_error) == (TaskState.FAILED, "consents_denied")
    assert [gap.reason for gap in task.gaps] == ["consents_denied"]


def test_two_withdrawals_are_two_requests_and_each_is_carried_out(services, platform):
    first, second = withdraw(services, ASHA, "email"), withdraw(services, ASHA, "sms")
    assert first != second
    assert list_stopped(services, customer="7001") == ["email", "sms"]
    assert [channels for _, channels in platform.taken_back] == [{"email"}, {"sms"}]


def test_the_letter_to_a_processor_leaves_at_once_although_one_left_today(services, clock):
    """P-16 (e): processors are told to stop, without waiting for the next digest."""
    account = f"{SHOP}|newsletter"
    with services.store.transaction() as tx:
        tx.notice_items.add_items([make_entry(state=NoticeState.QUEUED, processor="newsletter") for _ in range(2)])
    process_notice_account(account, services=services)
    with services.store.transaction() as tx:
        tx.notice_items.add_items([make_entry(state=NoticeState.QUEUED, processor="newsletter")])
    clock.at += timedelta(minutes=1)
    withdraw(services)
    process_notice_account(account, services=services)
    with services.store.read() as tx:
        notices = tx.notices.list_notices(account=account)
        waiting = [item for item in tx.notice_items.list_items(account=account) if not item.notice_id]
    assert [notice.purpose for notice in notices] == [NoticePurpose.ERASE, NoticePurpose.STOP_MESSAGES]
    assert [item.purpose for item in waiting] == [NoticePurpose.ERASE]


def object_to(services, *purposes):
    """Store an objection whose step is `stop_marketing`, and run that step."""
    with services.store.transaction() as tx:
        request = make_request(kind=RequestKind.OBJECTION, subject=f"subject-{purposes[0]}")
        task = make_task(request.id, system="shopify", action=TaskAction.STOP_MARKETING)
        tx.requests.open_request(request, idempotency_key=request.id, tasks=[task])
        tx.request_details.save_details(
            request.id, SHOP, RequestDetails(particulars=ObjectionParticulars(purposes=purposes))
        )
        lease = tx.requests.acquire_lease(request.id)
    return request, stop_marketing(request, task, lease, services=services)


def test_an_objection_to_marketing_is_the_same_deed_and_one_to_something_else_leaves_it(services, platform):
    request, task = object_to(services, "marketing", "cod_risk")
    assert (task.state, platform.taken_back) == (TaskState.DONE, [("7001", {"email", "sms"})])
    upheld = {"outcome": "upheld", "purposes": "marketing", "reason": "absolute"}
    assert list_letters(services, request.id) == {LetterKind.OBJECTION_DECIDED: upheld}
    with services.store.transaction() as tx:
        tx.marketing_stops.end_stops(SHOP, [("customer", "7001")], {"email": services.clock.now() + timedelta(days=1)})
    other, task = object_to(services, "analytics")
    assert (task.state, len(platform.taken_back)) == (TaskState.DONE, 1)
    assert list_letters(services, other.id) == {}
    assert "email" not in list_stopped(services, customer="7001")


def test_an_interface_that_can_only_erase_is_not_used_to_stop_messages(services):
    news = replace(NEWSLETTER, erasure_channel="api")
    services = replace(services, merchant=replace(services.merchant, processors=(news,)))
    withdraw(services)
    process_notice_account(f"{SHOP}|newsletter", services=services)
    with services.store.read() as tx:
        assert [notice.via for notice in tx.notices.list_notices()] == [NoticeChannel.EMAIL]
