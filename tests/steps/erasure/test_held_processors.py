"""Processors that are asked by an order or by the data subject's own reference obey the holds, as the plan says them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bridge.model import BankDetails
from bridge.rules.refunds.settlement import validate_settlement
from bridge.rules.retention.statutory_last_days import compute_day_start
from bridge.steps.notices.notify import process_notice_account
from bridge.steps.refunds.settle_refund import settle_refund
from bridge.steps.refunds.store_bank_details import store_bank_details
from bridge.steps.requests.process import process_request
from bridge.steps.retention.legal_hold import open_order_legal_hold, release_legal_hold
from config.merchant_file.processors import Processor
from tests.factories import ASHA, SHOP, order, settled_retention
from tests.kit.durations import days
from tests.kit.operator_requests import open_as_operator

WHO = "operator:a"
AGGREGATOR, NEWSLETTER, ADS, COURIER = "aggregator", "newsletter", "ads", "delhivery"


def build_processor(name, **given):
    return Processor(id=name, legal_name=name, named=True, erasure_channel="portal", **given)


@pytest.fixture
def services(services, platform):
    """Services whose aggregator is asked by order, and whose newsletter and advertiser by the person."""
    platform.customers = {ASHA.email: "7001"}
    processors = (
        build_processor(AGGREGATOR, applies_to="orders", names="order", data=("order_lines",)),
        build_processor(NEWSLETTER, applies_to="everyone", names="customer", data=("contact", "support")),
        build_processor(ADS, applies_to="everyone", names="email_sha256", data=("usage_cookies",)),
        build_processor(COURIER, applies_to="parcels", names="waybill", data=("shipment",)),
    )
    merchant = replace(services.merchant, processors=processors)
    return replace(services, retention=settled_retention(), merchant=merchant)


def index_delivered_order(services, number, placed_at, *waybills):
    """Index an order whose parcels arrived four days after it was placed."""
    times = {"created_at": placed_at.isoformat(), "updated_at": (placed_at + days(4)).isoformat()}
    shipments = [
        {"tracking_company": "Delhivery", "tracking_numbers": [one], "shipment_status": "delivered"} | times
        for one in waybills
    ]
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(number, at=placed_at, fulfillments=shipments)])


def erase_as_operator(services):
    request_id = open_as_operator(services, ASHA, shop=SHOP)
    process_request(request_id, services=services)
    return request_id


def run_accounts(services, *accounts):
    for account in accounts or (AGGREGATOR, NEWSLETTER, ADS):
        process_notice_account(f"{SHOP}|{account}", services=services)


def read_items(services, request_id, processor):
    """Return by the record's order: whether its processor may be named, why not, until when."""
    with services.store.transaction() as tx:
        return {
            item.order_id: (bool(item.notice_id), item.reason, item.not_before)
            for item in tx.notice_items.list_items(request_id=request_id)
            if item.processor == processor
        }


def read_plan(services, request_id, processor):
    with services.store.transaction() as tx:
        lines = tx.plans.find_plan(request_id)["lines"]
    return [
        (line["action"], line["category"], line["count"], line["holds"], line["until"])
        for line in lines
        if line["system"] == processor
    ]


def find_certificate_row(services, request_id, processor):
    process_request(request_id, services=services)
    with services.store.transaction() as tx:
        systems = tx.packages.find_certificate(request_id)["processors"]
    return next(row for row in systems if row["system"] == processor)


def test_an_open_contract_keeps_the_order_at_the_aggregator_and_the_person_at_the_newsletter(services, clock):
    """Requirement P-60: what is kept waits there with the day of the calculator, what is not goes at once."""
    index_delivered_order(services, 1001, clock.at - days(10), "AWB1")
    index_delivered_order(services, 1002, clock.at - days(400), "AWB2")
    request_id = erase_as_operator(services)
    last = (clock.at - days(6)).date() + days(30)
    assert sorted(read_plan(services, request_id, AGGREGATOR), key=str) == [
        ("erase", "shipment", 1, [], None),
        ("restrict", "shipment", 1, ["open_contract"], last.isoformat()),
    ]
    assert read_plan(services, request_id, NEWSLETTER) == [
        ("restrict", "contact", 1, ["open_contract"], last.isoformat())
    ]
    assert [line[0] for line in read_plan(services, request_id, ADS)] == ["erase"]
    free_at = compute_day_start(last + days(1), services.retention)
    run_accounts(services)
    assert read_items(services, request_id, AGGREGATOR) == {
        "1001": (False, "hold_open_contract", free_at),
        "1002": (True, "file_by_hand", None),
    }
    assert read_items(services, request_id, NEWSLETTER) == {"": (False, "hold_open_contract", free_at)}
    assert read_items(services, request_id, ADS)[""][0]
    row = find_certificate_row(services, request_id, NEWSLETTER)
    assert (row["waiting"][0]["reason"], row["waiting"][0]["not_before"]) == ("hold_open_contract", free_at.isoformat())
    clock.at = free_at - timedelta(seconds=1)
    run_accounts(services)
    assert not read_items(services, request_id, NEWSLETTER)[""][0], "not a second before"
    clock.at = free_at
    run_accounts(services)
    assert read_items(services, request_id, AGGREGATOR)["1001"][0], "it follows by itself"
    assert read_items(services, request_id, NEWSLETTER)[""][0]


