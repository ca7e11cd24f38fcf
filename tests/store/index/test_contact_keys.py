"""One person in all spellings: orders are found by any of them, by either of two values, and as earlier releases stored them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bridge.model import Principal
from bridge.rules.index.identity import list_former_forms
from bridge.rules.index.minimise import Sighting, SightingKind
from bridge.rules.index.request_identifiers import build_principal
from bridge.store.schema.index_tables import contact_keys, customers, orders, suppressions
from tests.factories import NOW, OTHER_SHOP, SHOP, customer, order
from tests.kit.indexing import ingest

SPELLINGS = (
    *("0919844444441", "+91 91 98444 44441", "+91+919844444441", "+09844444441", "98444 44441 (Farah)", "9844444441.0"),
    *("9844444441 / 9855555555", "+919844444441"),
)
FARAH, SECOND = Principal(phone="+919844444441"), Principal(phone="98555 55555")
TWO_NUMBERS, TWO_ADDRESSES = "9844444441 / 9855555555", "farah@example.com, farah@example.in"


def guest(number, phone="", email="", **given):
    """Return the sighting of an order that names no customer."""
    return order(number, customer_id=None, phone=phone, email=email, **given)


def find_orders(store, principal, shop=SHOP):
    with store.transaction() as tx:
        return sorted(tx.index.list_orders(shop, principal))


def erase_subject(store, principal, **given):
    with store.transaction() as tx:
        return tx.person_eraser.erase_person(SHOP, principal, request_id="req_1", **given)


def read_rows(store, table):
    with store.engine.connect() as connection:
        return connection.execute(select(table)).all()


def test_orders_in_all_spellings_are_found_by_every_spelling(store):
    ingest(store, *(guest(1001 + at, spelling) for at, spelling in enumerate(SPELLINGS)))
    for spelling in SPELLINGS:
        assert len(find_orders(store, Principal(phone=spelling))) == len(SPELLINGS), spelling


def test_an_order_with_two_numbers_is_found_by_either(store):
    ingest(store, guest(1001, TWO_NUMBERS), guest(1001, TWO_NUMBERS))
    assert (
        find_orders(store, FARAH)
        == find_orders(store, SECOND)
        == find_orders(store, Principal(phone=TWO_NUMBERS))
        == ["1001"]
    )
    assert find_orders(store, Principal(phone="98666 66666")) == []
    assert find_orders(store, SECOND, OTHER_SHOP) == []


def test_an_order_with_two_addresses_is_found_by_either(store):
    ingest(store, guest(1001, email=TWO_ADDRESSES))
    assert find_orders(store, Principal(email="Farah <FARAH@example.in>")) == ["1001"]
    assert find_orders(store, Principal(email="farah@example.com.")) == ["1001"]


def test_two_people_on_one_of_the_numbers_are_not_told_apart(store):
    ingest(store, guest(1001, TWO_NUMBERS, "farah@example.com"), guest(1002, "9855555555", "bela@example.com"))
    assert find_orders(store, SECOND) == []
    assert find_orders(store, FARAH) == ["1001"]


def test_a_number_that_the_shop_took_out_finds_nothing_any_more(store):
    ingest(store, guest(1001, TWO_NUMBERS))
    ingest(store, guest(1001, "9844444441", at=NOW))
    assert (find_orders(store, FARAH), find_orders(store, SECOND)) == (["1001"], [])
    assert read_rows(store, contact_keys) == []


def test_an_older_delivery_changes_no_key(store):
    ingest(store, guest(1001, "9844444441", at=NOW))
    ingest(store, guest(1001, TWO_NUMBERS))
    assert find_orders(store, FARAH) == ["1001"]


@pytest.mark.parametrize("principal", [FARAH, SECOND, Principal(phone=TWO_NUMBERS)])
def test_an_erasure_by_either_number_leaves_no_key_and_suppresses_all_that_it_names(store, principal):
    ingest(store, guest(1001, TWO_NUMBERS))
    assert erase_subject(store, principal)["orders"] == 1
    assert read_rows(store, orders) == read_rows(store, contact_keys) == []
    late = guest(1002, principal.phone, at=NOW - timedelta(days=2))
    assert ingest(store, late) == 1
    assert ingest(store, guest(1001, TWO_NUMBERS)) == 1


def test_a_customer_with_two_addresses_is_erased_by_the_second(store):
    ingest(store, customer(email=TWO_ADDRESSES))
    assert erase_subject(store, Principal(email="farah@example.in"))["customers"] == 1
    assert read_rows(store, customers) == read_rows(store, contact_keys) == []


@pytest.mark.parametrize(
    "gone",
    [
        Sighting(kind=SightingKind.ORDER_DELETED, order_id="1001"),
        Sighting(kind=SightingKind.CUSTOMER_DELETED, customer_id="7001"),
    ],
)
def test_what_the_shop_deletes_leaves_no_key(store, gone):
    is_order = gone.kind is SightingKind.ORDER_DELETED
    ingest(store, guest(1001, TWO_NUMBERS) if is_order else customer(phone=TWO_NUMBERS))
    assert len(read_rows(store, contact_keys)) == 1
    ingest(store, gone)
    assert read_rows(store, contact_keys) == []


def test_what_expires_leaves_no_key(store):
    ingest(store, guest(1001, TWO_NUMBERS), guest(1002, TWO_NUMBERS, at=NOW))
    with store.transaction() as tx:
        assert tx.expiry.expire_records("parcel_index", NOW - timedelta(days=1), limit=10)
    assert len(read_rows(store, contact_keys)) == 1


def test_the_erasure_of_a_shop_takes_its_keys_only(store):
    for shop in (SHOP, OTHER_SHOP):
        ingest(store, guest(1001, TWO_NUMBERS), shop=shop)
    with store.transaction() as tx:
        tx.shop_eraser.erase_shop(SHOP, request_id="req_1")
    assert [row.shop for row in read_rows(store, contact_keys)] == [OTHER_SHOP]


# --- rows of earlier releases -------------------------------------------------------------------------------------


def store_as_before(store, vault, field, form):
    """Give the only order the key under which earlier releases stored this form."""
    key = vault._derive_pseudonym(SHOP, field, form)
    with store.transaction() as tx:
        tx.session.connection.execute(update(orders).values({f"{field}_key": key}))
    return key


@pytest.mark.parametrize("wanted", ["+91 91 98444 44441", "+919844444441", "9844444441.0"])
@pytest.mark.parametrize("former", ["+91919844444441", "+9198444444410"])
def test_a_row_under_a_former_form_is_found_and_gets_its_key_when_seen_again(store, vault, wanted, former):
    sighting = guest(1001, wanted)
    ingest(store, sighting)
    [row] = read_rows(store, orders)
    store_as_before(store, vault, "phone", former)
    assert find_orders(store, Principal(phone=wanted)) == ["1001"]
    ingest(store, sighting)
    assert read_rows(store, orders)[0].phone_key == row.phone_key


def test_a_former_address_is_found_erased_and_stays_suppressed(store, vault):
    written = "Farah K <farah@example.com>"
    [former] = list_former_forms("email", written)
    ingest(store, guest(1001, email=written))
    store_as_before(store, vault, "email", former)
    assert erase_subject(store, Principal(email=written))["orders"] == 1
    old_key = vault._derive_pseudonym(SHOP, "email", former)
    with store.transaction() as tx:
        by_email = suppressions.c.field == "email"
        tx.session.connection.execute(update(suppressions).where(by_email).values(key=old_key))
    assert ingest(store, guest(1002, email=written)) == 1


def test_a_row_that_cannot_be_read_matches_nobody(store):
    ingest(store, guest(1001, "call me"), replace(guest(1002), phone="98444"))
    assert find_orders(store, Principal(phone="call me")) == find_orders(store, Principal(phone="98444")) == []


@pytest.mark.parametrize(
    ("field", "values"),
    [("email", ["farah@example.com", "farah@example.in"]), ("phone", ["9844444441", "+91 98555 55555"])],
)
def test_a_request_with_several_values_of_a_field_finds_erases_and_suppresses_by_each(store, field, values):
    theirs = [guest(1001 + at, **{field: value}) for at, value in enumerate(values)]
    ingest(store, *theirs, guest(1005, "9866666666", "bela@example.com"))
    principal = build_principal({field: values})
    assert find_orders(store, principal) == ["1001", "1002"]
    assert erase_subject(store, principal)["orders"] == 2
    assert [find_orders(store, Principal(**{field: one})) for one in values] == [[], []]
    assert ingest(store, *theirs) == 2, "each is suppressed"
    assert find_orders(store, Principal(email="bela@example.com")) == ["1005"]
