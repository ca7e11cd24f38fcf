"""Every combination of what Shopify can show of a customer, at the stand-in: what counts as erased, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.connectors.shopify import Shopify
from bridge.connectors.shopify.api.versions import SUPPORTED_VERSIONS
from bridge.model import ConsentReading, Outcome, Principal
from bridge.sandbox.schema import VERSIONS, load_schema
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET
from bridge.sandbox.world import INVENTED_SHOP
from tests.kit.suite.examples import count_examples


@pytest.mark.parametrize("version", VERSIONS)
def test_a_consent_can_be_redacted_and_an_email_address_cannot(version):
    """If a later version has the value, the rule is to be looked at again."""
    types = load_schema(version).type_map
    assert "REDACTED" not in types["CustomerEmailAddressMarketingState"].values
    assert "REDACTED" in types["CustomerEmailMarketingState"].values
    assert "REDACTED" in types["CustomerSmsMarketingState"].values


def consents(*states):
    return st.none() | st.sampled_from(states).map(lambda state: {"marketingState": state, "marketingOptInLevel": None})


ADDRESS_STATES = ("INVALID", "NOT_SUBSCRIBED", "PENDING", "SUBSCRIBED", "UNSUBSCRIBED")
EMAIL = st.none() | st.sampled_from(ADDRESS_STATES).map(
    lambda state: {"emailAddress": "someone@example.com", "marketingState": state}
)
PHONE = st.none() | st.sampled_from(("NOT_SUBSCRIBED", "SUBSCRIBED", "REDACTED")).map(
    lambda state: {"phoneNumber": "+919000000009", "marketingState": state}
)
CUSTOMERS = st.fixed_dictionaries(
    {
        "firstName": st.sampled_from([None, "", " ", "Asha"]),
        "lastName": st.sampled_from([None, "Qwertzuiop"]),
        "defaultEmailAddress": EMAIL,
        "defaultPhoneNumber": PHONE,
        "emailMarketingConsent": consents("REDACTED", "SUBSCRIBED", "NOT_SUBSCRIBED"),
        "smsMarketingConsent": consents("REDACTED", "PENDING"),
        "addressesV2": st.sampled_from(
            [[], [{"__typename": "MailingAddress", "id": "gid://shopify/MailingAddress/1"}]]
        ),
    }
)
CONSENTS = ("emailMarketingConsent", "smsMarketingConsent", "defaultPhoneNumber")


@settings(max_examples=count_examples(50), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(customer=CUSTOMERS)
def test_what_shopify_shows_decides(invented_shop, shopify, customer):
    bikram = invented_shop.world.bikram
    invented_shop.reset()
    invented_shop.write_fields(f"gid://shopify/Customer/{bikram.id}", customer)
    state = shopify.read_erasure_state(Principal(customer_id=str(bikram.id)), shop=INVENTED_SHOP)
    shown = {customer[name]["marketingState"] for name in CONSENTS if customer[name]}
    profile = ("firstName", "lastName", "defaultEmailAddress", "defaultPhoneNumber", "addressesV2")
    is_empty = not any(value.strip() if isinstance(value, str) else value for value in map(customer.get, profile))
    if shown == {"REDACTED"}:
        assert (state.outcome, state.reason) == (Outcome.ERASED, "redacted")
    elif is_empty:
        assert (state.outcome, state.reason) == (Outcome.UNCONFIRMED, "nothing_left")
        assert state.open_orders is not None
    else:
        assert (state.outcome, state.reason) == (Outcome.UNCONFIRMED, "readable")


@pytest.fixture
def buyer(stand_in):
    return stand_in.shops[INVENTED_SHOP].world.bikram


@pytest.fixture(params=SUPPORTED_VERSIONS)
def shopify_of_version(request, stand_in):
    return Shopify(api_version=request.param, base_url=stand_in.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)


def test_each_consent_is_read_once_with_its_day_and_way(shopify_of_version, buyer):
    reading = shopify_of_version.read_consents(Principal(customer_id=str(buyer.id)), shop=INVENTED_SHOP)
    assert reading.missing == ""
    found = {(event.channel, event.state) for event in reading.events}
    assert {channel for channel, _ in found} >= {"email", "sms"}
    assert len({(event.channel, event.state, event.at) for event in reading.events}) == len(reading.events)
    for event in reading.events:
        assert event.purpose == "marketing"
        assert event.contact == (buyer.email if event.channel == "email" else buyer.phone)


def test_a_customer_is_found_by_each_address_and_nobody_has_none(shopify_of_version, buyer):
    by_id = shopify_of_version.read_consents(Principal(customer_id=str(buyer.id)), shop=INVENTED_SHOP)
    by_email = shopify_of_version.read_consents(Principal(email=buyer.email.upper()), shop=INVENTED_SHOP)
    assert set(by_email.events) == set(by_id.events)
    for nobody in (Principal(email="nobody@example.com"), Principal(phone=buyer.phone), Principal()):
        assert shopify_of_version.read_consents(nobody, shop=INVENTED_SHOP) == ConsentReading()


def test_a_redacted_consent_is_said_to_be_missing(stand_in, shopify_of_version, buyer):
    stand_in.shops[INVENTED_SHOP].redact_customer(buyer.id)
    reading = shopify_of_version.read_consents(Principal(customer_id=str(buyer.id)), shop=INVENTED_SHOP)
    assert reading.missing == "consents_redacted"
    assert not [event for event in reading.events if event.state == "redacted"]


def test_what_a_scope_denies_is_said_to_be_missing(stand_in, shopify_of_version, buyer):
    stand_in.faults.add("deny_scope", scope="read_customers")
    reading = shopify_of_version.read_consents(Principal(customer_id=str(buyer.id)), shop=INVENTED_SHOP)
    assert replace(reading, events=()) == ConsentReading(missing="consents_denied")
