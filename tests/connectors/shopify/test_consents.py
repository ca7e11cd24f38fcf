"""Consents are read at the stand-in in every version: each once, and nothing of a redacted one."""

from dataclasses import replace

import pytest

from bridge.connectors.shopify import Shopify
from bridge.connectors.shopify.api.versions import SUPPORTED_VERSIONS
from bridge.model import ConsentReading, Principal
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET
from bridge.sandbox.world import INVENTED_SHOP


@pytest.fixture
def customer(stand_in):
    return stand_in.shops[INVENTED_SHOP].world.bikram


@pytest.fixture(params=SUPPORTED_VERSIONS)
def shopify(request, stand_in):
    return Shopify(api_version=request.param, base_url=stand_in.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)


def test_each_consent_is_read_once_with_its_day_and_way(shopify, customer):
    reading = shopify.read_consents(Principal(customer_id=str(customer.id)), shop=INVENTED_SHOP)
    assert reading.missing == ""
    found = {(event.channel, event.state) for event in reading.events}
    assert {channel for channel, _ in found} >= {"email", "sms"}
    assert len({(event.channel, event.state, event.at) for event in reading.events}) == len(reading.events)
    for event in reading.events:
        assert event.purpose == "marketing"
        assert event.contact == (customer.email if event.channel == "email" else customer.phone)


def test_a_customer_is_found_by_each_address_and_nobody_has_none(shopify, customer):
    by_id = shopify.read_consents(Principal(customer_id=str(customer.id)), shop=INVENTED_SHOP)
    by_email = shopify.read_consents(Principal(email=customer.email.upper()), shop=INVENTED_SHOP)
    assert set(by_email.events) == set(by_id.events)
    for nobody in (Principal(email="nobody@example.com"), Principal(phone=customer.phone), Principal()):
        assert shopify.read_consents(nobody, shop=INVENTED_SHOP) == ConsentReading()


def test_a_redacted_consent_is_said_to_be_missing(stand_in, shopify, customer):
    stand_in.shops[INVENTED_SHOP].redact_customer(customer.id)
    reading = shopify.read_consents(Principal(customer_id=str(customer.id)), shop=INVENTED_SHOP)
    assert reading.missing == "consents_redacted"
    assert not [event for event in reading.events if event.state == "redacted"]


def test_what_a_scope_denies_is_said_to_be_missing(stand_in, shopify, customer):
    stand_in.faults.add("deny_scope", scope="read_customers")
    reading = shopify.read_consents(Principal(customer_id=str(customer.id)), shop=INVENTED_SHOP)
    assert replace(reading, events=()) == ConsentReading(missing="consents_denied")
