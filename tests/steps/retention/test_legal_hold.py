"""A legal hold keeps documents and unsent notice items of a request or an order until its release."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.errors import PayloadInvalid
from bridge.model import NoticeState, Principal, RequestKind, TaskAction, TaskState
from bridge.rules.notices.timing import PAUSED_BY_OPERATOR, decide_notice_timing
from bridge.steps.notices.pause_items import pause_items
from bridge.steps.requests.process import process_request
from bridge.steps.retention.expire_documents import expire_documents
from bridge.steps.retention.legal_hold import (
    approve_legal_hold,
    open_order_legal_hold,
    open_person_legal_hold,
    release_legal_hold,
    review_legal_hold,
)
from tests.factories import (
    ASHA,
    NOW,
    SHOP,
    make_entry,
    make_request,
    make_task,
    opened,
    order,
    parcels,
    settled_retention,
)
from tests.steps.sealed_case import decided, documents, facts, seal

A, B = "operator:a", "operator:b"
LONG_AGO = NOW - timedelta(days=200)


@pytest.fixture
def ours(services):
    made = decided(services)
    expire_documents(services=made)
    return made


@pytest.fixture
def erasure(ours):
    """Open Asha's erasure without running it; two orders are indexed and their invoices sealed."""
    with ours.store.transaction() as tx:
        tx.index.ingest_sightings(
            SHOP,
            [
                order(1001, parcels=[("Delhivery", "AWB7007007")]),
                order(1002),
                order(9, customer_id=9, email="b@example.com", phone=""),
            ],
        )
        subject = tx.person_lookup.find_subject(SHOP, ASHA)
        request = opened(tx, make_request(kind=RequestKind.ERASURE, subject=subject))
        tx.tasks.save_task(make_task(request.id, "bridge", TaskAction.ERASE))
    for number in (1001, 1002, 9):
        seal(ours, number)
    expire_documents(services=ours)
    return request


def hold(services, request, reference="CC-1"):
    return open_person_legal_hold(request.id, reference=reference, actor=A, reason="a summons", services=services)


def grounds(services):
    return sorted(each.grounds[0] for each in documents(services).values())


def entries(services, request_id):
    with services.store.transaction() as tx:
        return tx.notice_items.list_items(request_id=request_id)


def matters(services, request_id):
    return [entry.matters for entry in entries(services, request_id)]


def test_a_hold_before_the_erasure_keeps_the_data_subjects_documents_only(ours, erasure):
    held = hold(ours, erasure)
    assert (held.is_new, held.orders, held.documents, held.items) == (True, 2, 2, 0)
    assert grounds(ours) == ["income_tax_books", "legal_claim", "legal_claim"]
    again = hold(ours, erasure)
    assert (again.is_new, again.legal_hold.id, again.orders) == (False, held.legal_hold.id, 2)
    assert hold(ours, erasure, "CC-2").legal_hold.id != held.legal_hold.id
    opened = facts(ours, "hold.opened")
    assert [detail["reference"] for _, detail in opened] == ["CC-1", "CC-2"]
    assert opened[0][1] | {"claim": "", "reason": ""} == {
        "claim": "",
        "reference": "CC-1",
        "reason": "",
        "review_due_at": (NOW + timedelta(days=90)).isoformat(),
        "orders": 2,
        "documents": 2,
        "entries": 0,
    }


def test_the_erasure_runs_and_the_carrier_is_instructed_after_the_release(ours, erasure):
    held = hold(ours, erasure)
    assert process_request(erasure.id, services=ours)
    with ours.store.transaction() as tx:
        assert len(tx.index.list_parcels(SHOP, ASHA)) == 1, "the bridge's own rows stay with the claim"
    matter = f"claim/{held.legal_hold.id}"
    assert matters(ours, erasure.id) == [(matter,)]
    timing = decide_notice_timing(
        entries(ours, erasure.id)[0],
        now=NOW + timedelta(days=4000),
        is_trackable=False,
        notice_rules=ours.merchant.instructions,
        retention=settled_retention(),
    )
    assert (timing.reason, timing.not_before) == ("claim_open", None)
    with ours.store.transaction() as tx:  # a parcel that the shop reports after the erasure
        tx.index.ingest_sightings(SHOP, [parcels(1001, "AWB7007008")])
    done = release_legal_hold(held.legal_hold.id, actor=B, reason="settled", services=ours)
    assert (done.documents, done.items) == (2, 1)
    assert process_request(erasure.id, services=ours)
    with ours.store.transaction() as tx:
        assert tx.index.list_parcels(SHOP, ASHA) == [], "the bridge's own rows go with the claim"
    assert matters(ours, erasure.id) == [(), ()]
    assert set(grounds(ours)) == {"income_tax_books"}


