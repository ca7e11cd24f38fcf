"""Ingest: the newest delivery wins, in whatever order and however often deliveries come."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bridge.model import Principal
from bridge.rules.index.consignee.clues import build_digester, build_tokens, load_tokens
from bridge.rules.index.minimise import Sighting, SightingKind
from bridge.store.index.sighting_keys import derive_sighting_keys
from bridge.store.schema.index_tables import customers, data_keys, orders, parcels
from bridge.store.schema.tables import metadata
from tests.factories import ASHA, NOW, OTHER_SHOP, SHOP, customer, merged, order
from tests.factories import parcels as shipped
from tests.kit.indexing import ingest
from tests.kit.suite.examples import count_examples

BHAVNA = Principal(customer_id="7002", email="bhavna@example.com")


def subject(store, principal, shop=SHOP):
    with store.transaction() as tx:
        return tx.person_lookup.find_subject(shop, principal)


def order_ids(store, principal, shop=SHOP):
    with store.transaction() as tx:
        return list(tx.index.list_orders(shop, principal))


def waybills(store, principal):
    with store.transaction() as tx:
        return [(parcel.number, parcel.carrier) for parcel in tx.index.list_parcels(SHOP, principal)]


def count(store, table):
    with store.engine.connect() as connection:
        return len(connection.execute(select(table)).all())


def bhavnas_order(number=1001, **given):
    """Return a sighting of an order of Bhavna's."""
    body = {"customer_id": 7002, "email": BHAVNA.email, "phone": ""}
    body["customer"] = {"id": 7002, "email": BHAVNA.email}
    return order(number, **(body | given))


def test_an_order_gives_its_owner_and_its_parcels(store):
    dropped = ingest(store, order(parcels=[("Delhivery", "AWB1"), ("BlueDart", "AWB2")]), bhavnas_order(1002))
    assert dropped == 0
    assert order_ids(store, ASHA) == ["1001"]
    with store.transaction() as tx:
        found = tx.index.list_parcels(SHOP, ASHA)
    assert sorted((parcel.number, parcel.carrier) for parcel in found) == [("AWB1", "delhivery"), ("AWB2", "bluedart")]
    assert {(parcel.order_id, parcel.order_name, parcel.account_holder) for parcel in found} == {
        ("1001", "#1001", "merchant")
    }
    assert found[0].shipped_at == NOW - timedelta(days=3)
    assert order_ids(store, ASHA, OTHER_SHOP) == []


def test_the_newest_order_decides_the_owner_whichever_came_first(store):
    old, new = order(at=NOW - timedelta(days=2)), bhavnas_order(at=NOW - timedelta(days=1))
    for sequence in ((old, new), (new, old)):
        ingest(store, *sequence)
        assert (order_ids(store, ASHA), order_ids(store, BHAVNA)) == ([], ["1001"])


def test_a_blank_in_a_newer_delivery_removes_nothing(store):
    ingest(store, order())
    ingest(store, order(customer_id=0, email=None, phone=None, name="", at=NOW, shipping_address=None))
    assert order_ids(store, ASHA) == ["1001"]
    with store.transaction() as tx:
        [row] = tx.person_lookup.list_order_rows(SHOP, ASHA)
        doc = tx.index.open_order_doc(SHOP, row)
        assert (doc["id"], doc["name"]) == ("1001", "#1001")


def test_an_order_without_a_sealed_part_has_no_name(store):
    ingest(store, order())
    with store.transaction() as tx:
        tx.session.connection.execute(orders.update().values(doc=None))
        [row] = tx.person_lookup.list_order_rows(SHOP, ASHA)
        assert tx.index.open_order_doc(SHOP, row) == {}
    assert order_ids(store, ASHA) == []


def test_a_fulfilment_before_its_order_is_stored(store):
    ingest(store, shipped(1001, "AWB1"))
    assert waybills(store, Principal(email=ASHA.email)) == [("AWB1", "delhivery")]
    ingest(store, order())
    assert waybills(store, Principal(customer_id="7001")) == [("AWB1", "delhivery")]


def test_part_of_an_order_overwrites_no_value_of_the_order(store):
    ingest(store, bhavnas_order())
    ingest(store, shipped(1001, "AWB1", at=NOW, email="carrier-desk@example.com"))
    assert waybills(store, BHAVNA) == [("AWB1", "delhivery")]
    assert waybills(store, Principal(email="carrier-desk@example.com")) == []


