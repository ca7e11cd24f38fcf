"""Bank details in a note open a review; no value is stored."""

from __future__ import annotations

from dataclasses import replace

from bridge.model import Residue
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.requests.process import process_request
from config.retention_file.retention_model import ResidueRules
from tests.factories import ASHA, NOW, SHOP, accepted, order_body
from tests.kit.operator_requests import open_as_operator
from tests.kit.retention_files import let_contracts_be_over
from tests.kit.stored import list_reviews
from tests.steps.refunds.test_refunds import at_rest

NOTE = "Please refund to a/c 001234567890, HDFC0001234"
ENGRAVED = [{"properties": [{"name": "Engraving", "value": "For Asha"}]}]


def test_each_location_of_an_order_opens_one_review(services):
    """Requirement P-41."""
    for tries, number in enumerate((1001, 1001, 1002)):
        accepted(services.store, "orders/updated", order_body(number, note=NOTE, tries=tries))
    accepted(services.store, "orders/updated", order_body(1003, note="Ring the bell, call 9811122233"))
    index_deliveries(SHOP, services=services)
    accepted(services.store, "orders/updated", order_body(1001, note=NOTE, tries=9))
    index_deliveries(SHOP, services=services)
    assert list_reviews(services.store) == [("bank_details", "order note: bank_account, ifsc")] * 2
    with services.store.transaction() as tx:
        details = [event.detail for event in tx.evidence.iterate_facts() if event.fact == "review.opened"]
        assert (
            len(tx.reviews.list_reviews_of_order(SHOP, "1001"))
            == len(tx.reviews.list_reviews_of_order(SHOP, "1002"))
            == 1
        )
        assert tx.reviews.list_reviews_of_order(SHOP, "1003") == tx.reviews.list_reviews_of_order(SHOP, "") == []
    assert not any(value in repr(details) for value in ("1001", "001234567890", "HDFC0001234"))


def test_a_customer_note_opens_one_review_for_all_orders(services):
    customer = {"id": 7001, "note": "IFSC HDFC0001234"}
    for number in (1001, 1002):
        accepted(services.store, "orders/create", order_body(number, customer=customer))
    accepted(services.store, "customers/update", customer)
    accepted(services.store, "customers/update", customer | {"id": 7002})
    index_deliveries(SHOP, services=services)
    assert list_reviews(services.store) == [("bank_details", "customer note: ifsc")] * 2


def test_kinds_outside_scan_for_are_not_flagged(services):
    free_text = replace(services.retention.categories["order_free_text"], scan_for=("pan",))
    for categories in ({}, {"order_free_text": free_text}):
        other = replace(services, retention=replace(services.retention, categories=categories))
        accepted(services.store, "orders/updated", order_body(note=NOTE, tries=len(categories)))
        assert index_deliveries(SHOP, services=other) == 1
    assert list_reviews(services.store) == []


def test_t15_an_erasure_removes_engraving_and_note_and_the_ifsc_opens_a_review(services, platform, database_url):
    """Requirement P-41."""
    platform.customers[ASHA.email] = "7001"
    note = Residue(system="shopify", kind="order_notes", ref="1001", what="note with bank_account, ifsc")
    platform.left_by_others = [note]
    rules = ResidueRules(apply=True, erased_kinds=("order_notes",))
    services = let_contracts_be_over(replace(services, retention=replace(services.retention, residue=rules)))
    accepted(services.store, "orders/create", order_body(1001, note=NOTE, line_items=ENGRAVED))
    index_deliveries(SHOP, services=services)
    assert list_reviews(services.store) == [("bank_details", "order note: bank_account, ifsc")]
    request_id = open_as_operator(services, ASHA, shop=SHOP, at=NOW)
    process_request(request_id, services=services)
    assert platform.removed == [note], "at the shop"
    rest = at_rest(services.store, database_url)
    assert b"order note: bank_account, ifsc" in rest, "the search can find"
    for gone in (b"For Asha", b"HDFC0001234", b"001234567890"):
        assert gone not in rest
    assert list_reviews(services.store) == [("bank_details", "order note: bank_account, ifsc")]