def test_orders_found_by_the_erasure_are_under_the_hold_too(ours, erasure):
    held = hold(ours, erasure)
    with ours.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1003)])
    seal(ours, 1003)
    assert process_request(erasure.id, services=ours)
    with ours.store.transaction() as tx:
        assert len(tx.legal_holds.list_order_keys_on_hold(held.legal_hold.id)) == 3
    expire_documents(services=ours)
    assert grounds(ours).count("legal_claim") == 3


def test_after_the_erasure_the_orders_are_still_known_by_their_keys(ours, erasure):
    assert process_request(erasure.id, services=ours)
    held = hold(ours, erasure)
    assert (held.orders, held.documents, held.items) == (2, 2, 1)
    assert grounds(ours) == ["income_tax_books", "legal_claim", "legal_claim"]
    later = make_request(kind=RequestKind.ACCESS, subject=erasure.subject, principal=Principal(email=ASHA.email))
    with ours.store.transaction() as tx:
        opened(tx, later)
        assert set(tx.legal_holds.find_order_keys_of_request(later)) == set(
            tx.legal_holds.list_order_keys_on_hold(held.legal_hold.id)
        )


def test_two_holds_and_an_operators_pause_block_independently(ours, erasure):
    process_request(erasure.id, services=ours)
    one, two = (
        hold(ours, erasure, "CC-1"),
        open_order_legal_hold(SHOP, "1001", reference="CC-2", actor=A, reason="x", services=ours),
    )
    with ours.store.transaction() as tx:
        pause_items(tx.notice_items.list_items(request_id=erasure.id), PAUSED_BY_OPERATOR, tx=tx, services=ours)
    release_legal_hold(one.legal_hold.id, actor=A, reason="settled", services=ours)
    assert matters(ours, erasure.id) == [(f"claim/{two.legal_hold.id}", PAUSED_BY_OPERATOR)]
    assert grounds(ours) == ["income_tax_books", "income_tax_books", "legal_claim"]
    release_legal_hold(two.legal_hold.id, actor=A, reason="settled", services=ours)
    assert matters(ours, erasure.id) == [(PAUSED_BY_OPERATOR,)]


def test_an_item_in_a_sent_letter_stays_and_waits_when_it_is_reopened(ours, erasure):
    sent = make_entry(request_id=erasure.id, order_id="1001", state=NoticeState.SENT, notice_id="ntc_1", look_at=None)
    queued = make_entry(request_id=erasure.id, state=NoticeState.QUEUED, notice_id="ntc_2", released=True)
    blank = make_entry(request_id=erasure.id, state=NoticeState.COMPLETED, reference="")
    with ours.store.transaction() as tx:
        for entry in (sent, queued, blank):
            task = make_task(
                erasure.id, entry.processor + entry.id[-2:], TaskAction.NOTIFY_PROCESSOR, state=TaskState.WAITING
            )
            tx.tasks.save_task(task)
        tx.notice_items.add_items([sent, queued, blank])
    held = hold(ours, erasure)
    assert held.items == 1
    kept = {entry.id: entry for entry in entries(ours, erasure.id)}
    matter = (f"claim/{held.legal_hold.id}",)
    assert (kept[sent.id].state, kept[sent.id].notice_id, kept[sent.id].matters) == ("sent", "ntc_1", matter)
    waits = kept[queued.id]
    assert (waits.state, waits.notice_id, waits.released) == (NoticeState.WAITING, "", False)
    assert waits.matters == matter
    assert kept[blank.id].matters == ()


def test_p63_a_review_sets_the_next_one_and_a_year_needs_a_second_person(ours, erasure, clock):
    open_hold = hold(ours, erasure).legal_hold
    clock.at = NOW + timedelta(days=80)
    looked = review_legal_hold(open_hold.id, actor=A, reason="court meets in May", services=ours)
    assert (looked.reviewed_by, looked.review_due_at) == (A, clock.at + timedelta(days=90))
    with pytest.raises(PayloadInvalid, match="needs_another_person"):
        approve_legal_hold(open_hold.id, actor=A, reason="still alive", services=ours)
    assert approve_legal_hold(open_hold.id, actor=B, reason="still alive", services=ours).approved_by == B
    reviewed = facts(ours, "hold.reviewed")
    assert ["approved" in detail for _, detail in reviewed] == [False, True]
    with ours.store.transaction() as tx:
        (row,) = tx.legal_holds.list_active_legal_holds(
            order_keys=tx.legal_holds.list_order_keys_on_hold(open_hold.id)[:1]
        )
        assert (row.approved_by, row.reviewed_by) == (B, A), "each of its rows has the same value"