def test_the_newest_report_of_a_parcel_wins(store):
    older = shipped(1001, "AWB1", at=NOW, carrier="bluedart")
    early = shipped(1001, "AWB1", at=NOW - timedelta(days=1), carrier="delhivery")
    ingest(store, order(), older, early)
    ingest(store, early)
    assert waybills(store, ASHA) == [("AWB1", "bluedart")]
    ingest(store, replace(older, parcels=(replace(older.parcels[0], number=" "),)))
    assert count(store, parcels) == 1


_EMAILS = ("asha@qwertzuiop.example", "asha.k@qwertzuiop.example")


@st.composite
def histories(draw):
    """Draw the deliveries of one order, in any sequence and with any of them twice."""
    events = []
    for minute in range(draw(st.integers(1, 4))):
        at = NOW + timedelta(minutes=minute)
        events.append(
            order(
                at=at,
                email=draw(st.sampled_from(_EMAILS)),
                customer_id=draw(st.sampled_from((7001, 7002))),
                phone=draw(st.sampled_from((ASHA.phone, ""))),
                parcels=[(draw(st.sampled_from(("Delhivery", "BlueDart"))), "AWB1")],
            )
        )
    sightings = draw(st.lists(st.sampled_from(events), max_size=3)) + events
    return events[-1], draw(st.permutations(sightings)), draw(st.integers(1, len(sightings)))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(max_examples=count_examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories())
def test_any_sequence_of_deliveries_ends_in_the_newest(store, history):
    newest, sightings, cut = history
    with store.transaction() as tx:
        for table in reversed(metadata.sorted_tables[:]):
            if table.name in {"orders", "parcels", "data_keys"}:
                tx.session.connection.execute(table.delete())
    ingest(store, *sightings[:cut])
    ingest(store, *sightings[cut:])
    with store.transaction() as tx:
        keys = derive_sighting_keys(tx.session.keyring, SHOP, newest).person
        [row] = tx.session.connection.execute(select(orders)).all()
        [parcel] = tx.session.connection.execute(select(parcels)).all()
    assert (row.customer_key, row.email_key) == (keys["customer"], keys["email"])
    assert row.source_updated_at == newest.updated_at
    assert parcel.carrier == newest.parcels[0].carrier


def test_a_person_is_found_by_id_else_by_email_else_by_phone(store):
    ingest(store, customer(), order())
    by_id = subject(store, ASHA)
    assert by_id == subject(store, Principal(email=" ASHA@qwertzuiop.example"))
    assert by_id == subject(store, Principal(phone="98111 22233"))
    assert by_id == subject(store, Principal(customer_id="7001", email=BHAVNA.email))
    assert by_id != subject(store, ASHA, OTHER_SHOP)
    assert subject(store, Principal(order_ids=("1001",))) not in {"", by_id}
    assert subject(store, Principal()) == ""


def test_a_guest_is_identified_by_email(store):
    """Requirement E-06."""
    ingest(store, order(customer_id=0))
    assert order_ids(store, Principal(email=ASHA.email)) == ["1001"]
    assert order_ids(store, ASHA) == ["1001"]
    assert len(subject(store, Principal(email=ASHA.email))) == 32


def test_two_people_who_share_a_phone_are_not_merged(store):
    """Requirement E-06."""
    ingest(store, order(1001), bhavnas_order(1002, phone=ASHA.phone), customer(), customer(7002, email=BHAVNA.email))
    assert order_ids(store, Principal(phone=ASHA.phone)) == []
    assert subject(store, Principal(phone=ASHA.phone)) not in {subject(store, ASHA), subject(store, BHAVNA)}
    assert order_ids(store, ASHA) == ["1001"]


def test_a_phone_of_one_person_finds_the_orders(store):
    ingest(store, order(1001), order(1002))
    assert sorted(order_ids(store, Principal(phone=ASHA.phone))) == ["1001", "1002"]


def test_an_email_of_one_customer_finds_all_orders(store):
    ingest(store, order(1001), order(1002, email="asha.k@qwertzuiop.example"))
    assert sorted(order_ids(store, Principal(email=ASHA.email))) == ["1001", "1002"]


