"""The letters of a request's own course: its answer, its outcome, a part that came later, and that it is late."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.model import AnswerBasis, LetterKind, RequestKind, RequestSource, TaskState
from bridge.steps.letters.queue_answers import queue_closing_letter, queue_late_letters, queue_supplement
from bridge.steps.operations.conditions import list_conditions
from bridge.steps.requests.conclude import conclude_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from tests.factories import NOW, SHOP, accepted, data_request_body, make_request, make_task, opened

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def list_kinds(services, request_id):
    with services.store.read() as tx:
        return [(each.kind, dict(each.values)) for each in tx.person_letters.list_letters(request_id)]


def answering_persons(services):
    rules = replace(services.merchant.letters, shopify_requests="person")
    return replace(services, merchant=replace(services.merchant, letters=rules))


@pytest.mark.parametrize(
    ("kind", "source", "answers_person", "queued"),
    [
        (RequestKind.ACCESS, RequestSource.OPERATOR, False, [LetterKind.ANSWER]),
        (RequestKind.ACCESS, RequestSource.WEBHOOK, False, [LetterKind.ANSWER]),
        (RequestKind.ERASURE, RequestSource.PAGE, False, [LetterKind.OUTCOME]),
        (RequestKind.ERASURE, RequestSource.WEBHOOK, False, []),
        (RequestKind.ERASURE, RequestSource.WEBHOOK, True, [LetterKind.OUTCOME]),
        (RequestKind.ERASURE, RequestSource.LEDGER, True, []),
        (RequestKind.SHOP_ERASURE, RequestSource.WEBHOOK, True, []),
        (RequestKind.GRIEVANCE, RequestSource.MAIL, False, []),
    ],
)
def test_who_asked_is_told_what_became_of_it(services, kind, source, answers_person, queued):
    services = answering_persons(services) if answers_person else services
    request = make_request(kind=kind, source=source)
    with services.store.transaction() as tx:
        opened(tx, request)
        queue_closing_letter(request, tx=tx, services=services)
    assert [each for each, _ in list_kinds(services, request.id)] == queued


@pytest.mark.parametrize("answers_person", [False, True])
def test_a_request_of_shopify_is_acknowledged_only_where_persons_are_answered(services, answers_person):
    services = answering_persons(services) if answers_person else services
    delivery = accepted(services.store, "customers/data_request", data_request_body())
    request_id = dispatch_delivery(delivery.id, services=services)
    assert list_kinds(services, request_id) == ([(LetterKind.ACKNOWLEDGEMENT, {})] if answers_person else [])


def test_s01_what_a_system_answered_after_the_answer_is_sent_once(services, clock):
    """Requirement S-01."""
    request = make_request(source=RequestSource.OPERATOR)
    early = make_task(request.id, "shopify", state=TaskState.DONE, finished_at=NOW)
    late = make_task(request.id, "delhivery", state=TaskState.DONE, finished_at=NOW + timedelta(hours=2))
    later = make_task(request.id, "bluedart", state=TaskState.DONE, finished_at=NOW + timedelta(hours=5))
    with services.store.transaction() as tx:
        opened(tx, request)
        queue_supplement(request, [early, late], tx=tx)  # nobody has the answer yet: it is in it
        answered = replace(request, answered_at=NOW + timedelta(hours=1))
        clock.at = NOW + timedelta(hours=3)
        for _ in range(2):
            queue_supplement(answered, [early, late], tx=tx)
        clock.at = NOW + timedelta(hours=6)
        queue_supplement(answered, [early, late, later], tx=tx)
    assert list_kinds(services, request.id) == [
        (LetterKind.SUPPLEMENT, {"systems": "delhivery"}),
        (LetterKind.SUPPLEMENT, {"systems": "bluedart"}),
    ]


def test_s01_t19_a_carrier_that_answers_after_the_answer_makes_the_package_anew_and_a_supplement(services, clock):
    """Requirement S-01."""
    request = make_request(source=RequestSource.OPERATOR)
    wake_at = NOW + timedelta(hours=2)
    task = make_task(request.id, "delhivery", state=TaskState.RETRY, attempts=1, wake_at=wake_at)
    with services.store.transaction() as tx:
        opened(tx, request, task)
        lease = tx.requests.acquire_lease(request.id)
    conclude_request(request.id, lease, has_changed=True, services=services)
    assert list_kinds(services, request.id) == [(LetterKind.ANSWER, {})]
    with services.store.transaction() as tx:
        tx.hand_overs.record_hand_over(request.id, NOW, answered_at=NOW, basis=AnswerBasis.DELIVERED)
    clock.at = wake_at
    with services.store.transaction() as tx:
        lease = tx.requests.acquire_lease(request.id)
        (stored,) = tx.tasks.list_tasks(request.id)
        tx.tasks.save_task(replace(stored, state=TaskState.DONE, finished_at=wake_at))
    conclude_request(request.id, lease, has_changed=True, services=services)
    assert list_kinds(services, request.id)[1:] == [(LetterKind.SUPPLEMENT, {"systems": "delhivery"})]


def test_p18_a_request_that_is_late_says_so_once(services, clock):
    """Requirement P-18."""
    kinds = {
        "late": make_request(source=RequestSource.OPERATOR, subject="one"),
        "shopify": make_request(subject="two"),
        "answered": make_request(kind=RequestKind.GRIEVANCE, source=RequestSource.PAGE, subject="three"),
    }
    with services.store.transaction() as tx:
        for request in kinds.values():
            opened(tx, request)
        lease = tx.requests.acquire_lease(kinds["answered"].id)
        tx.requests.release_lease(lease, state="done", wake_at=None, complete=True, closed_at=NOW)
    clock.at = NOW + timedelta(days=30)
    assert queue_late_letters(services=services) == 0
    clock.at = NOW + timedelta(days=30, seconds=1)
    assert [queue_late_letters(services=services) for _ in range(2)] == [1, 0]
    assert list_kinds(services, kinds["late"].id) == [(LetterKind.LATE, {"due": "2026-12-22"})]
    assert queue_late_letters(services=answering_persons(services)) == 1


def test_p17_an_acknowledgement_that_has_not_left_after_half_of_its_time_needs_somebody(services, clock):
    """Requirement P-17."""
    request = make_request(source=RequestSource.OPERATOR)
    with services.store.transaction() as tx:
        opened(tx, request)
        tx.person_letters.queue_letter(SHOP, request.id, LetterKind.ACKNOWLEDGEMENT, number=0, values={})

    def read_conditions():
        with services.store.read() as tx:
            found = list_conditions(tx=tx, services=services)
        return [
            (one.condition, one.reason, one.ids)
            for one in found
            if "letter" in one.condition or "ackn" in one.condition
        ]

    clock.at = NOW + timedelta(hours=23, minutes=59)
    assert read_conditions() == []
    clock.at = NOW + timedelta(hours=24)
    assert read_conditions() == [("acknowledgement_open", "", (request.id,))]
    with services.store.transaction() as tx:
        (letter,) = tx.person_letters.list_letters(request.id)
        lease = tx.person_letters.acquire_lease(letter.id)
        withheld = replace(letter, state="withheld", last_error="text_missing: hi: reasons.x")
        tx.person_letters.release_lease(lease, withheld, wake_at=None)
    assert ("letter_withheld", "text_missing", (letter.id,)) in read_conditions()
