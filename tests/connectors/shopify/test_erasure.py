"""Shopify's own erasure at the stand-in: requested, cancelled, refused, and observed when done."""

import pytest

from bridge.errors import ConnectorRefused, CredentialRejected
from bridge.model import Outcome, Principal
from bridge.sandbox.world import INVENTED_SHOP


@pytest.fixture
def bikram(stand_in):
    return stand_in.shops[INVENTED_SHOP].world.bikram


def test_a_requested_erasure_is_unconfirmed_until_shopify_reports_it(stand_in, shopify, bikram):
    principal = Principal(customer_id=str(bikram.id))
    asked = shopify.request_erasure(principal.customer_id, shop=INVENTED_SHOP)
    assert (asked.outcome, asked.reason) == (Outcome.UNCONFIRMED, "asked")
    assert shopify.read_erasure_state(principal, shop=INVENTED_SHOP).outcome is Outcome.UNCONFIRMED
    stand_in.shops[INVENTED_SHOP].redact_customer(bikram.id)
    assert shopify.read_erasure_state(principal, shop=INVENTED_SHOP).outcome is Outcome.ERASED


def test_a_customer_is_found_by_email_and_an_unknown_email_finds_nobody(shopify, bikram):
    assert shopify.find_customer(Principal(email=bikram.email.upper()), shop=INVENTED_SHOP) == str(bikram.id)
    assert shopify.find_customer(Principal(email="nobody@example.com"), shop=INVENTED_SHOP) == ""
    assert shopify.find_customer(Principal(phone=bikram.phone), shop=INVENTED_SHOP) == ""


def test_an_unknown_customer_is_absent(shopify):
    assert shopify.request_erasure("1", shop=INVENTED_SHOP).outcome is Outcome.ABSENT


def test_a_request_can_be_cancelled_once(shopify, bikram):
    shopify.request_erasure(str(bikram.id), shop=INVENTED_SHOP)
    assert shopify.cancel_erasure(str(bikram.id), shop=INVENTED_SHOP).reason == "cancelled"
    with pytest.raises(ConnectorRefused, match="NOT_BEING_ERASED"):
        shopify.cancel_erasure(str(bikram.id), shop=INVENTED_SHOP)


def test_a_missing_scope_is_named(stand_in, shopify, bikram):
    stand_in.faults.add("deny_scope", scope="write_customer_data_erasure")
    with pytest.raises(CredentialRejected, match="write_customer_data_erasure"):
        shopify.request_erasure(str(bikram.id), shop=INVENTED_SHOP)
