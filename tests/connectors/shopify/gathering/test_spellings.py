"""A data subject is found at Shopify by every spelling of an e-mail address or a phone, and by each of several in a field."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.model import Principal
from bridge.sandbox.world import INVENTED_SHOP

INVENTED_ORDERS = 4
EMAILS = [
    "{}",
    " {} ",
    "<{}>",
    "Asha <{}>",
    "mailto:{}",
    "{}.",
    "\u200b{}",
    "nobody@example.com; {}",
    "{}, nobody@example.com",
]
PHONES = ["{}", "0091 {national}", "0{national}", "+91 91 {national}", "{national} (Asha)", "98555 55555 / {national}"]


def gathered_orders(shopify, principal):
    findings = [one for page in shopify.gather(principal, shop=INVENTED_SHOP) for one in page.findings]
    return {one.ref for one in findings if one.kind == "order"}


@pytest.mark.parametrize("change", [str, str.upper])
@pytest.mark.parametrize("spelling", EMAILS)
def test_an_email_address_in_any_spelling_finds_customer_and_orders(shopify, world, spelling, change):
    asha = world.asha
    wanted = gathered_orders(shopify, Principal(customer_id=str(asha.id), email=asha.email))
    assert len(wanted) == len(world.list_orders(asha)) > 1
    principal = Principal(email=change(spelling.format(asha.email)))
    assert gathered_orders(shopify, principal) == wanted
    assert shopify.find_customer(principal, shop=INVENTED_SHOP) == str(asha.id)
    shipped = {order["id"].rpartition("/")[2] for order in shopify.list_shipped_orders(principal, shop=INVENTED_SHOP)}
    assert shipped == {one.rpartition("/")[2] for one in wanted}


@pytest.mark.parametrize("spelling", PHONES)
def test_a_phone_in_any_spelling_finds_the_customer(shopify, world, spelling):
    asha = world.asha
    phone = spelling.format(asha.phone, national=asha.phone.removeprefix("+91"))
    found = gathered_orders(shopify, Principal(phone=phone))
    assert found == gathered_orders(shopify, Principal(phone=asha.phone)) != set()


@pytest.mark.parametrize("order", ["{other}, {email}", "{email}, {other}"])
def test_of_two_addresses_either_finds_the_customer_and_the_state_of_the_erasure(shopify, world, order):
    asha = world.asha
    both = Principal(email=order.format(email=asha.email, other="nobody.here@example.com"))
    assert gathered_orders(shopify, both) == gathered_orders(shopify, Principal(email=asha.email))
    state = shopify.read_erasure_state(both, shop=INVENTED_SHOP)
    assert state == shopify.read_erasure_state(Principal(email=asha.email), shop=INVENTED_SHOP)
    assert state.reason == "readable"


def list_records(shopify, principal):
    """Return the (kind, ref) of all findings, and the reasons of the gaps."""
    pages = list(shopify.gather(principal, shop=INVENTED_SHOP))
    records = [(one.kind, one.ref) for page in pages for one in page.findings]
    return records, [gap.reason for page in pages for gap in page.gaps], pages


def make_one_person(world):
    """Make both customers one person: the same name, and one phone on record for both."""
    for name in ("first", "last"):
        object.__setattr__(world.bikram, name, getattr(world.asha, name).upper())
    world.bikram.address["phone"] = world.asha.phone


@pytest.mark.parametrize("order", ["{one}, {other}", "{other}, {one}", "nobody@example.com, {one}, {other}"])
def test_all_customers_of_several_addresses_are_read(shopify, world, order):
    """Each customer that is the same person is read with all of its records, once."""
    make_one_person(world)
    alone = [list_records(shopify, Principal(email=person.email))[0] for person in (world.asha, world.bikram)]
    both = Principal(email=order.format(one=world.asha.email, other=world.bikram.email))
    records, reasons, pages = list_records(shopify, both)
    assert sorted(records) == sorted({*alone[0], *alone[1]}), "everything of both, and nothing twice"
    assert len([kind for kind, _ in records if kind == "customer"]) == 2
    found = {one.id for one in shopify.list_customers(both, shop=INVENTED_SHOP)}
    assert found == {str(world.asha.id), str(world.bikram.id)}
    assert not {"several_customers", "another_customer_or_unconfirmed"} & set(reasons)
    assert [one for page in pages for one in page.doubtful_orders] == []


@pytest.mark.parametrize("change", ["first", "phone"])
def test_a_customer_that_may_be_somebody_else_is_a_gap_and_in_doubt(shopify, world, change):
    """Another name, or no contact in common: nothing of that customer is read, not even guest orders by its address."""
    make_one_person(world)
    if change == "first":
        object.__setattr__(world.bikram, "first", "Bikram")
    else:
        world.bikram.address["phone"] = "+919000000099"
    alone = list_records(shopify, Principal(email=world.asha.email))[0]
    both = Principal(email=f"{world.asha.email}, {world.bikram.email}")
    records, reasons, pages = list_records(shopify, both)
    assert sorted(records) == sorted(alone)
    assert "several_customers" in reasons
    [doubt] = [one for page in pages for one in page.doubtful_customers]
    assert (doubt.id, doubt.found_by) == (str(world.bikram.id), (("email", world.bikram.email),))
    decided = replace(both, further_customer_ids=(str(world.bikram.id),))
    assert len([kind for kind, _ in list_records(shopify, decided)[0] if kind == "customer"]) == 2
    left_out = replace(both, foreign_customer_ids=(str(world.bikram.id),))
    records, reasons, pages = list_records(shopify, left_out)
    assert sorted(records) == sorted(alone)
    assert "several_customers" not in reasons
    assert [one for page in pages for one in page.doubtful_customers] == []


def test_a_phone_of_another_customer_is_in_doubt_too(shopify, world):
    shared = Principal(email=world.asha.email, phone=world.bikram.phone)
    records, reasons, pages = list_records(shopify, shared)
    assert "several_customers" in reasons
    assert [ref for kind, ref in records if kind == "customer"] == [f"gid://shopify/Customer/{world.asha.id}"]
    assert [one.id for page in pages for one in page.doubtful_customers] == [str(world.bikram.id)]


def test_a_gathering_of_several_customers_goes_on_after_any_page(shopify, world):
    make_one_person(world)
    both = Principal(email=f"{world.asha.email}, {world.bikram.email}")
    records, _, pages = list_records(shopify, both)
    for number, page in enumerate(pages):
        rest = [
            (one.kind, one.ref)
            for later in shopify.gather(both, shop=INVENTED_SHOP, cursor=page.cursor)
            for one in later.findings
        ]
        before = [(one.kind, one.ref) for earlier in pages[: number + 1] for one in earlier.findings]
        assert before + rest == records


def test_an_address_of_another_customer_beside_a_customer_number_is_a_gap(shopify, world):
    """The number names one customer; that the address is the same person's is not known."""
    mixed = Principal(customer_id=str(world.asha.id), email=world.bikram.email)
    records, reasons, _ = list_records(shopify, mixed)
    assert "several_customers" in reasons
    assert [ref for kind, ref in records if kind == "customer"] == [f"gid://shopify/Customer/{world.asha.id}"]
    agreeing = Principal(customer_id=str(world.asha.id), email=world.asha.email)
    assert "several_customers" not in list_records(shopify, agreeing)[1]
