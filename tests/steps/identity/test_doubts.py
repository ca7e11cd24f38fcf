"""A doubt about who asks: why, what it stops, when it is written, and what ends it. P-37, C-03."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bridge.errors import PayloadInvalid
from bridge.model import (
    IdentityDoubt,
    IdentityMethod,
    LetterKind,
    LinkPurpose,
    Principal,
    ReplyContact,
    RequestDetails,
    RequestKind,
    RequestSource,
    RequestState,
    WaitReason,
)
from bridge.rules.requests.identity_doubt import IDENTITY_FREE_KINDS, MAX_TIMES_ASKED
from bridge.steps.identity.doubts import ask_for_identity, confirm_identity, deny_identity
from bridge.steps.letters.letter_links import LINK_BY_LETTER
from bridge.steps.requests import open_for_person
from bridge.steps.requests.open_for_person import open_person_request
from bridge.steps.requests.process import process_request
from bridge.steps.retention.expire import expire_aged_records
from tests.factories import ASHA, SHOP, customer, make_request, opened, order, settled_retention
from tests.fakes import page
from tests.kit.operator_requests import list_answers, open_as_operator
from tests.web.privacy.page_case import serve_page

OFFICER = "operator:officer"
ON_RECORD = Principal(email=ASHA.email)


@pytest.fixture
def known(services):
    """Asha and one order are in the index, and another customer's order."""
    with services.store.transaction() as tx:
        bina = {"email": "bina@example.in", "phone": "+919800000001", "customer_id": 7002}
        tx.index.ingest_sightings(
            SHOP,
            [customer(), order(1001), customer(7002, email=bina["email"], phone=bina["phone"]), order(2002, **bina)],
        )
    return services


def doubt(services, request_id, code=IdentityDoubt.UNUSUAL_REQUEST):
    return ask_for_identity(request_id, code, actor=OFFICER, reason="asked twice in an hour", services=services)


def confirm(services, request_id, method=IdentityMethod.DOCUMENT_SEEN):
    proof = {"seen_by": OFFICER}
    confirm_identity(request_id, method, actor=OFFICER, reason="seen in the shop", proof=proof, services=services)


def read_doubted(services, request_id):
    with services.store.transaction() as tx:
        return (
            tx.requests.get_request(request_id),
            tx.tasks.list_tasks(request_id),
            tx.identity_checks.find_check(request_id),
        )


def letters(services, request_id):
    return [(one.kind, one.number, dict(one.values)) for one in list_answers(services, request_id)]


def list_fact_names(services, request_id):
    with services.store.transaction() as tx:
        return [event.fact for event in tx.evidence.list_facts_of_request(request_id)]


def open_on_page(services, principal, address, *, proven=True, kind=RequestKind.ACCESS, source=RequestSource.PAGE):
    details = RequestDetails(contact=ReplyContact(address=address, proven=proven))
    return open_person_request(
        kind, SHOP, principal, services.clock.now(), actor="person", reason="the page", services=services,
        source=source, details=details,
    )  # fmt: skip


# --- What a doubt stops, and what ends it --------------------------------------------------------------


@pytest.mark.parametrize("kind", [RequestKind.ACCESS, RequestKind.ERASURE])
def test_p37_a_recorded_doubt_stops_everything_until_somebody_says_by_what_it_ended(known, platform, kind):
    """P-37: proof is asked for in recorded doubt alone; meanwhile nothing is read, sent or destroyed."""
    request_id = open_as_operator(known, ASHA, shop=SHOP, kind=kind)
    assert doubt(known, request_id) == 1
    for _ in range(2):
        process_request(request_id, services=known)
    request, tasks, check = read_doubted(known, request_id)
    assert (request.state, request.closed_at) == (RequestState.WAITING, None)
    assert [task.wait_reason for task in tasks if task.wait_reason] == [WaitReason.IDENTITY_PENDING]
    assert (platform.asked, platform.requested, platform.customers) == ([], [], {})
    assert (check.doubt, check.decided_at) == (IdentityDoubt.UNUSUAL_REQUEST, None)
    assert letters(known, request_id) == [(LetterKind.IDENTITY_REQUEST, 0, {"by": "2026-12-22"})]
    confirm(known, request_id)
    process_request(request_id, services=known)
    request, tasks, check = read_doubted(known, request_id)
    assert not any(task.wait_reason is WaitReason.IDENTITY_PENDING for task in tasks)
    assert (check.method, check.decided_at) == (IdentityMethod.DOCUMENT_SEEN, known.clock.now())
    assert bool(platform.asked) or request.kind is RequestKind.ERASURE
    assert {"identity.asked", "identity.proven"} <= set(list_fact_names(known, request_id))


