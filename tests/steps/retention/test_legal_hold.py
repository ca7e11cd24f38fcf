"""A claim holds a person's or an order's things until it is released: documents, and what carriers were not told yet."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.errors import PayloadInvalid
from bridge.model import Action, Kind, NoticeState, Principal, TaskState
from bridge.rules.notices.timing import HELD, asking
from bridge.steps.index.late_delivery import late
from bridge.steps.notices.pause_items import hold_back
from bridge.steps.requests.process import process
from bridge.steps.retention.expire_documents import release
from bridge.steps.retention.legal_hold import approve, hold_order, hold_person, release_claim, review
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
    release(services=made)
    return made


@pytest.fixture
def erasure(ours):
    """Asha's erasure, opened and not run, with two orders in the index and their invoices sealed."""
    with ours.store.transaction() as tx:
        tx.index.learn(
            SHOP,
            [
                order(1001, parcels=[("Delhivery", "AWB7007007")]),
                order(1002),
                order(9, customer_id=9, email="b@example.com", phone=""),
            ],
        )
        subject = tx.index.subject(SHOP, ASHA)
        request = opened(
            tx,
            make_request(kind=Kind.ERASURE, subject=subject),
        )
        tx.requests.save_task(make_task(request.id, "bridge", Action.ERASE))
    for number in (1001, 1002, 9):
        seal(ours, number)
    release(services=ours)
    return request


def hold(services, request, reference="CC-1"):
    return hold_person(request.id, reference=reference, actor=A, reason="a summons", services=services)


def grounds(services):
    return sorted(each.grounds[0] for each in documents(services).values())


def entries(services, request_id):
    with services.store.transaction() as tx:
        return tx.notices.entries(request_id=request_id)


def matters(services, request_id):
    return [entry.matters for entry in entries(services, request_id)]


def test_before_the_erasure_runs_her_documents_are_held_and_nobody_elses(ours, erasure):
    held = hold(ours, erasure)
    assert (held.new, held.orders, held.documents, held.entries) == (True, 2, 2, 0)
    assert grounds(ours) == ["income_tax_books", "legal_claim", "legal_claim"]
    again = hold(ours, erasure)
    assert (again.new, again.claim.id, again.orders) == (False, held.claim.id, 2)
    assert hold(ours, erasure, "CC-2").claim.id != held.claim.id
    told = facts(ours, "hold.opened")
    assert [detail["reference"] for _, detail in told] == ["CC-1", "CC-2"]
    assert told[0][1] | {"claim": "", "reason": ""} == {
        "claim": "",
        "reference": "CC-1",
        "reason": "",
        "review_due_at": (NOW + timedelta(days=90)).isoformat(),
        "orders": 2,
        "documents": 2,
        "entries": 0,
    }


def test_the_erasure_goes_on_and_the_carrier_is_told_once_the_claim_is_over(ours, erasure):
    held = hold(ours, erasure)
    assert process(erasure.id, services=ours)
    with ours.store.transaction() as tx:
        assert tx.index.parcels(SHOP, ASHA) == [], "the bridge's own rows are gone"
    matter = f"claim/{held.claim.id}"
    assert matters(ours, erasure.id) == [(matter,)]
    told = asking(
        entries(ours, erasure.id)[0],
        now=NOW + timedelta(days=4000),
        tracked=False,
        terms=ours.merchant.instructions,
        retention=settled_retention(),
    )
    assert (told.reason, told.not_before) == ("claim_open", None)
    with ours.store.transaction() as tx:  # a parcel that the shop tells of after the erasure
        late(SHOP, parcels(1001, "AWB7007008"), tx=tx, services=ours)
    assert matters(ours, erasure.id) == [(matter,), (matter,)]
    done = release_claim(held.claim.id, actor=B, reason="settled", services=ours)
    assert (done.documents, done.entries) == (2, 2)
    assert matters(ours, erasure.id) == [(), ()]
    assert set(grounds(ours)) == {"income_tax_books"}


def test_orders_that_the_erasure_finds_are_held_too(ours, erasure):
    held = hold(ours, erasure)
    with ours.store.transaction() as tx:
        tx.index.learn(SHOP, [order(1003)])
    seal(ours, 1003)
    assert process(erasure.id, services=ours)
    with ours.store.transaction() as tx:
        assert len(tx.legal_claims.orders(held.claim.id)) == 3
    release(services=ours)
    assert grounds(ours).count("legal_claim") == 3


