"""Records past the maximum age of the retention file are deleted without a request, each kind with its fact."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from bridge.errors import NeedsOperator
from bridge.model import DeliveryState, NoticeState, ProcessorAnswer, RequestKind, RequestState, TaskAction, TaskState
from bridge.rules.requests.deadlines import add_months_to_datetime
from bridge.steps.requests.process import process_request
from bridge.steps.retention import expire as step
from bridge.steps.retention.accept_policy import accept_policy
from bridge.steps.retention.expire import expire_aged_records
from bridge.steps.retention.legal_hold import open_order_legal_hold, open_person_legal_hold, release_legal_hold
from bridge.store.retention.expire import ExpiryRows
from bridge.store.schema import index_tables, notice_tables, retention_tables, tables
from bridge.store.schema.retention_tables import legal_holds
from config.retention_file.retention_model import Category
from tests.factories import (
    ASHA,
    NOW,
    SHOP,
    accepted,
    customer,
    make_delivery,
    make_entry,
    make_notice,
    make_request,
    make_task,
    merged,
    opened,
    order,
    order_body,
    parcels,
)
from tests.kit.indexing import ingest
from tests.steps.sealed_case import facts, seal

A = "operator:a"


def months(count, days=0):
    return add_months_to_datetime(NOW, count, UTC) + timedelta(days=days)


def count_rows(services, *wanted):
    with services.store.transaction() as tx:
        return {table.name: tx.session.connection.scalar(select(func.count()).select_from(table)) for table in wanted}


def with_category(services, name, event, count, holds=()):
    """Return services whose file has one more category with a maximum age in months."""
    category = Category(
        id=name,
        title=name,
        fields=(),
        personal_data=(),
        policy_sections=(),
        basis={},
        on_request="erase",
        holds=holds,
        held_action="restrict",
        max_age={"event": event, "months": count},
    )
    categories = {**services.retention.categories, name: category}
    return replace(services, retention=replace(services.retention, categories=categories))


@pytest.fixture
def erased(services):
    """Run Asha's erasure, which has no processors to instruct."""
    request = make_request(kind=RequestKind.ERASURE)
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1001)])
        opened(tx, request, make_task(request.id, "bridge", TaskAction.ERASE))
        tx.plans.save_plan(request.id, {"made_at": NOW.isoformat(), "lines": []})
    assert process_request(request.id, services=services)
    with services.store.transaction() as tx:
        assert tx.requests.get_request(request.id).state is RequestState.DONE
        assert tx.packages.find_certificate(request.id)
    return request


def test_suppression_keys_expire_after_their_months(services, clock, erased):
    before = count_rows(services, index_tables.suppressions)["suppressions"]
    clock.at = months(84)
    expire_aged_records(services=services)
    assert count_rows(services, index_tables.suppressions) == {"suppressions": before}
    clock.at = months(84, 1)
    assert expire_aged_records(services=services) == {"suppression": before}
    assert count_rows(services, index_tables.suppressions) == {"suppressions": 0}
    assert ("record.aged_out", {"category": "suppression", "count": before}) in facts(services, "record.aged_out")
    assert expire_aged_records(services=services) == {}, "a second run changes nothing"


def test_an_expired_request_leaves_its_register_line_and_the_chain(services, clock, erased):
    """Requirement V-07."""
    before = len(facts(services, "principal.erased", "certificate.issued"))
    clock.at = months(36)
    assert expire_aged_records(services=services) == {}
    clock.at = months(36, 1)
    assert expire_aged_records(services=services) == {"request_evidence": 1}
    gone = (tables.tasks, tables.certificates, retention_tables.plans, index_tables.data_keys)
    assert count_rows(services, *gone) == dict.fromkeys(("tasks", "certificates", "plans", "data_keys"), 0)
    with services.store.transaction() as tx:
        line = tx.requests.get_request(erased.id)
        assert (line.kind, line.closed_at is not None, line.subject) == (RequestKind.ERASURE, True, "")
        held = tx.session.connection.execute(select(tables.requests)).one()
        assert (held.once_key, held.active_key, held.principal) == (f"aged|{erased.id}", None, None)
    assert len(facts(services, "principal.erased", "certificate.issued")) == before
    assert expire_aged_records(services=services) == {}


def test_an_open_request_keeps_its_record(services, clock):
    waiting = make_request(kind=RequestKind.ERASURE, subject="one")
    reviewed = make_request(kind=RequestKind.ERASURE, subject="two")
    with services.store.transaction() as tx:
        for request, state in ((waiting, RequestState.WAITING), (reviewed, RequestState.DONE)):
            opened(tx, request)
            tx.session.connection.execute(
                update(tables.requests).where(tables.requests.c.id == request.id).values(state=state, closed_at=NOW)
            )
        review_id = tx.reviews.open_review(SHOP, "sensitive_text", "order/note", request_id=reviewed.id)
    clock.at = months(60)
    assert expire_aged_records(services=services) == {}
    with services.store.transaction() as tx:
        tx.reviews.close_review(review_id, actor=A, reason="looked")
    assert expire_aged_records(services=services) == {"request_evidence": 1}
    assert count_rows(services, retention_tables.reviews) == {"reviews": 0}