def test_a_doubt_that_comes_while_a_worker_works_stops_what_comes_next(known, platform, carrier):
    request_id = open_as_operator(known, ASHA, shop=SHOP, kind=RequestKind.ACCESS)
    platform.pages = [page()]
    platform.meanwhile = lambda: doubt(known, request_id)
    process_request(request_id, services=known)
    request, tasks, _ = read_doubted(known, request_id)
    assert request.closed_at is None
    assert WaitReason.IDENTITY_PENDING in [task.wait_reason for task in tasks]


def test_a_doubt_that_comes_during_the_last_task_keeps_the_answer_back(known, platform, clock):
    services = replace(known, connectors={"shopify": platform})
    request_id = open_as_operator(services, ASHA, shop=SHOP, kind=RequestKind.ACCESS)
    platform.pages = [page()]
    platform.meanwhile = lambda: doubt(services, request_id)
    process_request(request_id, services=services)
    request, tasks, _ = read_doubted(services, request_id)
    assert ([task.state for task in tasks], request.closed_at) == (["done"], None)
    assert request.state is RequestState.WAITING
    clock.at += timedelta(days=15)
    process_request(request_id, services=services)
    assert [kind for kind, _, _ in letters(services, request_id)][-1] is LetterKind.IDENTITY_REMINDER
    assert read_doubted(services, request_id)[0].closed_at is None
    confirm(services, request_id)
    process_request(request_id, services=services)
    assert read_doubted(services, request_id)[0].closed_at == clock.at


@pytest.mark.parametrize("kind", sorted(IDENTITY_FREE_KINDS))
def test_p37_it_is_never_asked_for_what_needs_none(known, kind):
    request = make_request(kind=kind, source=RequestSource.OPERATOR)
    with known.store.transaction() as tx:
        opened(tx, request)
    with pytest.raises(PayloadInvalid, match="identity_not_asked"):
        doubt(known, request.id)


def test_it_is_asked_three_times_at_most_and_not_after_the_answer(known):
    request_id = open_as_operator(known, ASHA, shop=SHOP)
    assert [doubt(known, request_id) for _ in range(MAX_TIMES_ASKED)] == [1, 2, 3]
    with pytest.raises(PayloadInvalid, match="asked_too_often"):
        doubt(known, request_id)
    assert [number for _, number, _ in letters(known, request_id)] == [0, 1, 2]
    confirm(known, request_id)
    with pytest.raises(PayloadInvalid, match="no_open_doubt"):
        confirm(known, request_id)
    answered = make_request(closed_at=known.clock.now())
    with known.store.transaction() as tx:
        opened(tx, answered)
        tx.session.connection.exec_driver_sql("UPDATE requests SET closed_at = received_at")
    with pytest.raises(PayloadInvalid, match="answered_already"):
        doubt(known, answered.id)
    with pytest.raises(PayloadInvalid, match="request_unknown"):
        doubt(known, "req_none")


def test_c03_the_clock_runs_on_with_a_reminder_at_half_and_an_answer_at_the_end(known, clock):
    """C-03: a doubt does not stop the clock; at half of the term a reminder, at its end "could not verify", and it can be reopened."""
    request_id = open_as_operator(known, ASHA, shop=SHOP)
    doubt(known, request_id)
    due = read_doubted(known, request_id)[0].due_at
    begin = clock.at
    for days, expected in ((0, 1), (14.9, 1), (15, 2), (16, 2), (29.9, 2), (30, 3), (40, 3)):
        clock.at = begin + timedelta(days=days)
        process_request(request_id, services=known)
        assert len(letters(known, request_id)) == expected, days
    assert [(kind, values) for kind, _, values in letters(known, request_id)] == [
        (LetterKind.IDENTITY_REQUEST, {"by": "2026-12-22"}),
        (LetterKind.IDENTITY_REMINDER, {"by": "2026-12-22"}),
        (LetterKind.REFUSAL, {"reason": "identity_not_proven"}),
    ]
    request, tasks, check = read_doubted(known, request_id)
    assert request.due_at == due
    assert [task.wait_reason for task in tasks if task.wait_reason] == [WaitReason.IDENTITY_NOT_PROVEN]
    assert check.failed_at == begin + timedelta(days=30)
    assert list_fact_names(known, request_id).count("identity.not_proven") == 1
    confirm(known, request_id)
    process_request(request_id, services=known)
    assert not [
        task for task in read_doubted(known, request_id)[1] if task.wait_reason is WaitReason.IDENTITY_NOT_PROVEN
    ]


