"""Invoice copies are sealed before an erasure; an order without a copy is excluded and reported."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.errors import ConnectorUnavailable, CredentialRejected
from bridge.model import (
    DocumentForm,
    DocumentKind,
    Fact,
    InvoiceCopy,
    Outcome,
    Principal,
    RequestSource,
    RequestState,
    TaskAction,
    TaskState,
)
from bridge.rules.requests.progress_codec import encode_detail
from bridge.rules.retention.release import DocumentRetentionCalculator
from bridge.steps.erasure.erasure import Erasure
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.store.schema.retention_tables import vault_documents
from tests.factories import ASHA, CANARIES, NOW, SHOP, accepted, redact_body
from tests.kit.operator_requests import open_as_operator
from tests.kit.retention_files import let_contracts_be_over
from tests.steps.sales_case import DELHI, documents, opened, orders_left, raw, refund_body, request_of, sold, sold_body


@pytest.mark.parametrize("topic", ["orders/paid", "orders/fulfilled", "orders/partially_fulfilled"])
def test_a_copy_is_sealed_and_read_back_when_the_invoice_exists(services, deliver, topic):
    """Requirement E-03."""
    deliver(topic, sold_body())
    [document] = documents(services)
    assert (document.kind, document.form) == (DocumentKind.INVOICE, DocumentForm.MINIMUM)
    assert (document.names_buyer, document.request_id, document.erasable_from) == (False, "", None)
    assert opened(services, document)["place_of_supply"]["state_code"] == "DL"
    assert [canary for canary in (*CANARIES, "Asha", "1030.00") if canary in raw(services)] == []


def test_the_same_sale_received_twice_is_one_copy_and_the_later_event_counts(services, deliver):
    deliver("orders/paid", sold_body(updated_at="2026-03-31T10:00:00Z"))
    deliver("orders/fulfilled", sold_body(updated_at="2026-04-01T10:00:00Z"))
    deliver("orders/paid", sold_body(updated_at="2026-03-30T10:00:00Z"))
    [document] = documents(services)
    assert document.issued_at == datetime(2026, 4, 1, 10, tzinfo=UTC)


def test_a_changed_sale_is_another_copy(services, deliver):
    deliver("orders/paid", sold_body())
    deliver("orders/fulfilled", sold_body(total="2060.00", tax="60.00"))
    assert len(documents(services)) == 2


@pytest.mark.parametrize("topic", ["orders/create", "orders/updated", "orders/cancelled"])
def test_a_delivery_without_an_invoice_seals_nothing(services, deliver, topic):
    deliver(topic, sold_body())
    assert documents(services) == []


def test_with_an_external_vault_nothing_is_sealed_and_no_order_excluded(services, platform):
    vault = replace(services.retention.vault, mode="external_attested", attested_by="CA", attested_on=NOW.date())
    services = replace(services, retention=replace(services.retention, vault=vault))
    accepted(services.store, "orders/paid", sold_body())
    index_deliveries(SHOP, services=services)
    delivery = accepted(services.store, "customers/redact", redact_body(1001))
    request_id = dispatch_delivery(delivery.id, services=services)
    process_request(request_id, services=services)
    _, tasks, _ = request_of(services, request_id)
    assert (documents(services), platform.sales_asked) == ([], [])
    assert tasks["vault", TaskAction.SEAL_INVOICES].outcome is Outcome.UNCONFIRMED
    assert tasks["bridge", TaskAction.ERASE].outcome is Outcome.ERASED


def test_an_erasure_keeps_the_copy_and_states_it(services, deliver, forget):
    deliver("orders/paid", sold_body())
    request_id = forget(1001)
    [document] = documents(services)
    assert (document.request_id, orders_left(services)) == (request_id, set())
    with services.store.transaction() as tx:
        kept = tx.packages.find_certificate(request_id)["kept"]
    assert [row["count"] for row in kept if row["category"] == "invoice_document"] == [1]


def test_t08_an_order_cancelled_before_its_invoice_leaves_nothing(services, deliver, forget, platform):
    deliver("orders/create", sold_body(total="80000.00", tax="0.00"))
    deliver("orders/cancelled", sold_body(total="80000.00", tax="0.00", cancelled_at="2026-11-22T10:00:00Z"))
    request_id = forget(1001)
    _, tasks, _ = request_of(services, request_id)
    assert platform.sales_asked == [["1001"]]
    assert (documents(services), orders_left(services)) == ([], set())
    assert tasks["bridge", TaskAction.ERASE].state is TaskState.DONE


def test_t11_a_credit_note_of_the_next_year_keeps_its_invoice_too(services, deliver, forget):
    deliver("orders/paid", sold_body(updated_at="2027-03-30T10:00:00Z"))
    deliver("refunds/create", refund_body())
    form = services.retention.merchant | {"legal_entity_type": "proprietorship"}
    reviewed = replace(services.retention, merchant=form, reviewed_on=NOW.date())
    request_id = forget(1001)
    with services.store.transaction() as tx:
        by_order = tx.documents.find_documents_by_order_id(SHOP, ["1001"])["1001"]
    assert {document.kind for document in by_order} == {DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE}
    assert all(document.request_id == request_id for document in by_order)
    kept = DocumentRetentionCalculator(today=NOW.date(), retention=reviewed).calculate_retention(by_order)
    assert (kept.last_day, kept.erasable_from) == (date(2035, 3, 31), date(2035, 4, 1))
    [invoice] = [document for document in by_order if document.kind is DocumentKind.INVOICE]
    alone = DocumentRetentionCalculator(today=NOW.date(), retention=reviewed).calculate_retention([invoice])
    assert alone.last_day == date(2034, 3, 31)


def test_t12_an_order_without_a_copy_is_not_erased_and_the_request_stays_open(services, deliver, forget, platform):
    """Requirement E-03."""
    deliver("orders/create", sold_body(1001))
    deliver("orders/paid", sold_body(1002))
    platform.sold["1001"] = ConnectorUnavailable("shopify: HTTP 503")
    request_id = forget(1001, 1002)
    request, tasks, _ = request_of(services, request_id)
    assert orders_left(services) == {"1001"}
    assert (tasks["vault", TaskAction.SEAL_INVOICES].state, tasks["vault", TaskAction.SEAL_INVOICES].outcome) == (
        TaskState.RETRY,
        Outcome.UNREACHED,
    )
    erase = tasks["bridge", TaskAction.ERASE]
    assert (erase.state, erase.last_error, encode_detail(erase.progress)["orders"]) == (
        TaskState.WAITING,
        "copy_missing",
        1,
    )
    assert (request.closed_at, request.state) == (None, RequestState.IN_PROGRESS)
    for _ in range(3):
        services.clock.at += timedelta(hours=3)
        process_request(request_id, services=services)
    request, tasks, facts = request_of(services, request_id)
    assert tasks["vault", TaskAction.SEAL_INVOICES].state is TaskState.FAILED
    assert (orders_left(services), request.closed_at) == ({"1001"}, None)
    with services.store.transaction() as tx:
        assert [review.kind for review in tx.reviews.list_reviews()] == ["seal_missing"]
    assert Fact.REVIEW_OPENED in facts


def test_a_copy_filed_by_an_operator_continues_the_erasure(services, deliver, forget, platform):
    deliver("orders/create", sold_body(1001))
    platform.sold["1001"] = CredentialRejected("shopify: HTTP 401")
    request_id = forget(1001)
    assert orders_left(services) == {"1001"}
    invoice = InvoiceCopy(
        kind=DocumentKind.INVOICE,
        form=DocumentForm.AS_ISSUED,
        order_id="1001",
        source_id="1001",
        issued_at=NOW,
        content=b"%PDF-1.7 Asha Qwertzuiop",
        media_type="application/pdf",
        names_buyer=True,
    )
    with services.store.transaction() as tx:
        tx.documents.seal_document(SHOP, invoice)
    services.clock.at += timedelta(hours=2)
    process_request(request_id, services=services)
    request, tasks, facts = request_of(services, request_id)
    assert "plan.changed" in facts
    assert orders_left(services) == set()
    assert tasks["bridge", TaskAction.ERASE].state is TaskState.DONE
    assert request.principal == Principal(customer_id="7001")
    assert documents(services)[0].request_id == request_id


def test_a_missing_copy_is_fetched_from_shopify(services, deliver, forget, platform):
    deliver("orders/create", sold_body(1001))
    platform.sold["1001"] = [sold(), sold(refund_id="77")]
    request_id = forget(1001)
    _, tasks, _ = request_of(services, request_id)
    assert {document.kind for document in documents(services)} == set(DocumentKind) & {
        DocumentKind.INVOICE,
        DocumentKind.CREDIT_NOTE,
    }
    assert (tasks["vault", TaskAction.SEAL_INVOICES].records, orders_left(services)) == (2, set())


def test_an_order_with_a_parcel_that_shopify_does_not_know_is_excluded(services, deliver, forget, platform):
    parcel = [{"id": 5, "tracking_number": "AWB7007007", "tracking_company": "Delhivery", "status": "success"}]
    deliver("orders/updated", sold_body(1001, fulfillments=parcel))
    deliver("orders/updated", sold_body(1002))
    platform.forgets = {"1001", "1002"}
    request_id = forget(1001, 1002)
    assert orders_left(services) == {"1001"}
    with services.store.transaction() as tx:
        assert tx.notice_items.list_items(request_id=request_id) == []


def test_an_operators_request_waits_with_shopify_while_a_copy_is_missing(services, platform):
    platform.customers = {ASHA.email: "7001"}
    platform.sent = [{"id": "gid://shopify/Order/4004"}]
    platform.sold["4004"] = CredentialRejected("shopify: HTTP 403")
    request_id = open_as_operator(services, ASHA, shop=SHOP, at=NOW)
    process_request(request_id, services=services)
    request, tasks, _ = request_of(services, request_id)
    ask = tasks["shopify", TaskAction.REQUEST_PLATFORM_ERASURE]
    assert (platform.requested, ask.state, ask.last_error) == ([], TaskState.WAITING, "copy_missing")
    assert request.closed_at is None
    platform.sold["4004"] = [sold(4004)]
    with services.store.transaction() as tx:
        tx.request_changes.restart_request(request_id)
    process_request(request_id, services=services)
    assert platform.requested == ["7001"]
    assert len(documents(services)) == 1


def test_t04_an_operators_request_erases_the_bridge_first_and_shopify_later(services, deliver, platform):
    services = let_contracts_be_over(services)
    deliver("orders/paid", sold_body(1001))
    platform.customers = {ASHA.email: "7001"}
    request_id = open_as_operator(services, ASHA, shop=SHOP, at=NOW)
    process_request(request_id, services=services)
    request, tasks, _ = request_of(services, request_id)
    assert (platform.requested, orders_left(services)) == (["7001"], set())
    assert tasks["shopify", TaskAction.POLL_PLATFORM_ERASURE].state is TaskState.WAITING
    assert request.closed_at == NOW < request.due_at
    delivery = accepted(services.store, "customers/redact", redact_body(1001))
    assert dispatch_delivery(delivery.id, services=services) == request_id
    assert (request.source, request_of(services, request_id)[0].closed_at) == (RequestSource.OPERATOR, NOW)


def test_t16_a_late_delivery_about_an_erased_person_leaves_no_data(services, deliver, forget):
    """Requirement P-65."""
    deliver("orders/paid", sold_body(1001, total="90000.00"))
    request_id = forget(1001)
    before = documents(services)
    deliver("orders/updated", sold_body(1001))
    deliver("orders/paid", sold_body(1001, total="99999.00"))
    deliver("refunds/create", refund_body())
    after = documents(services)
    assert [each for each in after if each.kind is DocumentKind.INVOICE] == before
    [note] = [each for each in after if each.kind is DocumentKind.CREDIT_NOTE]
    assert (note.names_buyer, note.request_id) == (False, request_id)
    assert orders_left(services) == set()
    assert [canary for canary in CANARIES if canary in raw(services)] == []


def test_t26_two_people_with_one_phone_are_not_merged(services, deliver, forget):
    """Requirement E-06."""
    other = {"id": 7002, "email": "bikram@example.in", "phone": ASHA.phone}
    deliver("orders/paid", sold_body(1001))
    deliver("orders/paid", sold_body(2002, customer=other, email=other["email"], phone=ASHA.phone))
    request_id = forget()
    with services.store.transaction() as tx:
        assert set(tx.index.list_orders(SHOP, Principal(customer_id="7002"))) == {"2002"}
        assert {each.request_id for each in tx.documents.find_documents_by_order_id(SHOP, ["2002"])["2002"]} == {""}
        assert {each.request_id for each in tx.documents.find_documents_by_order_id(SHOP, ["1001"])["1001"]} == {
            request_id
        }


def test_the_erasure_does_what_the_plan_lists(services, deliver, forget):
    deliver("orders/paid", sold_body(1001))
    request_id = forget(1001)
    with services.store.transaction() as tx:
        kept = tx.plans.find_plan(request_id)
        [erased] = [
            event for event in tx.evidence.list_facts_of_request(request_id) if event.fact == "principal.erased"
        ]
    rows = {line["what"]: line["count"] for line in kept["lines"] if line["system"] == "bridge"}
    assert rows["orders: keyed hashes, number and id sealed"] == erased.detail["removed"]["orders"] == 1
    assert all(line["reason"] for line in kept["lines"])
    assert {line["action"] for line in kept["lines"]} >= {"erase", "seal", "keep_as_evidence"}
    surviving = [line for line in kept["lines"] if line["action"] in ("seal", "keep_as_evidence", "restrict")]
    assert all(line["law"] for line in surviving)


def test_planning_changes_nothing(services, deliver):
    deliver("orders/paid", sold_body(1001))
    delivery = accepted(services.store, "customers/redact", redact_body(1001))
    request_id = dispatch_delivery(delivery.id, services=services)
    before = raw(services)
    with services.store.transaction() as tx:
        request, tasks = tx.requests.get_request(request_id), tx.tasks.list_tasks(request_id)
        assert Erasure(request, tasks, tx=tx, services=services).preview()
    assert raw(services) == before


def test_a_document_that_was_altered_does_not_open(services, deliver):
    deliver("orders/paid", sold_body(1001))
    deliver("orders/paid", sold_body(1002))
    first, second = documents(services)
    with services.store.transaction() as tx:
        doc = tx.session.connection.scalar(
            vault_documents.select().with_only_columns(vault_documents.c.doc).where(vault_documents.c.id == first.id)
        )
        tx.session.connection.execute(vault_documents.update().where(vault_documents.c.id == second.id).values(doc=doc))
    with services.store.transaction() as tx, pytest.raises(Exception, match="sealed with"):
        tx.documents.open_document(second.id)


def test_t07_a_delivery_to_berlin_is_retained_only_on_a_ground_of_the_gdpr(services, deliver, forget):
    berlin = DELHI | {"province_code": None, "country_code": "DE"}
    deliver("orders/paid", sold_body(1001, total="3000.00", shipping_address=berlin))
    [document] = documents(services)
    assert (document.names_buyer, document.country) == (True, "DE")
    assert opened(services, document)["buyer"]["delivered_to"]["country_code"] == "DE"
    request_id = forget(1001)
    with services.store.transaction() as tx:
        [row] = [
            row for row in tx.packages.find_certificate(request_id)["kept"] if row["category"] == "invoice_document"
        ]
    assert {ground["gdpr_ground"] for ground in row["grounds"]} == {"17(3)(e)"}