def test_an_active_legal_hold_keeps_the_record_of_its_request(services, clock, erased):
    person_hold = open_person_legal_hold(
        erased.id, reference="CC-1", actor=A, reason="a summons", services=services
    ).legal_hold
    clock.at = months(48)
    assert expire_aged_records(services=services) == {}
    release_legal_hold(person_hold.id, actor=A, reason="settled", services=services)
    assert expire_aged_records(services=services) == {"request_evidence": 1}
    assert count_rows(services, retention_tables.legal_holds) == {"legal_claims": 0}


def test_notices_expire_with_the_last_request_that_they_list(services, clock):
    request, other = (
        make_request(kind=RequestKind.ERASURE, subject="one"),
        make_request(kind=RequestKind.ERASURE, subject="two"),
    )
    own, shared = make_notice(), make_notice()
    listed = [
        make_entry(request_id=request.id, notice_id=own.id),
        make_entry(request_id=request.id, notice_id=shared.id),
        make_entry(request_id=other.id, notice_id=shared.id),
    ]
    with services.store.transaction() as tx:
        for each in (request, other):
            opened(tx, each)
        tx.session.connection.execute(
            update(tables.requests)
            .where(tables.requests.c.id == request.id)
            .values(state=RequestState.DONE, closed_at=NOW)
        )
        tx.notices.open_notice(own, [])
        tx.notices.open_notice(shared, [])
        tx.notice_items.add_items(listed)
        tx.notices.save_link_token(own.id, "token", months(90))
    clock.at = months(37)
    assert expire_aged_records(services=services)["request_evidence"] == 1
    with services.store.transaction() as tx:
        assert (tx.notices.find_notice(own.id), tx.notices.find_notice(shared.id).id) == (None, shared.id)
        assert [entry.id for entry in tx.notice_items.list_items()] == [listed[2].id]
    assert count_rows(services, notice_tables.notice_links) == {"notice_links": 0}


def test_delivery_receipts_expire_after_thirteen_months_and_bodies_elsewhere(services, clock):
    accepted(services.store, "orders/create", order_body())
    services.store.accept_delivery(make_delivery(state=DeliveryState.REJECTED, reason="not_json"))
    with services.store.transaction() as tx:
        tx.session.connection.execute(
            update(tables.deliveries)
            .where(tables.deliveries.c.state == DeliveryState.RECEIVED)
            .values(state=DeliveryState.DONE, body=None)
        )
    clock.at = months(13)
    assert expire_aged_records(services=services) == {}
    clock.at = months(13, 1)
    assert expire_aged_records(services=services) == {"security_log": 1}
    assert count_rows(services, tables.deliveries) == {"deliveries": 1}


INDEX = (index_tables.orders, index_tables.parcels, index_tables.customers, index_tables.merges, index_tables.data_keys)


def test_the_index_expires_orders_without_news(services, clock):
    at = NOW - timedelta(days=2)
    ingest(services.store, order(1001), parcels(1001, "AWB7007007", at=at), customer(), merged(7002, 7001))
    ingest(services.store, order(9, customer_id=9, email="b@example.com", phone=""))
    fresh = months(30)
    ingest(services.store, parcels(9, "AWB9", email="b@example.com", at=fresh))
    assert expire_aged_records(services=services) == {}, "the file has no such category"
    ours = with_category(services, "parcel_index", "last_received_at", 36)
    clock.at = months(36, -3)
    assert expire_aged_records(services=ours) == {}
    held = open_order_legal_hold(SHOP, "1001", reference="CC-1", actor=A, reason="summons", services=ours)
    clock.at = months(37)
    assert expire_aged_records(services=ours) == {}, "a legal hold keeps the order, and the order its customer"
    release_legal_hold(held.legal_hold.id, actor=A, reason="settled", services=ours)
    assert expire_aged_records(services=ours)["parcel_index"] == 3
    left = {"orders": 1, "parcels": 1, "customers": 0, "merges": 0, "data_keys": 1}
    assert count_rows(ours, *INDEX) == left
    with ours.store.transaction() as tx:
        assert tx.index.list_orders(SHOP, ASHA) == {}


