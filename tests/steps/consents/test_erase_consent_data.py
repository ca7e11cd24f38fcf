"""Requirement P-62: a withdrawal erases what rested on the consent alone, keeps the proof, and waits where a law keeps it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.model import (
    ConsentDataProgress,
    CustomerConsents,
    ErasureAction,
    LetterKind,
    Outcome,
    Principal,
    ReplyContact,
    RequestDetails,
    RequestKind,
    RequestSource,
    RequestState,
    Residue,
    StopMarketingProgress,
    TaskAction,
    TaskState,
    WaitReason,
    WithdrawalParticulars,
    get_progress,
)
from bridge.steps.requests.approval.deed_plan import read_deed_plan
from bridge.steps.requests.open_for_person import open_person_request
from bridge.steps.requests.process import process_request
from tests.factories import ASHA, SHOP
from tests.kit.operator_requests import list_answers
from tests.steps.consents.test_stop_marketing import BY_SMS, SUBSCRIBED

BY_MAIL = Principal(email=ASHA.email)


def write_metafields(*names, customer="7001"):
    return [Residue(system="shopify", kind="customer_metafields", ref=customer, what=name) for name in names]


@pytest.fixture
def services(services, platform):
    """Services of a shop whose platform knows Asha, with two dates for greetings and something of a contract."""
    platform.customer_consents = [CustomerConsents(customer_id="7001", events=(SUBSCRIBED, BY_SMS))]
    platform.left_by_others = write_metafields("facts.birth_date", "custom.anniversary", "loyalty.points")
    return services


def open_withdrawal(services, principal=BY_MAIL, *channels, address=ASHA.email):
    return open_person_request(
        RequestKind.CONSENT_WITHDRAWAL,
        SHOP,
        principal,
        services.clock.now(),
        actor="page",
        reason="",
        services=services,
        source=RequestSource.PAGE,
        details=RequestDetails(
            particulars=WithdrawalParticulars(channels=channels),
            contact=ReplyContact(address=address) if address else None,
        ),
    )


def withdraw(services, principal=BY_MAIL, *channels, **given):
    request_id = open_withdrawal(services, principal, *channels, **given)
    process_request(request_id, services=services)
    return request_id


def read_consent_erasure(services, request_id):
    with services.store.read() as tx:
        request = tx.requests.get_request(request_id)
        tasks = {one.action: one for one in tx.tasks.list_tasks(request_id)}
    task = tasks[TaskAction.ERASE_CONSENT_DATA]
    return request, task, get_progress(task, ConsentDataProgress)


def read_letters(services, request_id):
    letters = [one for one in list_answers(services, request_id) if one.kind is LetterKind.CONSENT_WITHDRAWN]
    return [{name: value for name, value in one.values if name not in ("channels", "systems")} for one in letters]


def list_done(progress):
    return [(line.action.value, line.what, line.count) for line in progress.lines]


def test_p62_what_rested_on_the_consent_alone_is_erased_and_the_rest_stays(services, platform):
    """P-62: dates for greetings go, points of a loyalty programme stay, and the proof of the consent is kept (DPDP s.6(10))."""
    request_id = withdraw(services)
    request, task, progress = read_consent_erasure(services, request_id)
    assert [item.what for item in platform.removed] == ["facts.birth_date", "custom.anniversary"]
    assert [item.what for item in platform.left_by_others] == ["loyalty.points"]
    assert list_done(progress) == [("erase", "customer.birth_date", 1), ("erase", "customer.anniversary", 1)]
    assert (task.state, task.outcome, task.records, progress.begun) == (TaskState.DONE, Outcome.ERASED, 2, ())
    assert (request.state, request.complete) == (RequestState.DONE, True)
    with services.store.read() as tx:
        [stop] = [one for one in tx.tasks.list_tasks(request_id) if one.action is TaskAction.STOP_MARKETING]
        facts = tx.evidence.list_facts_of_request(request_id)
    assert len(get_progress(stop, StopMarketingProgress).events) == 2, "the proof"
    [fact] = [one for one in facts if one.detail.get("action") == "erase_consented"]
    assert (fact.detail["erased"], fact.detail["kept"]) == (2, 0)
    assert read_letters(services, request_id) == [{"erased": "birth_date,anniversary"}]


def test_p62_the_record_of_the_withdrawal_says_what_was_asked_erased_and_kept(services):
    """P-62: signed like the record of any right, with fields and counts, and nothing of the person."""
    request_id = withdraw(services)
    with services.store.read() as tx:
        record = tx.packages.find_certificate(request_id)
    assert (record["schema"], record["kind"], record["status"]) == (
        "rights-record/1",
        "consent_withdrawal",
        "fulfilled",
    )
    assert record["asked"] == {"channels": ["email", "sms", "whatsapp", "profiling"]}
    stop, erasure = record["done"]
    assert stop["detail"]["sha256"], "the digest of the proof"
    assert [(line["action"], line["what"]) for line in erasure["detail"]["lines"]] == [
        ("erase", "customer.birth_date"),
        ("erase", "customer.anniversary"),
    ]
    assert "invoices" not in record
    assert ASHA.email not in str(record)


def test_p62_where_nothing_is_held_the_letter_says_so(services, platform):
    platform.left_by_others = write_metafields("loyalty.points")
    request_id = withdraw(services)
    _, task, progress = read_consent_erasure(services, request_id)
    assert (task.outcome, progress.lines, platform.removed) == (Outcome.ABSENT, (), [])
    assert read_letters(services, request_id) == [{"data": "nothing"}]


def test_p62_one_channel_of_several_erases_nothing_until_the_last_is_taken_back(services, platform):
    """P-62: what another consent still allows does not rest on the withdrawn one alone."""
    first = withdraw(services, BY_MAIL, "email")
    _, task, progress = read_consent_erasure(services, first)
    assert (platform.removed, task.outcome) == ([], Outcome.RETAINED)
    assert [line.reason for line in progress.lines] == ["other_consents_stand"] * 2
    word = {"stays": "birth_date,anniversary", "standing": "sms,whatsapp,profiling"}
    assert read_letters(services, first) == [word]
    last = withdraw(services, BY_MAIL, "sms", "whatsapp", "profiling")
    assert list_done(read_consent_erasure(services, last)[2]) == [
        ("erase", "customer.birth_date", 1),
        ("erase", "customer.anniversary", 1),
    ]


def test_p62_who_is_found_by_a_shared_phone_alone_loses_nothing(services, platform):
    """P-62, E-06: the phone may be another person's, and nobody proved who asks."""
    platform.customer_consents = [CustomerConsents(customer_id="7001", events=(BY_SMS,), is_by_phone_only=True)]
    request_id = withdraw(services, Principal(phone="+919900112233"))
    assert platform.removed == []
    assert read_consent_erasure(services, request_id)[1].outcome is Outcome.RETAINED
    with services.store.read() as tx:
        stops = tx.marketing_stops.find_stops(SHOP, [("customer", "7001")])["customer", "7001"]
    assert sorted(stops) == ["sms", "whatsapp"], "and is still written to by e-mail"
    assert read_letters(services, request_id) == [{"data": "unsaid"}]