def test_an_order_without_a_parcel_stays_held_after_it_left_the_index(services, clock, platform):
    """The index lets an order go whose contract is open: what is known of it is remembered with the instruction."""
    index_delivered_order(services, 1001, clock.at - days(3))
    request_id = erase_as_operator(services)
    with services.store.transaction() as tx:
        assert tx.index.list_orders(SHOP, ASHA) == {}
    run_accounts(services)
    for _ in range(3):
        assert read_items(services, request_id, AGGREGATOR)["1001"][:2] == (False, "hold_open_contract")
        assert read_items(services, request_id, NEWSLETTER)[""][:2] == (False, "hold_open_contract")
        clock.at += days(2)
        process_request(request_id, services=services)
        run_accounts(services)
        assert platform.requested == [], "neither does Shopify lose it"
    clock.at += days(100)
    run_accounts(services)
    assert read_items(services, request_id, AGGREGATOR)["1001"][0]
    assert read_items(services, request_id, NEWSLETTER)[""][0]


def test_a_claim_on_one_order_keeps_that_order_and_the_person(services, clock):
    index_delivered_order(services, 1001, clock.at - days(400), "AWB1")
    index_delivered_order(services, 1002, clock.at - days(400), "AWB2")
    hold = open_order_legal_hold(SHOP, "1001", reference="CC-1", actor=WHO, reason="chargeback", services=services)
    request_id = erase_as_operator(services)
    assert {line[0]: line[3] for line in read_plan(services, request_id, AGGREGATOR)} == {
        "restrict": ["legal_claim"],
        "erase": [],
    }
    assert [line[3] for line in read_plan(services, request_id, ADS)] == [["legal_claim"]]
    run_accounts(services)
    named = read_items(services, request_id, AGGREGATOR)
    assert (named["1001"][0], named["1002"][0]) == (False, True)
    assert read_items(services, request_id, ADS)[""][:2] == (False, "hold_legal_claim")
    clock.at += days(30)
    run_accounts(services)
    assert not read_items(services, request_id, ADS)[""][0]
    release_legal_hold(hold.legal_hold.id, actor=WHO, reason="settled", services=services)
    run_accounts(services)
    assert read_items(services, request_id, AGGREGATOR)["1001"][0]
    assert read_items(services, request_id, ADS)[""][0]


def test_an_open_refund_keeps_the_contact_there_until_it_is_reconciled(services, clock):
    index_delivered_order(services, 1001, clock.at - days(400), "AWB1")
    details = BankDetails(account_number="123456789012", ifsc="HDFC0001234", account_holder="Asha")
    account = store_bank_details(
        SHOP, details, order_id="1001", refund="9001", opened_at=clock.at, actor=WHO, services=services
    )
    request_id = erase_as_operator(services)
    run_accounts(services)
    assert read_items(services, request_id, NEWSLETTER)[""][::2] == (False, None)
    clock.at += days(2)
    paid = validate_settlement(reference="432112345678", amount="4999", currency="INR", on=clock.at.date())
    settle_refund(account.id, paid, actor=WHO, services=services)
    clock.at += days(1)
    run_accounts(services)
    until = read_items(services, request_id, NEWSLETTER)[""][2]
    assert until is not None
    clock.at = until
    run_accounts(services)
    assert read_items(services, request_id, NEWSLETTER)[""][0]


def test_the_year_of_the_rules_keeps_every_copy_whoever_is_asked_by_what(services, clock):
    """Requirement T17: the same day in the plan, in the instructions and at Shopify."""
    clock.at = compute_day_start(date(2027, 6, 2), services.retention) + timedelta(hours=10)
    index_delivered_order(services, 1001, clock.at - days(31), "AWB1")
    request_id = erase_as_operator(services)
    last = (clock.at - days(27)).date()
    last = last.replace(year=last.year + 1)
    for processor in (AGGREGATOR, NEWSLETTER, ADS):
        [(action, _, _, holds, until)] = read_plan(services, request_id, processor)
        assert (action, holds[0], until) == ("restrict", "dpdp_one_year", last.isoformat())
    run_accounts(services)
    free_at = compute_day_start(last + days(1), services.retention)
    for processor in (AGGREGATOR, NEWSLETTER, ADS):
        assert {row[2] for row in read_items(services, request_id, processor).values()} == {free_at}
    clock.at = free_at
    process_request(request_id, services=services)
    run_accounts(services)
    for processor in (AGGREGATOR, NEWSLETTER, ADS):
        assert all(row[0] for row in read_items(services, request_id, processor).values())


def test_a_claim_that_is_opened_before_the_letter_goes_stops_it_for_the_order_and_for_the_person(services, clock):
    index_delivered_order(services, 1001, clock.at - days(10), "AWB1")
    request_id = erase_as_operator(services)
    run_accounts(services)
    clock.at = read_items(services, request_id, NEWSLETTER)[""][2] - timedelta(hours=1)
    hold = open_order_legal_hold(SHOP, "1001", reference="CC-1", actor=WHO, reason="chargeback", services=services)
    clock.at += timedelta(hours=2)
    run_accounts(services)
    for processor, order_id in ((AGGREGATOR, "1001"), (NEWSLETTER, "")):
        assert not read_items(services, request_id, processor)[order_id][0]
    release_legal_hold(hold.legal_hold.id, actor=WHO, reason="settled", services=services)
    run_accounts(services)
    for processor, order_id in ((AGGREGATOR, "1001"), (NEWSLETTER, "")):
        assert read_items(services, request_id, processor)[order_id][0], "the release lets both go"