def test_after_the_erasure_her_orders_are_still_known_by_their_keys(ours, erasure):
    assert process(erasure.id, services=ours)
    held = hold(ours, erasure)
    assert (held.orders, held.documents, held.entries) == (2, 2, 1)
    assert grounds(ours) == ["income_tax_books", "legal_claim", "legal_claim"]
    later = make_request(kind=Kind.ACCESS, subject=erasure.subject, principal=Principal(email=ASHA.email))
    with ours.store.transaction() as tx:
        opened(tx, later)
        assert set(tx.legal_claims.orders_of(later)) == set(tx.legal_claims.orders(held.claim.id))


def test_two_claims_and_an_operators_word_each_hold_on_their_own(ours, erasure):
    process(erasure.id, services=ours)
    one, two = (
        hold(ours, erasure, "CC-1"),
        hold_order(SHOP, "1001", reference="CC-2", actor=A, reason="x", services=ours),
    )
    with ours.store.transaction() as tx:
        hold_back(tx.notices.entries(request_id=erasure.id), HELD, tx=tx, services=ours)
    release_claim(one.claim.id, actor=A, reason="settled", services=ours)
    assert matters(ours, erasure.id) == [(f"claim/{two.claim.id}", HELD)]
    assert grounds(ours) == ["income_tax_books", "income_tax_books", "legal_claim"]
    release_claim(two.claim.id, actor=A, reason="settled", services=ours)
    assert matters(ours, erasure.id) == [(HELD,)]


def test_what_is_in_a_letter_that_went_stays_there_and_waits_when_it_is_told_again(ours, erasure):
    sent = make_entry(
        request_id=erasure.id, order_id="1001", state=NoticeState.SENT, notice_id="ntc_1", look_at=None
    )
    queued = make_entry(request_id=erasure.id, state=NoticeState.QUEUED, notice_id="ntc_2", released=True)
    blank = make_entry(request_id=erasure.id, state=NoticeState.COMPLETED, reference="")
    with ours.store.transaction() as tx:
        for entry in (sent, queued, blank):
            task = make_task(
                erasure.id, entry.processor + entry.id[-2:], Action.INSTRUCT, state=TaskState.WAITING
            )
            tx.requests.save_task(task)
        tx.notices.add([sent, queued, blank])
    held = hold(ours, erasure)
    assert held.entries == 1
    kept = {entry.id: entry for entry in entries(ours, erasure.id)}
    matter = (f"claim/{held.claim.id}",)
    assert (kept[sent.id].state, kept[sent.id].notice_id, kept[sent.id].matters) == ("sent", "ntc_1", matter)
    waits = kept[queued.id]
    assert (waits.state, waits.notice_id, waits.released) == (NoticeState.WAITING, "", False)
    assert waits.matters == matter
    assert kept[blank.id].matters == ()


def test_p63_a_review_moves_the_next_one_and_a_year_wants_a_second_person(ours, erasure, clock):
    claim = hold(ours, erasure).claim
    clock.at = NOW + timedelta(days=80)
    looked = review(claim.id, actor=A, reason="court meets in May", services=ours)
    assert (looked.reviewed_by, looked.review_due_at) == (A, clock.at + timedelta(days=90))
    with pytest.raises(PayloadInvalid, match="needs_another_person"):
        approve(claim.id, actor=A, reason="still alive", services=ours)
    assert approve(claim.id, actor=B, reason="still alive", services=ours).approved_by == B
    told = facts(ours, "hold.reviewed")
    assert ["approved" in detail for _, detail in told] == [False, True]
    with ours.store.transaction() as tx:
        (row,) = tx.legal_claims.living(order_keys=tx.legal_claims.orders(claim.id)[:1])
        assert (row.approved_by, row.reviewed_by) == (B, A), "each of its rows says the same"