@pytest.mark.parametrize(
    ("principal", "address"),
    [
        (BY_MAIL, "somebody.else@example.org"),
        (replace(BY_MAIL, phone="+919900112233"), ASHA.email),
        (replace(BY_MAIL, order_ids=("11",)), ASHA.email),
        (Principal(customer_id="7001"), ""),
    ],
)
def test_p62_nobody_learns_from_the_letter_what_is_held_of_another_person(services, platform, principal, address):
    """P-62, P-16: no proof is asked for, so that only the address that the data belong to is told more."""
    held = withdraw(services, principal, address=address)
    platform.customer_consents, platform.left_by_others = [], []
    nothing = withdraw(services, principal, address=address)
    assert read_letters(services, held) == read_letters(services, nothing) == [{"data": "unsaid"}]
    assert [item.what for item in platform.removed] == ["facts.birth_date", "custom.anniversary"], (
        "it is done all the same"
    )


@pytest.mark.parametrize(("own", "word"), [("7001", "erased"), ("7002", "data")])
def test_a_customer_number_is_told_of_where_the_address_leads_to_the_same_one(services, platform, own, word):
    def answer(principal, channels, *, shop):
        found = "7001" if principal.customer_id else own
        return [CustomerConsents(customer_id=found, events=(SUBSCRIBED,))]

    platform.list_customer_consents = answer
    request_id = withdraw(services, replace(BY_MAIL, customer_id="7001"))
    assert word in read_letters(services, request_id)[0]


def at_home(services, year):
    services.clock.at = datetime(year, 6, 1, 6, tzinfo=UTC)


def test_p62_what_a_law_keeps_is_named_and_erased_on_its_day_without_another_request(services, platform):
    """P-62: DPDP Rules r.8(3) keeps it a year from May 2027 on; the stop does not wait for that."""
    at_home(services, 2027)
    request_id = withdraw(services)
    request, task, progress = read_consent_erasure(services, request_id)
    assert (task.state, task.wait_reason, platform.removed) == (TaskState.WAITING, WaitReason.HELD_BY_LAW, [])
    assert progress.held_by == ("dpdp_one_year",)
    [line, _] = progress.lines
    assert (line.action, line.until.isoformat()) == (ErasureAction.RESTRICT, "2028-06-01")
    assert "DPDP Rules 2025 r.8(3)" in line.law
    assert (request.closed_at is not None, request.complete) == (True, False)
    assert platform.taken_back == [("7001", frozenset({"email", "sms"}))]
    assert read_letters(services, request_id) == [{"held": "birth_date,anniversary", "until": "2028-06-01"}]
    services.clock.at = task.wake_at
    process_request(request_id, services=services)
    request, task, progress = read_consent_erasure(services, request_id)
    assert (task.state, task.outcome, request.complete) == (TaskState.DONE, Outcome.ERASED, True)
    assert [item.what for item in platform.removed] == ["facts.birth_date", "custom.anniversary"]
    assert len(read_letters(services, request_id)) == 1
    with services.store.read() as tx:
        record = tx.packages.find_certificate(request_id)
    assert (record["number"], record["status"]) == (2, "fulfilled")


