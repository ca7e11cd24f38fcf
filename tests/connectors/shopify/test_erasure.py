"""Shopify's own erasure at the stand-in: requested, cancelled, refused, and observed when done."""

from dataclasses import replace

import pytest

from bridge.connectors.shopify import Shopify
from bridge.connectors.shopify.api.versions import SUPPORTED_VERSIONS
from bridge.errors import ConnectorRefused, CredentialRejected
from bridge.model import ErasureState, Outcome, Principal
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET
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


# --- end states -----------------------------------------------------------------------------------------

REDACTED = {"marketingState": "REDACTED", "marketingOptInLevel": None}
NOTHING = {
    "firstName": None,
    "lastName": None,
    "defaultEmailAddress": None,
    "defaultPhoneNumber": None,
    "emailMarketingConsent": None,
    "smsMarketingConsent": None,
    "defaultAddress": None,
    "addressesV2": [],
}


def change(stand_in, bikram, values):
    stand_in.shops[INVENTED_SHOP].write_fields(f"gid://shopify/Customer/{bikram.id}", values)


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_redacted_consents_count_although_the_address_is_left(stand_in, bikram, version):
    """The state of an e-mail address is never REDACTED."""
    shopify = Shopify(api_version=version, base_url=stand_in.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    principal = Principal(customer_id=str(bikram.id))
    change(
        stand_in, bikram, {"emailMarketingConsent": REDACTED, "smsMarketingConsent": None, "defaultPhoneNumber": None}
    )
    state = shopify.read_erasure_state(principal, shop=INVENTED_SHOP)
    assert (state.outcome, state.reason) == (Outcome.ERASED, "redacted")


def test_nothing_left_is_reported_with_the_open_orders(stand_in, shopify, bikram):
    principal = Principal(customer_id=str(bikram.id))
    [open_orders] = [
        balance.count
        for balance in shopify.balances(principal.customer_id, shop=INVENTED_SHOP)
        if balance.code == "open_order"
    ]
    change(stand_in, bikram, NOTHING)
    state = shopify.read_erasure_state(principal, shop=INVENTED_SHOP)
    assert state == ErasureState(outcome=Outcome.UNCONFIRMED, reason="nothing_left", open_orders=open_orders)
    stand_in.faults.add("deny_scope", scope="read_orders")
    assert shopify.read_erasure_state(principal, shop=INVENTED_SHOP) == replace(state, open_orders=None)


@pytest.mark.parametrize("left", ["firstName", "lastName", "defaultEmailAddress", "defaultPhoneNumber", "addressesV2"])
def test_one_thing_that_is_left_keeps_the_question_open(stand_in, shopify, bikram, left):
    change(stand_in, bikram, {name: value for name, value in NOTHING.items() if name != left})
    state = shopify.read_erasure_state(Principal(customer_id=str(bikram.id)), shop=INVENTED_SHOP)
    assert (state.outcome, state.reason) == (Outcome.UNCONFIRMED, "readable")


@pytest.mark.parametrize("group", ["name", "email", "phone"])
def test_what_is_denied_is_not_what_is_gone(stand_in, shopify, bikram, group):
    change(stand_in, bikram, NOTHING)
    stand_in.faults.add("deny_field", group=group)
    state = shopify.read_erasure_state(Principal(customer_id=str(bikram.id)), shop=INVENTED_SHOP)
    assert state.reason in (("denied",) if group == "name" else ("denied", "nothing_left"))
    assert state.outcome is Outcome.UNCONFIRMED


def test_a_customer_who_is_gone_is_absent(stand_in, shopify, bikram):
    stand_in.shops[INVENTED_SHOP].forget_customer(bikram.id)
    state = shopify.read_erasure_state(Principal(customer_id=str(bikram.id)), shop=INVENTED_SHOP)
    assert (state.outcome, state.reason) == (Outcome.ABSENT, "unknown_to_shopify")
