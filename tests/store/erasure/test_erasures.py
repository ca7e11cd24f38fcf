"""Earlier erasures of a data subject, found by their suppression keys: both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bridge.model import Principal, RequestKind
from tests.factories import ASHA, NOW, OTHER_SHOP, SHOP, customer, make_request, merged, opened, order

BY_ID, BY_EMAIL = Principal(customer_id="7001"), Principal(email=ASHA.email)


def ingest_and_erase(store, request_id="req_1", principal=ASHA, *sightings):
    with store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, sightings)
        subject = tx.person_lookup.find_subject(SHOP, principal)
        opened(tx, make_request(id=request_id, kind=RequestKind.ERASURE, subject=subject, principal=principal))
        tx.person_eraser.erase_person(SHOP, principal, request_id=request_id)
        tx.session.connection.exec_driver_sql("UPDATE requests SET active_key = NULL")


def list_erasures(store, principal, shop=SHOP):
    with store.transaction() as tx:
        return [
            (erasure.request_id, erasure.erased_at, len(erasure.order_keys))
            for erasure in tx.erasures.list_prior_erasures(shop, principal)
        ]


def test_earlier_erasures_are_found_by_id_or_email_at_the_same_shop_only(store):
    assert list_erasures(store, ASHA) == []
    ingest_and_erase(store, "req_1", ASHA, customer(), order(1001))
    for principal in (ASHA, BY_ID, BY_EMAIL):
        assert list_erasures(store, principal) == [("req_1", NOW, 1)]
    assert list_erasures(store, ASHA, OTHER_SHOP) == []
    assert list_erasures(store, Principal()) == []


def test_a_phone_or_an_order_alone_names_nobody(store):
    ingest_and_erase(store, "req_1", ASHA, customer(), order(1001))
    assert list_erasures(store, Principal(phone=ASHA.phone)) == []
    assert list_erasures(store, Principal(order_ids=("1001",))) == []
    assert list_erasures(store, replace(ASHA, customer_id="7002", email="bhavna@example.com")) == []


def test_a_later_erasure_overwrites_the_keys_and_the_earlier_one_is_still_listed(store, clock):
    ingest_and_erase(store, "req_1", ASHA, customer(), order(1001))
    clock.at = NOW + timedelta(days=30)
    ingest_and_erase(store, "req_2", ASHA, order(1002, at=clock.at))
    assert list_erasures(store, ASHA) == [("req_2", clock.at, 1), ("req_1", NOW, 1)]


def test_an_email_leads_to_the_customer_who_has_it_now(store, clock):
    ingest_and_erase(store, "req_1", BY_ID, customer(), order(1001))
    clock.at = NOW + timedelta(days=30)
    with store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1002, at=clock.at)])
    assert list_erasures(store, BY_EMAIL) == [("req_1", NOW, 1)]


def test_the_erasure_of_a_merged_id_is_not_listed(store):
    with store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [customer(7001), order(1001), merged(7000, 7001)])
    ingest_and_erase(store, "req_1", Principal(customer_id="7000"))
    assert list_erasures(store, BY_ID) == list_erasures(store, Principal(customer_id="7000")) == []


def test_a_request_under_a_merged_id_is_of_the_remaining_customer(store):
    with store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [customer(7001), order(1001), merged(7000, 7001)])
    ingest_and_erase(store, "req_1", BY_ID)
    assert list_erasures(store, Principal(customer_id="7000")) == [("req_1", NOW, 1)]