def test_p62_who_agreed_anew_while_a_law_kept_it_keeps_it(services, platform):
    at_home(services, 2027)
    request_id = withdraw(services)
    with services.store.transaction() as tx:
        ended = tx.marketing_stops.end_stops(
            SHOP, [("customer", "7001")], {"email": services.clock.now() + timedelta(days=1)}
        )
    assert ended == ["email"]
    services.clock.at = read_consent_erasure(services, request_id)[1].wake_at
    process_request(request_id, services=services)
    _, task, progress = read_consent_erasure(services, request_id)
    assert (task.state, task.outcome, platform.removed) == (TaskState.DONE, Outcome.RETAINED, [])
    assert progress.standing == ("email",)


def test_a_fault_is_tried_again_and_the_count_survives_what_was_removed_before_it(services, platform, clock):
    """A run may break off after the platform removed something: the next one does not find that any more."""

    class Breaks:
        def __init__(self, removing):
            self.removing, self.broken = removing, False

        def __call__(self, items, *, shop):
            if not self.broken:
                self.broken = True
                self.removing(items[:1], shop=shop)
                raise ConnectorUnavailable("shopify: 502")
            return self.removing(items, shop=shop)

    platform.remove_platform_residue = Breaks(platform.remove_platform_residue)
    request_id = withdraw(services)
    request, task, _ = read_consent_erasure(services, request_id)
    assert (task.state, request.closed_at) == (TaskState.RETRY, None)
    assert read_letters(services, request_id) == []
    clock.at = task.wake_at
    process_request(request_id, services=services)
    _, task, progress = read_consent_erasure(services, request_id)
    assert (task.state, task.records) == (TaskState.DONE, 2)
    assert sorted(list_done(progress)) == [("erase", "customer.anniversary", 1), ("erase", "customer.birth_date", 1)]
    assert read_letters(services, request_id) == [{"erased": "birth_date,anniversary"}]


@pytest.mark.parametrize("how", ["refused", "stands"])
def test_what_could_not_be_erased_is_seen_told_and_told_again_once_it_is_gone(services, platform, clock, how):
    if how == "refused":
        platform.residue_faults = [ConnectorRefused("shopify: DENIED")]
    else:
        platform.sticks = ["facts.birth_date"]
    request_id = withdraw(services)
    while (task := read_consent_erasure(services, request_id)[1]).state is TaskState.RETRY:
        clock.at = task.wake_at
        process_request(request_id, services=services)
    assert task.state is TaskState.FAILED
    assert [gap.what for gap in task.gaps] == ["what rested on the consent alone"]
    first = {"data": "unsaid"} if how == "refused" else {"erased": "anniversary", "data": "unfinished"}
    assert read_letters(services, request_id) == [first], "who asks is not known before the platform answered"
    assert read_consent_erasure(services, request_id)[0].closed_at is not None, "the stop is done, and answered"
    platform.sticks = []
    with services.store.transaction() as tx:
        tx.tasks.save_task(replace(task, state=TaskState.PENDING, attempts=0))
        tx.request_changes.restart_request(request_id)
    process_request(request_id, services=services)
    assert read_letters(services, request_id)[1:] == [{"erased": "birth_date,anniversary"}]


def test_a_consent_that_could_not_be_taken_back_at_the_platform_is_answered_by_nobody(services, platform):
    """The data go all the same: the person withdrew."""
    platform.stop_faults = [ConnectorRefused("shopify: INVALID")]
    request_id = withdraw(services)
    assert read_letters(services, request_id) == []
    assert [item.what for item in platform.removed] == ["facts.birth_date", "custom.anniversary"]


def test_a_file_without_the_key_asks_nobody_and_says_nothing_of_it(services, platform):
    categories = {name: replace(each, rests_on_consent=()) for name, each in services.retention.categories.items()}
    services = replace(services, retention=replace(services.retention, categories=categories))
    request_id = withdraw(services)
    assert (platform.removed, read_consent_erasure(services, request_id)[1].outcome) == ([], Outcome.ABSENT)
    assert read_letters(services, request_id) == [{}], "nobody looked, and nothing is said"


def test_p62_the_plan_says_line_by_line_what_will_go_and_reads_only(services, platform):
    """P-62, E-01."""
    request_id = open_withdrawal(services)
    plan = read_deed_plan(request_id, services=services)
    assert [(line["action"], line["category"], line["what"], line["reason"]) for line in plan.parts["lines"]] == [
        ("erase", "greetings", "customer.birth_date", "consent_withdrawn"),
        ("erase", "greetings", "customer.anniversary", "consent_withdrawn"),
    ]
    assert (platform.removed, platform.taken_back, plan.unread) == ([], [], {})
    platform.residue_faults = [ConnectorUnavailable("shopify: 502")]
    assert read_deed_plan(request_id, services=services).unread == {"lines": "shopify: 502"}
