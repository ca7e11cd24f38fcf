"""Orders without an invoice copy are excluded from an erasure, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import ConnectorUnavailable, CredentialRejected
from bridge.model import (
    BankDetails,
    DocumentKind,
    ErasureState,
    Outcome,
    PostalAddress,
    Principal,
    TaskAction,
    TaskState,
)
from bridge.rules.requests.progress_codec import encode_detail
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from tests.factories import ASHA, NOW, SHOP, accepted, make_request, make_task, opened, redact_body
from tests.kit.handing_over import hand_over_package
from tests.kit.operator_requests import open_as_operator
from tests.kit.retention_files import let_contracts_be_over
from tests.steps.sales_case import documents, orders_left, refund_body, request_of, sold, sold_body

HOUR = timedelta(minutes=61)
REFUSED = CredentialRejected("shopify: HTTP 401")


def iso(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def process_hourly(services, request_id, times=1):
    for _ in range(times):
        services.clock.at += HOUR
        process_request(request_id, services=services)


@pytest.fixture
def excluded(services, deliver, forget, platform):
    """An erasure that had to spare order 1001. Gives its id."""
    deliver("orders/create", sold_body(1001))
    platform.sold["1001"] = REFUSED
    request_id = forget(1001)
    assert orders_left(services) == {"1001"}
    return request_id


@pytest.fixture
def by_hand(services, deliver, platform):
    """The same, asked for by mail."""

    def of(who=ASHA):
        deliver("orders/create", sold_body(1001))
        platform.customers = {ASHA.email: "7001"}
        platform.sold["1001"] = REFUSED
        request_id = open_as_operator(services, who, shop=SHOP, at=NOW)
        process_request(request_id, services=services)
        assert platform.requested == []
        return request_id

    return of


def test_an_order_placed_meanwhile_is_a_new_contract(services, deliver, excluded):
    services.clock.at += timedelta(minutes=30)
    placed = iso(services.clock.at)
    parcel = [{"tracking_company": "Delhivery", "tracking_numbers": ["AWB9"], "created_at": placed}]
    deliver("orders/paid", sold_body(2002, created_at=placed, updated_at=placed, fulfillments=parcel))
    process_hourly(services, excluded, 3)
    assert orders_left(services) == {"1001", "2002"}
    with services.store.transaction() as tx:
        assert [entry.order_id for entry in tx.notice_items.list_items(request_id=excluded)] == []


def test_an_order_placed_meanwhile_is_learned_however_late_its_webhook_comes(services, deliver, excluded):
    placed = iso(services.clock.at + timedelta(minutes=55))
    process_hourly(services, excluded)
    deliver("orders/paid", sold_body(2002, created_at=placed, updated_at=placed))
    assert "2002" in orders_left(services)


def test_looking_again_in_vain_writes_nothing(services, excluded):
    def rows():
        with services.store.transaction() as tx:
            return tx.evidence.read_head()[0], len(tx.ledger_state.list_unsynced(1000)[0])

    before = rows()
    process_hourly(services, excluded, 24)
    assert rows() == before


def test_what_a_later_run_removed_is_said_once(services, deliver, forget, platform):
    deliver("orders/create", sold_body(1001))
    deliver("orders/paid", sold_body(1002))
    platform.sold["1001"] = ConnectorUnavailable("shopify: HTTP 503")
    request_id = forget(1001, 1002)
    platform.sold["1001"] = [sold(1001)]
    process_hourly(services, request_id, 3)
    with services.store.transaction() as tx:
        later = tx.plans.find_plan(request_id)["later"]
    assert [line["count"] for line in later if line["what"].startswith("orders")] == [1]
    assert encode_detail(request_of(services, request_id)[1]["bridge", TaskAction.ERASE].progress)["orders"] == 2


def test_the_id_of_a_merged_customer_does_not_wait_for_the_kept_one_s_copies(services, deliver, forget, platform):
    kept = {"id": 9009, "email": "kept@example.org"}
    deliver("orders/create", sold_body(1001, customer=kept, email=kept["email"]))
    both = {"admin_graphql_api_customer_kept_id": "gid://shopify/Customer/9009"}
    deliver("customers/merge", both | {"admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/7001"})
    platform.sold["1001"] = REFUSED
    _, tasks, _ = request_of(services, forget())
    assert tasks["bridge", TaskAction.ERASE].state is TaskState.DONE


def test_a_copy_that_came_by_webhook_lets_shopify_be_asked(services, deliver, platform, by_hand):
    request_id = by_hand()
    services = let_contracts_be_over(services)
    deliver("orders/paid", sold_body(1001))
    process_hourly(services, request_id, 2)
    request, tasks, _ = request_of(services, request_id)
    assert platform.requested == ["7001"]
    assert tasks["vault", TaskAction.SEAL_INVOICES].state is TaskState.DONE
    assert request.closed_at is not None


def test_a_customer_known_by_address_alone_is_still_known_when_shopify_may_be_asked(
    services, deliver, platform, by_hand
):
    request_id = by_hand(Principal(email=ASHA.email))
    deliver("orders/paid", sold_body(1001))
    process_hourly(let_contracts_be_over(services), request_id, 2)
    assert platform.requested == ["7001"]


def test_where_shopify_cannot_say_which_orders_there_are_it_is_not_asked_and_a_replay_begins_anew(services, platform):
    platform.customers = {ASHA.email: "7001"}
    platform.locate_faults = [REFUSED, REFUSED]
    request_id = open_as_operator(services, ASHA, shop=SHOP, at=NOW)
    process_request(request_id, services=services)
    request, tasks, _ = request_of(services, request_id)
    assert (platform.requested, tasks["shopify", TaskAction.REQUEST_PLATFORM_ERASURE].last_error) == (
        [],
        "copy_missing",
    )
    assert (request.closed_at, request.complete) == (NOW, False)
    with services.store.transaction() as tx:
        tx.request_changes.restart_request(request_id)
    process_request(request_id, services=services)
    assert platform.requested == ["7001"]


def test_an_order_that_became_known_after_the_look_is_looked_for_too(services, deliver, platform):
    deliver("orders/paid", sold_body(1001))
    with services.store.transaction() as tx:
        access = make_request(subject=tx.person_lookup.find_subject(SHOP, ASHA))
        opened(tx, access, make_task(access.id))
    delivery = accepted(services.store, "customers/redact", redact_body(1001))
    request_id = dispatch_delivery(delivery.id, services=services)
    process_request(request_id, services=services)
    assert request_of(services, request_id)[1]["bridge", TaskAction.ERASE].last_error == "access_in_flight"
    deliver("orders/create", sold_body(1005))  # never paid: no invoice, nothing sent
    process_request(access.id, services=services)
    hand_over_package(services, access.id)
    process_hourly(services, request_id, 3)
    request, _, _ = request_of(services, request_id)
    assert (platform.sales_asked, request.closed_at is None) == ([["1005"]], False)


@pytest.mark.parametrize("hand", [True, False])
def test_a_credit_note_is_no_copy_of_its_invoice(services, deliver, forget, platform, by_hand, hand):
    deliver("orders/create", sold_body(1001, total="90000.00"))
    deliver("refunds/create", refund_body())
    platform.sold["1001"] = [sold(1001)]
    if hand:
        platform.customers = {ASHA.email: "7001"}
        request_id = open_as_operator(services, ASHA, shop=SHOP, at=NOW)
        process_request(request_id, services=services)
    else:
        forget(1001)
    assert platform.sales_asked == [["1001"]]
    assert {document.kind for document in documents(services)} == {DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE}


def test_what_was_cancelled_without_money_leaves_no_credit_note(services, deliver):
    deliver("orders/create", sold_body(1001))
    ring = {"title": "Ring", "price": "80000.00"}
    restocked = {"transactions": [], "refund_line_items": [{"quantity": 1, "line_item": ring}]}
    deliver("refunds/create", refund_body() | restocked)
    assert documents(services) == []
    deliver("orders/fulfilled", sold_body(1001))
    deliver("refunds/create", refund_body(refund=78) | restocked)
    assert len(documents(services)) == 2, "goods that came back of an invoice are a credit note, money or not"


def test_a_copy_that_was_told_too_late_to_be_whole_asks_for_the_invoice(services, deliver, forget, platform):
    deliver("orders/create", sold_body(1001))
    platform.sold["1001"] = [sold(1001, total=90_000, tax=0, delivery=PostalAddress())]
    request_id = forget(1001)
    [document] = documents(services)
    assert not document.names_buyer
    with services.store.transaction() as tx:
        [review] = tx.reviews.list_reviews(request_id=request_id)
        kept = tx.packages.find_certificate(request_id)["kept"]
    assert (review.kind, "state, buyer" in review.what) == ("copy_incomplete", True)
    assert [row["what"] for row in kept if row["category"] == "invoice_document"] == ["invoice: figures, State"]
    assert request_of(services, request_id)[1]["bridge", TaskAction.ERASE].outcome is Outcome.ERASED


def test_the_certificate_names_all_that_stays_for_a_while(services, deliver, forget):
    parcel = [{"id": 5, "tracking_number": "AWB7007007", "tracking_company": "Delhivery", "status": "success"}]
    deliver("orders/paid", sold_body(1001, fulfillments=parcel))
    details = BankDetails(account_number="", ifsc="", account_holder="", upi_id="asha@ybl")
    with services.store.transaction() as tx:
        tx.refunds.seal_bank_details(SHOP, details, order_id="1001", refund_id="77", opened_at=NOW)
    request_id = forget(1001)
    with services.store.transaction() as tx:
        kept = {row["category"]: row for row in tx.packages.find_certificate(request_id)["kept"]}
    assert set(kept) >= {"invoice_document", "cod_refund_bank", "instruction_text", "contact", "suppression"}
    assert (kept["cod_refund_bank"]["action"], kept["cod_refund_bank"]["count"]) == ("restrict", 1)
    assert all(ground["law"] for row in kept.values() for ground in row["grounds"])


def test_what_was_missing_stays_missing_when_less_is_known_of_the_customer(services, platform):
    class ByAddress:
        """Shopify finds the order by the address, not by the customer id."""

        def __call__(self, who, *, shop):
            return [{"id": "gid://shopify/Order/4004"}] if who.email else []

    platform.customers = {ASHA.email: "7001"}
    platform.list_shipped_orders = ByAddress()
    platform.sold["4004"] = ConnectorUnavailable("shopify: HTTP 503")
    request_id = open_as_operator(services, ASHA, shop=SHOP, at=NOW)
    process_request(request_id, services=services)
    process_hourly(services, request_id)
    assert platform.requested == []
    platform.sold["4004"] = [sold(4004)]
    process_hourly(services, request_id)
    assert (len(documents(services)), platform.requested) == (1, ["7001"])


def test_books_that_are_attested_meanwhile_let_it_go_on(services, platform, by_hand):
    request_id = by_hand()
    vault = replace(services.retention.vault, mode="external_attested", attested_by="CA", attested_on=NOW.date())
    services = let_contracts_be_over(replace(services, retention=replace(services.retention, vault=vault)))
    process_hourly(services, request_id, 2)
    request, tasks, _ = request_of(services, request_id)
    assert (platform.requested, tasks["vault", TaskAction.SEAL_INVOICES].outcome) == (["7001"], Outcome.UNCONFIRMED)
    assert request.closed_at is not None


def test_an_asking_that_waits_writes_nothing_either(services, by_hand):
    request_id = by_hand()
    with services.store.transaction() as tx:
        before = tx.evidence.read_head()[0]
    process_hourly(services, request_id, 12)
    with services.store.transaction() as tx:
        assert tx.evidence.read_head()[0] == before


def test_the_review_ends_with_the_copies_and_opens_again_without(services, deliver, excluded, platform):
    def reviews():
        with services.store.transaction() as tx:
            return tx.reviews.list_reviews(kind="seal_missing")

    [first] = reviews()
    with services.store.transaction() as tx:
        tx.reviews.close_review(first.id, actor="operator:test", reason="token mended")
        tx.request_changes.restart_request(excluded)
    process_request(excluded, services=services)
    assert len(reviews()) == 1
    deliver("orders/paid", sold_body(1001))
    process_hourly(services, excluded)
    assert (reviews(), orders_left(services)) == ([], set())


def test_without_a_platform_nobody_knows_that_an_order_was_never_invoiced(services, deliver):
    deliver("orders/create", sold_body(1001))
    alone = {name: one for name, one in services.connectors.items() if name != "shopify"}
    services = replace(services, connectors=alone)
    delivery = accepted(services.store, "customers/redact", redact_body(1001))
    process_request(dispatch_delivery(delivery.id, services=services), services=services)
    assert orders_left(services) == {"1001"}


def test_a_customer_without_an_id_is_known_by_address_until_shopify_answered(services, platform):
    platform.erasures = [
        ConnectorUnavailable("shopify: HTTP 503"),
        ErasureState(outcome=Outcome.ABSENT, reason="unknown_to_platform"),
    ]
    who = Principal(email=ASHA.email)
    request_id = open_as_operator(services, who, shop=SHOP, at=NOW)
    process_request(request_id, services=services)
    process_hourly(services, request_id, 2)
    assert platform.erasure_asked[-1] == who
    assert request_of(services, request_id)[0].principal == Principal()