@pytest.mark.parametrize(
    ("countries", "pauses", "moved"),
    [(("GB",), True, 4), (("GB",), False, 0), (("GB", "DE"), True, 0), (("IN",), True, 0), ((), True, 0)],
)
def test_the_term_stops_in_the_united_kingdom_alone_and_only_if_the_merchant_says_so(
    known, clock, countries, pauses, moved
):
    clocks = replace(known.merchant.clocks, pause_while_identity_pending=("UK",) if pauses else ())
    services = replace(known, merchant=replace(known.merchant, clocks=clocks))
    request_id = open_as_operator(services, replace(ASHA, stated_countries=countries), shop=SHOP)
    before = read_doubted(services, request_id)[0]
    doubt(services, request_id)
    clock.at += timedelta(days=4)
    confirm(services, request_id)
    after = read_doubted(services, request_id)[0]
    assert after.due_at - before.due_at == timedelta(days=moved)
    assert {rule: datetime.fromisoformat(at) for rule, at in after.clocks.items()} == {
        rule: datetime.fromisoformat(at) + timedelta(days=moved) for rule, at in before.clocks.items()
    }


# --- The link of the letter ----------------------------------------------------------------------------


def test_the_link_goes_to_an_address_on_record_and_to_no_other(known):
    made = {}
    for address in (ASHA.email, "stranger@example.com"):
        details = RequestDetails(contact=ReplyContact(address=address))
        request_id = open_person_request(
            RequestKind.ERASURE, SHOP, replace(ASHA, order_ids=(str(len(made)),)), known.clock.now(),
            actor=OFFICER, reason="a letter", services=known, details=details,
        )  # fmt: skip
        if address == ASHA.email:
            with known.store.transaction() as tx:
                request = tx.requests.get_request(request_id)
                assert LINK_BY_LETTER[LetterKind.IDENTITY_REQUEST](request, tx, known) is None, "nobody doubts"
            doubt(known, request_id)
        with known.store.transaction() as tx:
            request = tx.requests.get_request(request_id)
            made[address] = LINK_BY_LETTER[LetterKind.IDENTITY_REMINDER](request, tx, known)
    assert made["stranger@example.com"] is None
    token = made[ASHA.email].rpartition("/identity/")[2]
    with known.store.transaction() as tx:
        assert tx.person_links.find_linked_request(token, LinkPurpose.PROVE_IDENTITY)


def test_a_letter_to_the_shop_has_no_link_by_which_it_would_prove_who_its_customer_is(known):
    with known.store.transaction() as tx:
        request = opened(tx, make_request())
    doubt(known, request.id)
    with known.store.transaction() as tx:
        assert LINK_BY_LETTER[LetterKind.IDENTITY_REQUEST](request, tx, known) is None


def test_who_says_that_it_was_not_them_leaves_the_decision_to_an_officer(known, clock):
    request_id = open_as_operator(known, ASHA, shop=SHOP)
    doubt(known, request_id)
    process_request(request_id, services=known)
    deny_identity(request_id, actor="person", services=known)
    process_request(request_id, services=known)
    _, tasks, _ = read_doubted(known, request_id)
    assert WaitReason.IDENTITY_NOT_PROVEN in [task.wait_reason for task in tasks]
    clock.at += timedelta(days=31)
    process_request(request_id, services=known)
    assert [kind for kind, _, _ in letters(known, request_id)] == [LetterKind.IDENTITY_REQUEST]
    assert "identity.denied" in list_fact_names(known, request_id)


# --- What comes by a door at which nobody looked -------------------------------------------------------


def test_an_address_on_record_that_a_code_proved_counts_as_a_reply_from_it(known):
    request_id = open_on_page(known, ON_RECORD, ASHA.email)
    with known.store.transaction() as tx:
        details = [
            event.detail for event in tx.evidence.list_facts_of_request(request_id) if event.fact == "identity.proven"
        ]
    assert [detail["method"] for detail in details] == ["on_record_reply"]
    assert read_doubted(known, request_id)[2] is None