def test_a_named_order_of_another_customer_is_left_out(store):
    ingest(store, order(1001), bhavnas_order(1002), order(1003, customer_id=0, email=None, phone=None))
    listed = replace(ASHA, order_ids=("1001", "1002", "1003", "1004"))
    assert sorted(order_ids(store, listed)) == ["1001", "1003"]
    assert order_ids(store, Principal(order_ids=("1002",))) == ["1002"]


def test_after_a_merge_the_remaining_customer_has_the_orders(store):
    ingest(store, customer(), order(parcels=[("Delhivery", "AWB1")]))
    ingest(store, merged(7001, 7002))
    assert count(store, customers) == 0
    assert waybills(store, Principal(customer_id="7002")) == [("AWB1", "delhivery")]
    assert subject(store, Principal(customer_id="7001")) == subject(store, Principal(customer_id="7002"))
    ingest(store, order(1005))
    assert sorted(order_ids(store, Principal(customer_id="7002"))) == ["1001", "1005"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("batches", [1, 2])
def test_two_merges_lead_to_the_last_customer_in_whatever_order_they_come(store, first, batches):
    pair = [merged(7001, 7002), merged(7002, 7003)]
    sightings = [order(1001), pair[first], pair[1 - first], order(1002)]
    if batches == 1:
        ingest(store, *sightings)
    else:
        ingest(store, *sightings[:2])
        ingest(store, *sightings[2:])
    assert sorted(order_ids(store, Principal(customer_id="7003"))) == ["1001", "1002"]
    assert sorted(order_ids(store, Principal(customer_id="7001"))) == ["1001", "1002"]


def test_merges_in_a_cycle_or_without_an_id_change_nothing(store):
    ingest(store, order(), merged(7001, 7002), merged(7002, 7001), merged(7001, 7001))
    ingest(store, replace(merged(7001, 7002), kept_customer_id=""))
    assert order_ids(store, Principal(customer_id="7001")) == ["1001"]


def test_a_customer_stored_and_merged_or_deleted_in_one_batch_is_gone(store):
    ingest(store, customer(7001), merged(7001, 7002), customer(7003), deleted_customer(7003))
    assert count(store, customers) == 0


def deleted_customer(number):
    return Sighting(kind=SightingKind.CUSTOMER_DELETED, customer_id=str(number))


def test_the_newest_report_of_a_customer_wins(store):
    older = customer(updated_at=NOW.isoformat(), email="asha.k@qwertzuiop.example")
    ingest(store, older, customer(), replace(customer(), customer_id=""))
    ingest(store, customer())
    assert subject(store, Principal(email="asha.k@qwertzuiop.example")) == subject(store, ASHA)
    assert subject(store, Principal(email=ASHA.email)) != subject(store, ASHA)
    ingest(store, deleted_customer(7001))
    assert count(store, customers) == 0


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(("parcels", "remaining"), [([], ["1002"]), ([("Delhivery", "AWB1")], ["1002", "1001"])])
def test_a_deleted_order_is_removed_unless_a_carrier_has_its_parcel(store, apart, parcels, remaining):
    removed = Sighting(kind=SightingKind.ORDER_DELETED, order_id="1001")
    sightings = [order(parcels=parcels), removed, order(1002)]
    for batch in [[one] for one in sightings] if apart else [sightings]:
        ingest(store, *batch)
    assert sorted(order_ids(store, ASHA)) == sorted(remaining)


def test_sightings_without_an_order_are_ignored(store):
    assert ingest(store, shipped(0, "AWB1"), Sighting(kind=SightingKind.NOTHING), replace(order(), order_id="")) == 0
    assert ingest(store) == 0
    assert count(store, orders) == 0


def test_workers_that_see_a_new_person_at_the_same_time_share_one_key(store):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: ingest(store, order(number)), range(1, 13)))
    assert len(order_ids(store, ASHA)) == 12
    assert count(store, data_keys) == 1


def test_an_order_that_was_deleted_and_comes_again_in_one_batch_is_known_by_its_new_consignee_only(store):
    removed = Sighting(kind=SightingKind.ORDER_DELETED, order_id="1001")
    again = order(parcels=[("Delhivery", "AWB1")], shipping_address={"name": "Bhavna Example"})
    ingest(store, order(), removed, again)
    with store.transaction() as tx:
        [parcel] = tx.index.list_parcels(SHOP, ASHA)
        encode = build_digester(tx.session.keyring.digest, SHOP)
    assert load_tokens(parcel.clues) == build_tokens(again.clues, encode)
