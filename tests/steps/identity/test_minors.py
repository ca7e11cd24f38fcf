"""Requirement P-52: a child's data are marked, a parent or guardian is asked to ask, and marketing stops when the law binds."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bridge.errors import PayloadInvalid
from bridge.model import (
    ConsentEvent,
    CustomerConsents,
    Finding,
    GatherProgress,
    IdentityDoubt,
    IdentityMethod,
    LetterKind,
    RequestKind,
    RequestSource,
    RequestState,
    TaskState,
    WaitReason,
)
from bridge.rules.operations.guides import WAIT_GUIDES
from bridge.steps.identity.doubts import ask_for_identity, confirm_identity
from bridge.steps.identity.marked_minors import list_marked_minors
from bridge.steps.identity.minors import mark_minor_by_officer
from bridge.steps.letters.letter_links import LINK_BY_LETTER
from bridge.steps.operations.conditions import list_conditions
from bridge.steps.requests.process import process_request
from bridge.store.selection.row_filter import RowFilter
from tests.factories import ASHA, SHOP, order
from tests.fakes import page
from tests.kit.operator_requests import list_answers, open_as_operator

OFFICER, CHILD, GROWN = "operator:officer", "2012-05-03", "1990-05-03"
LAW_BINDS_AT = datetime(2027, 5, 12, 18, 30, tzinfo=UTC)  # 13 May where the merchant is


def make_customer(*birth_dates, number="7001"):
    metafields = [{"namespace": "facts", "key": "birth_date", "value": one} for one in birth_dates]
    body = {"firstName": "Asha", "metafields": metafields}
    return Finding(kind="customer", ref=f"gid://shopify/Customer/{number}", matched_by="customer_id", body=body)


@pytest.fixture
def of_child(services, platform):
    """A shop whose platform holds a customer with a birth date of 2012, who agreed to e-mails."""
    platform.pages = [page(make_customer(CHILD))]
    agreed = ConsentEvent(
        purpose="marketing", channel="email", state="subscribed", at="", level="", collected_from="", contact=ASHA.email
    )
    platform.customer_consents = [CustomerConsents(customer_id="7001", events=(agreed,))]
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1001)])
    return services


def ask_for_copy(services, kind=RequestKind.ACCESS):
    request_id = open_as_operator(services, ASHA, shop=SHOP, kind=kind)
    process_request(request_id, services=services)
    return request_id


def read_copy(services, request_id):
    with services.store.read() as tx:
        return (
            tx.requests.get_request(request_id),
            tx.identity_checks.find_check(request_id),
            request_id in list_marked_minors([request_id], tx),
        )


def say_who_asked(services, request_id, method=IdentityMethod.PARENT_OR_GUARDIAN):
    confirm_identity(
        request_id, method, actor=OFFICER, reason="the mother called", proof={"seen_by": OFFICER}, services=services
    )
    process_request(request_id, services=services)


def read_summary(services, request_id):
    with services.store.read() as tx:
        content = b"".join(tx.packages.read_package(request_id))
    with zipfile.ZipFile(io.BytesIO(content)) as bag:
        names = {name.rpartition("/")[2]: name for name in bag.namelist()}
        return json.loads(bag.read(names["01_summary.json"])), bag.read(names["00_letter.txt"]).decode()


def find_stop(services):
    """Return the request by which marketing to the child stops, with its task; None where there is none."""
    with services.store.read() as tx:
        rows = tx.selection.select_requests(RowFilter(kind=RequestKind.CONSENT_WITHDRAWAL)).rows
        requests = [tx.requests.get_request(row.id) for row in rows]
        found = [one for one in requests if one.source is RequestSource.LAW]
        return (found[0], *tx.tasks.list_tasks(found[0].id)) if found else None


def test_p52_a_copy_of_a_child_waits_for_the_parent_or_guardian_and_says_so(of_child):
    """P-52."""
    request_id = ask_for_copy(of_child)
    request, check, is_marked = read_copy(of_child, request_id)
    assert (request.state, request.closed_at, is_marked) == (RequestState.WAITING, None, True)
    assert (check.doubt, check.decided_at) == (IdentityDoubt.PERSON_IS_MINOR, None)
    [letter] = list_answers(of_child, request_id)
    assert (letter.kind, dict(letter.values)["doubt"]) == (LetterKind.IDENTITY_REQUEST, "person_is_minor")
    with of_child.store.transaction() as tx:
        [review] = tx.reviews.list_reviews(kind="minor", request_id=request_id)
        assert LINK_BY_LETTER[LetterKind.IDENTITY_REQUEST](request, tx, of_child) is None, (
            "a child's mailbox proves nothing"
        )
        facts = [str(fact.detail) for fact in tx.evidence.list_facts_of_request(request_id)]
    assert CHILD not in review.what + "".join(facts), "the mark keeps no birth date"
    say_who_asked(of_child, request_id)
    request, check, is_marked = read_copy(of_child, request_id)
    assert (request.closed_at, is_marked) == (of_child.clock.now(), True)
    assert check.method is IdentityMethod.PARENT_OR_GUARDIAN
    summary, text = read_summary(of_child, request_id)
    assert "under 18" in summary["minor"]
    assert "a parent or guardian asked for it" in " ".join(text.split())
    with of_child.store.read() as tx:
        [review] = tx.reviews.list_reviews(is_open=False, kind="minor", request_id=request_id)
    assert (review.decision, review.closed_by) == ("guardian", OFFICER)


@pytest.mark.parametrize(
    ("method", "stays"), [(IdentityMethod.OF_AGE, False), (IdentityMethod.PARENT_OR_GUARDIAN, True)]
)
def test_p52_the_officer_decides_once_and_a_second_reading_of_the_same_date_asks_nobody(of_child, method, stays):
    """P-52: where the birth date is wrong the officer takes the mark away."""
    request_id = ask_for_copy(of_child)
    say_who_asked(of_child, request_id, method)
    assert ("minor" in read_summary(of_child, request_id)[0]) is stays
    with of_child.store.transaction() as tx:
        task = tx.tasks.list_tasks(request_id)[0]
        tx.tasks.save_task(replace(task, state=TaskState.PENDING, progress=GatherProgress()))
        tx.request_changes.restart_request(request_id)
    process_request(request_id, services=of_child)
    _, check, is_marked = read_copy(of_child, request_id)
    assert (check.method, is_marked) == (method, stays)
    assert [one.kind for one in list_answers(of_child, request_id)].count(LetterKind.IDENTITY_REQUEST) == 1


@pytest.mark.parametrize("birth_dates", [[], [GROWN], ["2030-01-01"], ["03/05"], ["unknown", GROWN]])
def test_p52_who_is_of_age_or_not_known_to_be_under_18_is_neither_marked_nor_asked(of_child, platform, birth_dates):
    platform.pages = [page(make_customer(*birth_dates))]
    request_id = ask_for_copy(of_child)
    request, check, is_marked = read_copy(of_child, request_id)
    assert (request.closed_at is not None, check, is_marked) == (True, None, False)
    assert find_stop(of_child) is None


@pytest.mark.parametrize(
    ("doubt", "method"),
    [
        (IdentityDoubt.PERSON_IS_MINOR, IdentityMethod.ON_RECORD_REPLY),
        (IdentityDoubt.PERSON_IS_MINOR, IdentityMethod.DOCUMENT_SEEN),
        (IdentityDoubt.UNUSUAL_REQUEST, IdentityMethod.PARENT_OR_GUARDIAN),
        (IdentityDoubt.UNUSUAL_REQUEST, IdentityMethod.OF_AGE),
    ],
)
def test_p52_a_child_that_proves_who_it_is_is_no_parent(of_child, doubt, method):
    request_id = ask_for_copy(of_child)
    with of_child.store.transaction() as tx:
        tx.identity_checks.save_check(replace(tx.identity_checks.find_check(request_id), doubt=doubt))
    with pytest.raises(PayloadInvalid, match="method_unfit"):
        say_who_asked(of_child, request_id, method)


def test_p52_another_doubt_takes_the_place_of_no_guardian(of_child):
    """P-52: else the child could end by a link what only a parent ends. Asked for too often is refused as ever."""
    request_id = ask_for_copy(of_child)
    for times in (2, 3):
        assert (
            ask_for_identity(
                request_id, IdentityDoubt.UNUSUAL_REQUEST, actor=OFFICER, reason="a new mailbox", services=of_child
            )
            == times
        )
        assert read_copy(of_child, request_id)[1].doubt is IdentityDoubt.PERSON_IS_MINOR
    with pytest.raises(PayloadInvalid, match="asked_too_often"):
        mark_minor_by_officer(request_id, actor=OFFICER, reason="no answer came", services=of_child)


def test_p52_a_doubt_that_ended_before_does_not_count(of_child):
    request_id = open_as_operator(of_child, ASHA, shop=SHOP, kind=RequestKind.ACCESS)
    for _ in range(3):
        ask_for_identity(
            request_id, IdentityDoubt.UNUSUAL_REQUEST, actor=OFFICER, reason="a new mailbox", services=of_child
        )
    confirm_identity(
        request_id, IdentityMethod.DOCUMENT_SEEN, actor=OFFICER, reason="seen", proof={}, services=of_child
    )
    process_request(request_id, services=of_child)
    _, check, _ = read_copy(of_child, request_id)
    assert (check.doubt, check.times_asked, check.decided_at) == (IdentityDoubt.PERSON_IS_MINOR, 4, None)


def test_p52_at_the_end_of_the_term_the_letter_says_that_no_parent_wrote(of_child, clock):
    request_id = ask_for_copy(of_child)
    request, check, _ = read_copy(of_child, request_id)
    for at in (check.remind_at, request.due_at):
        clock.at = at
        process_request(request_id, services=of_child)
    values = {letter.kind: dict(letter.values) for letter in list_answers(of_child, request_id)}
    assert values[LetterKind.IDENTITY_REMINDER]["doubt"] == "person_is_minor"
    assert values[LetterKind.REFUSAL] == {"reason": "guardian_not_heard"}


def test_p52_an_erasure_that_a_child_asks_for_goes_on(of_child):
    request_id = ask_for_copy(of_child, RequestKind.ERASURE)
    request, check, _ = read_copy(of_child, request_id)
    assert (check, request.closed_at is not None) == (None, True)
    with pytest.raises(PayloadInvalid, match="minor_needs_nobody"):
        mark_minor_by_officer(request_id, actor=OFFICER, reason="the letter says it", services=of_child)


def test_p52_an_officer_marks_what_no_record_says_once(of_child, platform):
    platform.pages = [page(make_customer(GROWN))]
    request_id = open_as_operator(of_child, ASHA, shop=SHOP, kind=RequestKind.ACCESS)
    mark = {"actor": OFFICER, "reason": "the letter says thirteen", "services": of_child}
    assert mark_minor_by_officer(request_id, **mark) == 1
    process_request(request_id, services=of_child)
    assert platform.asked == [], "nothing is read before a parent asked"
    assert read_copy(of_child, request_id)[2] is True
    assert mark_minor_by_officer(request_id, **mark) == 2, "the letter was lost: it is asked again"
    say_who_asked(of_child, request_id)
    with pytest.raises(PayloadInvalid, match="answered_already"):
        mark_minor_by_officer(request_id, **mark)
    with pytest.raises(PayloadInvalid, match="request_unknown"):
        mark_minor_by_officer("req_none", **mark)


def test_p52_marketing_to_a_child_stops_by_itself_on_the_day_on_which_the_law_binds(of_child, platform, clock):
    """P-52: DPDP Act s.9(3) binds from 13 May 2027 on; nobody asked, so that nobody is written to."""
    ask_for_copy(of_child)
    stop, task = find_stop(of_child)
    process_request(stop.id, services=of_child)
    stop, task = find_stop(of_child)
    assert (task.state, task.wait_reason, task.wake_at) == (
        TaskState.WAITING,
        WaitReason.LAW_NOT_IN_FORCE,
        LAW_BINDS_AT,
    )
    assert not WAIT_GUIDES[task.wait_reason].needs_person
    assert platform.taken_back == []
    clock.at = LAW_BINDS_AT
    with of_child.store.read() as tx:
        found = {one.condition for one in list_conditions(tx=tx, services=of_child)}
    assert "consent_not_withdrawn" not in found, "its day has only begun"
    process_request(stop.id, services=of_child)
    stop, task = find_stop(of_child)
    assert (task.state, stop.state, platform.taken_back) == (TaskState.DONE, RequestState.DONE, [("7001", {"email"})])
    with of_child.store.read() as tx:
        stops = tx.marketing_stops.find_stops(SHOP, [("customer", "7001"), ("phone", ASHA.phone)])
        assert tx.person_letters.list_letters(stop.id) == []
    assert sorted(stops["customer", "7001"]) == ["email", "profiling", "sms", "whatsapp"]
    assert stops["phone", ASHA.phone] == {}, "a phone may be the parent's"
    assert platform.left_by_others == [], "and nothing is erased by it: the child is known by the date"


def test_p52_it_stops_at_once_where_the_law_binds_already_and_once_for_each_child(of_child, platform, clock):
    clock.at = LAW_BINDS_AT
    first = ask_for_copy(of_child)
    stop, task = find_stop(of_child)
    assert task.state is TaskState.PENDING
    process_request(stop.id, services=of_child)
    assert platform.taken_back == [("7001", {"email"})]
    say_who_asked(of_child, first)
    ask_for_copy(of_child)
    with of_child.store.read() as tx:
        rows = tx.selection.select_requests(RowFilter(kind=RequestKind.CONSENT_WITHDRAWAL)).rows
    assert [row.id for row in rows] == [stop.id]


def test_p52_who_is_of_age_when_the_law_binds_is_marked_and_gets_offers(of_child, platform):
    platform.pages = [page(make_customer("2009-05-12"))]
    request_id = ask_for_copy(of_child)
    assert read_copy(of_child, request_id)[2] is True
    assert find_stop(of_child) is None
