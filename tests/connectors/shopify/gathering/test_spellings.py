"""A data subject is found at Shopify by every spelling of an e-mail address or a phone, and by each of several in a field."""

from __future__ import annotations

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


def test_a_second_customer_of_the_addresses_is_named_as_missing(shopify, world):
    def list_reasons(email):
        return [gap.reason for page in shopify.gather(Principal(email=email), shop=INVENTED_SHOP) for gap in page.gaps]

    one, other = world.asha.email, world.bikram.email
    assert "several_customers" in list_reasons(f"{one}, {other}")
    assert "several_customers" not in list_reasons(f"{one}, nobody.here@example.com")