def test_the_text_of_an_instruction_expires_after_its_task_ended(services, clock):
    ours = with_category(services, "instruction_text", "task_closed_at", 12)
    request = make_request(kind=RequestKind.ERASURE)
    values = {"request_id": request.id, "answered_at": NOW}
    refused = make_entry(**values, state=NoticeState.REFUSED, answer=ProcessorAnswer.REFUSED, look_at=None)
    held = make_entry(
        **values, state=NoticeState.REFUSED, answer=ProcessorAnswer.REFUSED, look_at=None, order_id="1001"
    )
    kept = make_entry(**values, state=NoticeState.PARTLY_REFUSED, answer=ProcessorAnswer.RETAINED, look_at=months(90))
    open_ = make_entry(request_id=request.id)
    with ours.store.transaction() as tx:
        opened(tx, request, make_task(request.id, "delhivery", TaskAction.NOTIFY_PROCESSOR, state=TaskState.WAITING))
        tx.notice_items.add_items([refused, held, kept, open_])
    open_order_legal_hold(SHOP, "1001", reference="CC-1", actor=A, reason="summons", services=ours)
    clock.at = months(12)
    assert expire_aged_records(services=ours) == {}
    clock.at = months(12, 1)
    assert expire_aged_records(services=ours) == {"instruction_text": 1}
    with ours.store.transaction() as tx:
        named = {entry.id for entry in tx.notice_items.list_items() if entry.reference}
    assert named == {held.id, kept.id, open_.id}


def test_a_run_deletes_in_batches_and_the_next_run_continues(services, clock, monkeypatch):
    for _ in range(7):
        services.store.accept_delivery(make_delivery(state=DeliveryState.REJECTED, reason="not_json"))
    with services.store.transaction() as tx:
        tx.session.connection.execute(update(tables.deliveries).values(body=None))
    monkeypatch.setattr(step, "RECORDS_PER_BATCH", 2)
    monkeypatch.setattr(step, "BATCHES_PER_CATEGORY", 2)
    clock.at = datetime(2028, 6, 1, tzinfo=UTC)
    assert [expire_aged_records(services=services) for _ in range(3)] == [{"security_log": 4}, {"security_log": 3}, {}]
    counts = [detail["count"] for _, detail in facts(services, "record.aged_out")]
    assert counts == [1, 2, 1, 1, 2]


def test_a_record_that_survives_its_deletion_raises_without_a_fact(services, clock, erased, monkeypatch):
    clock.at = months(84, 1)
    monkeypatch.setattr(ExpiryRows, "_raise_if_rows_remain", _something_left)
    with pytest.raises(NeedsOperator):
        expire_aged_records(services=services)
    monkeypatch.undo()
    assert facts(services, "record.aged_out") == []
    assert count_rows(services, index_tables.suppressions)["suppressions"] > 0


def _something_left(_rows, table, *_which):
    raise NeedsOperator(f"rows of {table.name} that were over are still there")


def another(services, name, **age):
    """Return services with another file, in which one category has this maximum age."""
    category = replace(services.retention.categories[name], max_age=age)
    categories = {**services.retention.categories, name: category}
    return replace(services, retention=replace(services.retention, categories=categories, sha256="b" * 64))


def test_a_file_that_is_not_accepted_expires_nothing(services, clock, erased):
    assert expire_aged_records(services=services) == {}, "the first file is accepted"
    before = count_rows(services, index_tables.suppressions)
    typo = another(services, "suppression", event="created_at", months=1)
    clock.at = months(2)
    assert expire_aged_records(services=typo) == {}
    assert count_rows(services, index_tables.suppressions) == before
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1001)])
        assert tx.index.list_orders(SHOP, ASHA) == {}
        assert [review.what for review in tx.reviews.list_reviews(kind="law_file_changed")] == [
            f"{'b' * 16}: 0 orders would be released earlier, 1 categories would expire earlier"
        ]
    ((_, detail),) = facts(services, "law_file.changed")
    assert (detail["earlier"], detail["earlier_ages"]) == (0, ["suppression.max_age"])

    accept_policy(actor=A, reason="counsel said so", services=typo)
    assert expire_aged_records(services=typo) == {"suppression": before["suppressions"]}


def test_a_file_with_longer_ages_is_accepted_and_applied(services, clock, erased):
    expire_aged_records(services=services)
    longer = another(services, "suppression", event="created_at", months=96)
    clock.at = months(84, 1)
    assert expire_aged_records(services=longer) == {"request_evidence": 1}
    assert count_rows(services, index_tables.suppressions)["suppressions"] > 0


def test_a_disposed_proceeding_outlives_its_request_while_its_books_are_kept(services, clock, erased):
    seal(services)
    held = open_person_legal_hold(erased.id, kind="tax", reference="GST-1", actor=A, reason="notice", services=services)
    release_legal_hold(held.legal_hold.id, actor=A, reason="order", disposed_on=NOW.date(), services=services)
    other = open_order_legal_hold(SHOP, "7", reference="CC-1", actor=A, reason="summons", services=services)
    release_legal_hold(other.legal_hold.id, actor=A, reason="settled", services=services)
    clock.at = months(37)
    assert expire_aged_records(services=services) == {"request_evidence": 2}, "the request and the released legal hold"
    with services.store.transaction() as tx:
        (left,) = tx.session.connection.execute(select(legal_holds)).all()
        assert (left.id, left.subject) == (held.legal_hold.id, "")
        documents = [each.id for each in tx.documents.list_documents()]
        tx.documents.delete_documents(documents)
    assert expire_aged_records(services=services) == {"request_evidence": 1}
    assert count_rows(services, retention_tables.legal_holds) == {"legal_claims": 0}