def test_an_impossible_hold_or_release_is_refused_with_its_reason(ours, erasure):
    """Requirement P-63."""
    shop = make_request(kind=RequestKind.SHOP_ERASURE, subject="")
    with ours.store.transaction() as tx:
        opened(tx, shop)
    for request_id, reason in (("req_nobody", "request_unknown"), (shop.id, "names_no_person")):
        with pytest.raises(PayloadInvalid, match=reason):
            open_person_legal_hold(request_id, reference="X", actor=A, reason="x", services=ours)
    with pytest.raises(PayloadInvalid, match="order_unreadable"):
        open_order_legal_hold(SHOP, "", reference="X", actor=A, reason="x", services=ours)
    open_hold = hold(ours, erasure).legal_hold
    release_legal_hold(open_hold.id, actor=A, reason="settled", services=ours)
    for verb in (review_legal_hold, approve_legal_hold, release_legal_hold):
        with pytest.raises(PayloadInvalid, match="released_already"):
            verb(open_hold.id, actor=B, reason="x", services=ours)
        with pytest.raises(PayloadInvalid, match="claim_unknown"):
            verb("clm_nobody", actor=B, reason="x", services=ours)
    assert len(facts(ours, "hold.released")) == 1


def test_a_data_subject_without_orders_is_held_by_pseudonym(ours):
    request = make_request(kind=RequestKind.ERASURE, subject="somebody", principal=Principal(email="n@example.com"))
    with ours.store.transaction() as tx:
        opened(tx, request)
    held = hold(ours, request)
    assert (held.orders, held.documents) == (0, 0)
    with ours.store.transaction() as tx:
        assert [open_hold.id for open_hold in tx.legal_holds.list_active_legal_holds(subject="somebody")] == [
            held.legal_hold.id
        ]
        assert tx.legal_holds.list_order_keys_on_hold(held.legal_hold.id) == []


def test_an_order_can_be_held_before_a_document_is_sealed(ours, clock):
    held = open_order_legal_hold(SHOP, "3003", reference="GST-9", actor=A, reason="proceeding", services=ours)
    seal(ours, 3003)
    clock.at = datetime(2060, 1, 1, tzinfo=UTC)
    assert expire_documents(services=ours).destroyed == 0
    assert grounds(ours) == ["legal_claim"]
    again = open_order_legal_hold(SHOP, "3003", reference="GST-9", actor=A, reason="proceeding", services=ours)
    assert (again.is_new, again.legal_hold.id) == (False, held.legal_hold.id)


def test_a_proceeding_needs_its_disposal_day_and_keeps_the_books_a_year_longer(ours, clock):
    seal(ours, 1001)
    opened_now = {"reference": "GST-1", "actor": A, "reason": "notice", "services": ours}
    held = open_order_legal_hold(SHOP, "1001", kind="tax", **opened_now)
    assert not open_order_legal_hold(SHOP, "1001", kind="tax", **opened_now).is_new, "a second call changes nothing"
    assert held.legal_hold.kind == "tax"
    options = {"actor": A, "reason": "order of the tribunal", "services": ours}
    clock.at = datetime(2034, 6, 20, tzinfo=UTC)
    with pytest.raises(PayloadInvalid, match="disposal_needed"):
        release_legal_hold(held.legal_hold.id, **options)
    with pytest.raises(PayloadInvalid, match="disposal_to_come"):
        release_legal_hold(held.legal_hold.id, disposed_on=date(2034, 6, 21), **options)
    release_legal_hold(held.legal_hold.id, disposed_on=date(2034, 6, 11), **options)
    assert {str(each.erasable_from) for each in documents(ours).values()} == {"2035-06-12"}
    assert expire_documents(services=ours).destroyed == 0
    clock.at = datetime(2035, 6, 11, 12, tzinfo=UTC)
    assert expire_documents(services=ours).destroyed == 0
    clock.at = datetime(2035, 6, 12, 12, tzinfo=UTC)
    assert expire_documents(services=ours).destroyed == 1
    ((_, detail),) = facts(ours, "hold.released")
    assert (detail["kind"], detail["disposed_on"]) == ("tax", "2034-06-11")


def test_a_claim_that_is_no_proceeding_has_no_disposal_day(ours):
    held = open_order_legal_hold(SHOP, "1001", reference="CC-1", actor=A, reason="summons", services=ours)
    with pytest.raises(PayloadInvalid, match="no_proceeding"):
        release_legal_hold(held.legal_hold.id, disposed_on=NOW.date(), actor=A, reason="settled", services=ours)


def test_a_disposed_proceeding_blocks_no_notice_items(ours, erasure):
    held = open_person_legal_hold(erasure.id, kind="tax", reference="GST-1", actor=A, reason="notice", services=ours)
    release_legal_hold(held.legal_hold.id, disposed_on=NOW.date(), actor=A, reason="order", services=ours)
    with ours.store.transaction() as tx:
        assert tx.legal_holds.find_legal_hold_ids_by_order_id(erasure, ["1001"]) == {"1001": []}