@pytest.mark.parametrize(
    ("principal", "address", "found"),
    [
        (Principal(email=ASHA.email, phone=ASHA.phone), ASHA.email, None),
        (Principal(email="new@example.com"), "new@example.com", None),
        (Principal(email="new@example.com", phone=ASHA.phone), "new@example.com", IdentityDoubt.ADDRESS_NOT_ON_RECORD),
        (
            Principal(email="new@example.com", order_ids=("1001",)),
            "new@example.com",
            IdentityDoubt.ADDRESS_NOT_ON_RECORD,
        ),
        (Principal(customer_id="7001"), "new@example.com", IdentityDoubt.ADDRESS_NOT_ON_RECORD),
        (Principal(email=ASHA.email), "new@example.com", IdentityDoubt.ADDRESS_NOT_ON_RECORD),
        (Principal(email=ASHA.email, order_ids=("1001",)), ASHA.email, None),
        (Principal(email=ASHA.email, order_ids=("1001", "2002")), ASHA.email, IdentityDoubt.NAMES_SEVERAL_PERSONS),
        (Principal(email=ASHA.email, phone="+919800000001"), ASHA.email, IdentityDoubt.ADDRESS_NOT_ON_RECORD),
        (Principal(email=ASHA.email, phone="+919899999999"), ASHA.email, None),
    ],
)
@pytest.mark.parametrize("source", [RequestSource.PAGE, RequestSource.MAIL])
@pytest.mark.parametrize("kind", [RequestKind.ACCESS, RequestKind.ERASURE])
def test_records_that_do_not_have_the_proven_address_are_a_doubt(known, principal, address, found, source, kind):
    request_id = open_on_page(known, principal, address, source=source, kind=kind)
    check = read_doubted(known, request_id)[2]
    assert (check.doubt if check else None) == found
    process_request(request_id, services=known)
    request, tasks, _ = read_doubted(known, request_id)
    assert any(task.wait_reason is WaitReason.IDENTITY_PENDING for task in tasks) == (found is not None)
    assert found is None or request.closed_at is None


def test_an_operator_s_own_judgement_is_not_doubted(known):
    request_id = open_on_page(known, Principal(customer_id="7001"), "new@example.com", source=RequestSource.OPERATOR)
    assert read_doubted(known, request_id)[2] is None


def test_an_order_that_the_address_does_not_have_is_a_doubt_and_its_own_is_none(known, monkeypatch):
    page = serve_page(known, monkeypatch)
    for number, found in (("#1001", None), (" 1001", None), ("#2002", IdentityDoubt.ORDER_NOT_FOUND)):
        asked = page.ask(RequestKind.ACCESS if found is None else RequestKind.ERASURE, order=number)
        page.work()
        page.enter(asked, page.read_code())
        check = read_doubted(known, page.requests()[-1].id)[2]
        assert (check.doubt if check else None) == found
    assert "2002" not in str(page.facts(page.requests()[-1].id))


def test_a_withdrawal_is_opened_for_whoever_is_named_without_a_doubt(known, monkeypatch):
    monkeypatch.setattr(open_for_person, "PERSON_KINDS", tuple(RequestKind))
    kind = RequestKind.CONSENT_WITHDRAWAL
    request_id = open_on_page(known, Principal(email="new@example.com", phone=ASHA.phone), "new@example.com", kind=kind)
    assert read_doubted(known, request_id)[2] is None


# --- What is kept ------------------------------------------------------------------------------------


def test_by_what_it_was_proven_is_destroyed_after_seven_days_and_the_result_stays(known, clock):
    services = replace(known, retention=settled_retention())
    request_id = open_as_operator(services, ASHA, shop=SHOP)
    doubt(services, request_id)
    confirm(services, request_id)
    for days, is_kept in ((6, True), (9, False)):
        clock.at = datetime(2026, 11, 22, 10, tzinfo=clock.at.tzinfo) + timedelta(days=days)
        expire_aged_records(services=services)
        with services.store.transaction() as tx:
            assert bool(tx.identity_checks.read_proof(request_id)) is is_kept
            assert tx.identity_checks.find_check(request_id).method is IdentityMethod.DOCUMENT_SEEN
    assert "identity.proven" in list_fact_names(services, request_id)
