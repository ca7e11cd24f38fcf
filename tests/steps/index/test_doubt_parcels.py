"""No processor is told of a parcel that may be another person's before an operator decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.model import (
    ConsigneeClues,
    NoticeState,
    ParcelStatus,
    Principal,
    RequestKind,
    RequestState,
    TaskAction,
    Waybill,
)
from bridge.rules.index.minimise import extract_sighting
from bridge.rules.notices.parcel_reviews import PARCEL_REVIEW_KIND, ParcelDecision
from bridge.steps.index.doubt_parcels import decide_parcel_review, is_under_review
from bridge.steps.index.late_delivery import apply_late_delivery
from bridge.steps.notices.open_notice_items import open_notice_items
from bridge.steps.requests.process import process_request
from tests.factories import ASHA, NOW, SHOP, make_request, make_task, order_body
from tests.fakes import FakePlatform
from tests.steps.notice_case import Case, days
from tests.steps.parcel_case import ADDRESS, A, B, fulfillment

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CREATED = ("orders/create", order_body(1001, shipping_address=ADDRESS, at=NOW - days(200)))
ASHAS = ConsigneeClues(references=("#1001",), names=("Asha Qwertzuiop",), phones=("9811122233",), pins=("560001",))
OTHERS = ConsigneeClues(references=("#1002",), names=("Bikram Other",), phones=("9822233344",), pins=("700091",))


@pytest.fixture
def doubted(store, clock, queue):
    made = Case(store, clock, queue)
    platform = FakePlatform()  # it says that no order was invoiced, so that none waits for a copy
    made.services = replace(made.services, connectors={**made.services.connectors, "shopify": platform})
    return made


def learn(doubted, *events):
    with doubted.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [extract_sighting(topic, body) for topic, body in events])


def erase_asha(doubted, *learned, shows=ASHAS):
    """Erase Asha after these webhooks; the carrier shows `shows` for every number."""
    learn(doubted, CREATED, *learned)
    for number in (A, B):
        doubted.move(number, ParcelStatus.DELIVERED, at=NOW - days(190), clues=shows)
    request = make_request(kind=RequestKind.ERASURE, principal=ASHA, state=RequestState.IN_PROGRESS)
    with doubted.store.transaction() as tx:
        tx.requests.open_request(
            request, idempotency_key=request.id, tasks=[make_task(request.id, "bridge", TaskAction.ERASE)]
        )
    process_request(request.id, services=doubted.services)
    return request


def shipped(*numbers, at=-24 * 200, **more):
    return ("fulfillments/create", fulfillment(*numbers, at=at, **more))


def references(doubted):
    return {entry.reference: entry for entry in doubted.entries()}


def letters_text(doubted):
    return "\n".join(letter.text + repr(letter.attachments) for letter in doubted.mailer.letters)


def list_parcel_reviews(doubted):
    with doubted.store.transaction() as tx:
        return tx.reviews.list_reviews(kind=PARCEL_REVIEW_KIND)


def decide(doubted, decision):
    [review] = list_parcel_reviews(doubted)
    with doubted.store.transaction() as tx:
        return decide_parcel_review(review, decision, actor="op", reason="asked", tx=tx, services=doubted.services)


def test_a_superseded_number_waits_for_an_operator_and_is_not_even_tracked(doubted):
    erase_asha(doubted, shipped(A), ("fulfillments/update", fulfillment(B, at=-24 * 199)))
    doubted.run()
    wrong, right = references(doubted)[A], references(doubted)[B]
    assert (right.state, wrong.state, wrong.reason) == (NoticeState.SENT, NoticeState.WAITING, "parcel_review_open")
    assert all(A not in numbers for numbers, _ in doubted.carrier.tracked)
    assert A not in letters_text(doubted)
    assert len(list_parcel_reviews(doubted)) == 1


@pytest.mark.parametrize(("decision", "count"), [(ParcelDecision.RELEASED, 1), (ParcelDecision.REFUSED, 1)])
def test_the_operator_releases_or_refuses_it(doubted, decision, count):
    request = erase_asha(doubted, shipped(A), ("fulfillments/update", fulfillment(B, at=-24 * 199)))
    doubted.run()
    assert decide(doubted, decision) == count
    doubted.at(doubted.clock.at + timedelta(days=2))
    doubted.run()
    assert list_parcel_reviews(doubted) == []
    if decision is ParcelDecision.RELEASED:
        assert references(doubted)[A].state is NoticeState.SENT
    else:
        assert references(doubted).keys() == {B}
        assert [task.records for task in doubted.tasks(request)] == [2]
        doubted.process(request)
        assert [task.records for task in doubted.tasks(request)] == [1]


def test_a_consignee_that_contradicts_the_order_stops_the_letter(doubted):
    erase_asha(doubted, shipped(A), shows=OTHERS)
    doubted.run()
    entry = references(doubted)[A]
    assert (entry.state, entry.baseline, doubted.mailer.letters) == (NoticeState.WAITING, "", [])
    assert is_under_review(entry)
    assert decide(doubted, ParcelDecision.RELEASED) == 1
    doubted.run()
    assert references(doubted)[A].state is NoticeState.SENT, "it is not stopped a second time"


@pytest.mark.parametrize(
    "agreeing",
    [
        {"references": ("MM-1001",)},
        {"names": ("ASHA QWERTZUIOP",)},
        {"phones": ("+919811122233",)},
        {"pins": ("560 001",)},
    ],
)
def test_one_agreeing_field_is_enough_after_the_erasure_too(doubted, agreeing):
    erase_asha(doubted, shipped(A), shows=replace(OTHERS, **agreeing))
    doubted.run()
    assert references(doubted)[A].state is NoticeState.SENT


def test_a_parcel_in_doubt_at_one_processor_is_told_to_no_other(doubted):
    erase_asha(doubted, shipped(A))
    with doubted.store.transaction() as tx:
        tx.reviews.open_parcel_review(SHOP, "in doubt at another", order_id="1001", waybill=A)
    doubted.run()
    assert is_under_review(references(doubted)[A])
    assert doubted.mailer.letters == []


def test_a_carrier_that_shows_nothing_is_told_of_what_is_listed_and_not_of_what_was_cancelled(doubted):
    erase_asha(doubted, shipped(A), shipped(B, number=2, status="cancelled"), shows=None)
    doubted.run()
    assert references(doubted)[A].state is NoticeState.SENT
    assert references(doubted)[B].state is NoticeState.WAITING


def test_the_person_is_kept_as_digests_only(doubted):
    erase_asha(doubted, shipped(A))
    [entry] = doubted.entries()
    assert entry.clues
    assert not [word for word in ("asha", "qwertzuiop", "9811122233", "560001", "80001") if word in entry.clues.lower()]


def apply_late(doubted, topic, body):
    with doubted.store.transaction() as tx:
        apply_late_delivery(SHOP, extract_sighting(topic, body), tx=tx, services=doubted.services)


def test_a_correction_after_the_erasure_stops_the_number_and_adds_the_right_one(doubted):
    erase_asha(doubted, shipped(A))
    apply_late(doubted, "fulfillments/update", fulfillment(B, at=-24 * 199))
    doubted.run()
    assert references(doubted)[B].state is NoticeState.SENT
    assert (references(doubted)[A].state, A in letters_text(doubted)) == (NoticeState.WAITING, False)


def test_an_older_event_after_the_erasure_brings_no_number_back(doubted):
    erase_asha(doubted, shipped(B, at=-24 * 199))
    apply_late(doubted, "fulfillments/create", fulfillment(A, at=-24 * 200))
    doubted.run()
    assert references(doubted)[B].state is NoticeState.SENT
    assert (references(doubted)[A].state, A in letters_text(doubted)) == (NoticeState.WAITING, False)


def test_what_was_told_already_stays_letters_text(doubted):
    erase_asha(doubted, shipped(A))
    doubted.run()
    apply_late(doubted, "fulfillments/update", fulfillment(B, at=-24 * 199))
    assert references(doubted)[A].state is NoticeState.SENT


def test_a_decision_about_a_parcel_holds_in_every_request(doubted):
    erase_asha(doubted, shipped(A), shows=OTHERS)
    doubted.run()
    decide(doubted, ParcelDecision.REFUSED)
    other = make_request(kind=RequestKind.ERASURE, principal=Principal(), state=RequestState.IN_PROGRESS)
    assert doubted.entries() == []
    with doubted.store.transaction() as tx:
        tx.requests.open_request(other, idempotency_key=other.id, tasks=[])
        parcel = Waybill(number=A, carrier="delhivery", order_id="1001", order_name="#1001")
        open_notice_items(other, Principal(), [parcel], {}, tx=tx, services=doubted.services)
    assert doubted.entries() == []
