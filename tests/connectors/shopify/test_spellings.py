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
