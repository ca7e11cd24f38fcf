"""Earlier erasures of a person, as her suppression keys tell of them: both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bridge.model import Principal, RequestKind
from tests.factories import ASHA, NOW, OTHER_SHOP, SHOP, customer, make_request, merged, opened, order

BY_ID, BY_EMAIL = Principal(customer_id="7001"), Principal(email=ASHA.email)


def erase(store, request_id="req_1", who=ASHA, *sightings):
    with store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, sightings)
        subject = tx.index.find_subject(SHOP, who)
        opened(tx, make_request(id=request_id, kind=RequestKind.ERASURE, subject=subject, principal=who))
        tx.index.erase_person(SHOP, who, request_id=request_id)
        tx.session.connection.exec_driver_sql("UPDATE requests SET active_key = NULL")


def told(store, who, shop=SHOP):
    with store.transaction() as tx:
        return [
            (one.request_id, one.erased_at, len(one.order_keys))
            for one in tx.index.list_prior_erasures(shop, who)
        ]


def test_by_id_or_by_email_at_her_shop_only(store):
    assert told(store, ASHA) == []
    erase(store, "req_1", ASHA, customer(), order(1001))
    for who in (ASHA, BY_ID, BY_EMAIL):
        assert told(store, who) == [("req_1", NOW, 1)]
    assert told(store, ASHA, OTHER_SHOP) == []
    assert told(store, Principal()) == []


def test_a_phone_or_an_order_alone_names_nobody(store):
    erase(store, "req_1", ASHA, customer(), order(1001))
    assert told(store, Principal(phone=ASHA.phone)) == []
    assert told(store, Principal(order_ids=("1001",))) == []
    assert told(store, replace(ASHA, customer_id="7002", email="bhavna@example.com")) == []


def test_a_later_erasure_takes_the_keys_and_the_earlier_one_is_still_told(store, clock):
    erase(store, "req_1", ASHA, customer(), order(1001))
    clock.at = NOW + timedelta(days=30)
    erase(store, "req_2", ASHA, order(1002, at=clock.at))
    assert told(store, ASHA) == [("req_2", clock.at, 1), ("req_1", NOW, 1)]


def test_an_email_leads_to_the_customer_who_has_it_now(store, clock):
    erase(store, "req_1", BY_ID, customer(), order(1001))
    clock.at = NOW + timedelta(days=30)
    with store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1002, at=clock.at)])
    assert told(store, BY_EMAIL) == [("req_1", NOW, 1)]


def test_the_erasure_of_an_id_that_was_merged_away_is_not_hers(store):
    with store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [customer(7001), order(1001), merged(7000, 7001)])
    erase(store, "req_1", Principal(customer_id="7000"))
    assert told(store, BY_ID) == told(store, Principal(customer_id="7000")) == []


def test_who_asks_under_an_id_that_was_merged_away_is_the_one_who_was_kept(store):
    with store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [customer(7001), order(1001), merged(7000, 7001)])
    erase(store, "req_1", BY_ID)
    assert told(store, Principal(customer_id="7000")) == [("req_1", NOW, 1)]