def test_what_cannot_be_held_or_released_is_said(ours, erasure):
    shop = make_request(kind=Kind.SHOP_ERASURE, subject="")
    with ours.store.transaction() as tx:
        opened(tx, shop)
    for request_id, reason in (("req_nobody", "request_unknown"), (shop.id, "names_no_person")):
        with pytest.raises(PayloadInvalid, match=reason):
            hold_person(request_id, reference="X", actor=A, reason="x", services=ours)
    with pytest.raises(PayloadInvalid, match="order_unreadable"):
        hold_order(SHOP, "", reference="X", actor=A, reason="x", services=ours)
    claim = hold(ours, erasure).claim
    release_claim(claim.id, actor=A, reason="settled", services=ours)
    for verb in (review, approve, release_claim):
        with pytest.raises(PayloadInvalid, match="released_already"):
            verb(claim.id, actor=B, reason="x", services=ours)
        with pytest.raises(PayloadInvalid, match="claim_unknown"):
            verb("clm_nobody", actor=B, reason="x", services=ours)
    assert len(facts(ours, "hold.released")) == 1


def test_a_person_without_orders_is_held_by_her_pseudonym(ours):
    request = make_request(kind=Kind.ERASURE, subject="somebody", principal=Principal(email="n@example.com"))
    with ours.store.transaction() as tx:
        opened(tx, request)
    held = hold(ours, request)
    assert (held.orders, held.documents) == (0, 0)
    with ours.store.transaction() as tx:
        assert [claim.id for claim in tx.legal_claims.living(subject="somebody")] == [held.claim.id]
        assert tx.legal_claims.orders(held.claim.id) == []


def test_an_order_may_be_held_before_anything_of_it_is_sealed(ours, clock):
    held = hold_order(SHOP, "3003", reference="GST-9", actor=A, reason="proceeding", services=ours)
    seal(ours, 3003)
    clock.at = datetime(2060, 1, 1, tzinfo=UTC)
    assert release(services=ours).destroyed == 0
    assert grounds(ours) == ["legal_claim"]
    again = hold_order(SHOP, "3003", reference="GST-9", actor=A, reason="proceeding", services=ours)
    assert (again.new, again.claim.id) == (False, held.claim.id)


def test_a_proceeding_is_released_with_the_day_of_its_disposal_and_keeps_its_books_a_year_more(ours, clock):
    seal(ours, 1001)
    opened_now = {"reference": "GST-1", "actor": A, "reason": "notice", "services": ours}
    held = hold_order(SHOP, "1001", kind="tax", **opened_now)
    assert not hold_order(SHOP, "1001", kind="tax", **opened_now).new, "twice is once"
    assert held.claim.kind == "tax"
    told = {"actor": A, "reason": "order of the tribunal", "services": ours}
    clock.at = datetime(2034, 6, 20, tzinfo=UTC)
    with pytest.raises(PayloadInvalid, match="disposal_needed"):
        release_claim(held.claim.id, **told)
    with pytest.raises(PayloadInvalid, match="disposal_to_come"):
        release_claim(held.claim.id, disposed_on=date(2034, 6, 21), **told)
    release_claim(held.claim.id, disposed_on=date(2034, 6, 11), **told)
    assert {str(each.erasable_from) for each in documents(ours).values()} == {"2035-06-12"}
    assert release(services=ours).destroyed == 0
    clock.at = datetime(2035, 6, 11, 12, tzinfo=UTC)
    assert release(services=ours).destroyed == 0
    clock.at = datetime(2035, 6, 12, 12, tzinfo=UTC)
    assert release(services=ours).destroyed == 1
    ((_, said),) = facts(ours, "hold.released")
    assert (said["kind"], said["disposed_on"]) == ("tax", "2034-06-11")


def test_any_other_claim_has_no_disposal(ours):
    held = hold_order(SHOP, "1001", reference="CC-1", actor=A, reason="summons", services=ours)
    with pytest.raises(PayloadInvalid, match="no_proceeding"):
        release_claim(held.claim.id, disposed_on=NOW.date(), actor=A, reason="settled", services=ours)


def test_a_proceeding_that_was_disposed_of_holds_nothing_at_processors(ours, erasure):
    held = hold_person(erasure.id, kind="tax", reference="GST-1", actor=A, reason="notice", services=ours)
    release_claim(held.claim.id, disposed_on=NOW.date(), actor=A, reason="order", services=ours)
    with ours.store.transaction() as tx:
        assert tx.legal_claims.binding(erasure, ["1001"]) == {"1001": []}
