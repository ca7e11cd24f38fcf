"""Requirement P-16: consents are taken back at the stand-in, which answers as Shopify does, and are read back."""

import pytest

from bridge.connectors.shopify import Shopify
from bridge.connectors.shopify.api.versions import SUPPORTED_VERSIONS
from bridge.errors import ConnectorRefused, ConnectorUnavailable, CredentialRejected
from bridge.model import Principal
from bridge.rules.consents.channels import ALL_CHANNELS, list_consenting_channels
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET
from bridge.sandbox.world import INVENTED_SHOP

CHANNELS = ("email", "sms")


@pytest.fixture(params=SUPPORTED_VERSIONS)
def shopify(request, stand_in):
    """A connector of each version."""
    return Shopify(api_version=request.param, base_url=stand_in.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)


@pytest.fixture
def newest(stand_in):
    """A connector of the newest version."""
    version = SUPPORTED_VERSIONS[-1]
    return Shopify(api_version=version, base_url=stand_in.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)


@pytest.fixture
def buyer(stand_in):
    """A customer who agreed to e-mail and text messages."""
    bikram = stand_in.shops[INVENTED_SHOP].world.bikram
    subscribe(stand_in, bikram)
    return bikram


def subscribe(stand_in, person, state="SUBSCRIBED"):
    shop = stand_in.shops[INVENTED_SHOP]
    given = {
        "marketingState": state,
        "marketingOptInLevel": "SINGLE_OPT_IN",
        "consentUpdatedAt": "2026-01-02T03:04:05Z",
    }
    modern = {"state": state, "optInLevel": "SINGLE_OPT_IN", "updatedAt": "2026-01-02T03:04:05Z", "collectedFrom": None}
    never = {"state": "NEVER_SUBSCRIBED", "optInLevel": None, "updatedAt": None, "collectedFrom": None}
    at = {"marketingOptInLevel": None, "marketingUpdatedAt": None, "marketingState": state}
    phone = {"phoneNumber": person.phone, "marketingCollectedFrom": None, "smsMarketingConsent": modern} | at
    email = {"emailAddress": person.email, "openTrackingLevel": "UNKNOWN", "validFormat": True} | at
    shop.write_fields(
        f"gid://shopify/Customer/{person.id}",
        {
            "emailMarketingConsent": given,
            "smsMarketingConsent": given,
            "defaultEmailAddress": email,
            "defaultPhoneNumber": phone | {"whatsAppMarketingConsent": never},
        },
    )


def list_consents(shopify, principal):
    found = shopify.list_customer_consents(principal, ALL_CHANNELS, shop=INVENTED_SHOP)
    return {one.customer_id: list_consenting_channels(one.events) for one in found}


@pytest.mark.parametrize("by", ["customer_id", "email"])
def test_consents_are_taken_back_on_each_channel_and_read_back(shopify, buyer, by):
    principal = Principal(**{by: str(buyer.id) if by == "customer_id" else buyer.email.upper()})
    assert list_consents(shopify, principal) == {str(buyer.id): set(CHANNELS)}
    for _ in range(2):  # twice is once
        assert shopify.take_back_consents(str(buyer.id), CHANNELS, shop=INVENTED_SHOP) == set()
        assert list_consents(shopify, principal) == {str(buyer.id): set()}


def test_one_channel_leaves_the_other(shopify, buyer):
    assert shopify.take_back_consents(str(buyer.id), ["sms"], shop=INVENTED_SHOP) == set()
    assert list_consents(shopify, Principal(customer_id=str(buyer.id))) == {str(buyer.id): {"email"}}


def test_who_is_found_by_a_phone_is_asked_no_more_by_text_and_keeps_the_rest(newest, buyer):
    [found] = newest.list_customer_consents(Principal(phone=buyer.phone), ALL_CHANNELS, shop=INVENTED_SHOP)
    assert {event.channel for event in found.events} == {"sms", "whatsapp"}
    assert found.is_by_phone_only
    [by_both] = newest.list_customer_consents(
        Principal(email=buyer.email, phone=buyer.phone), ALL_CHANNELS, shop=INVENTED_SHOP
    )
    assert not by_both.is_by_phone_only
    assert newest.list_customer_consents(Principal(phone=buyer.phone), ["email"], shop=INVENTED_SHOP) == []


@pytest.mark.parametrize("nobody", [Principal(), Principal(email="nobody@example.com"), Principal(customer_id="1")])
def test_a_stranger_has_no_consent(newest, nobody):
    assert newest.list_customer_consents(nobody, ALL_CHANNELS, shop=INVENTED_SHOP) == []


def test_a_consent_to_whatsapp_is_said_to_stand(newest, stand_in, buyer):
    """Not every version has a mutation for it: a person takes it back at Shopify."""
    shop, number = stand_in.shops[INVENTED_SHOP], f"gid://shopify/Customer/{buyer.id}"
    phone = shop.written_fields[number]["defaultPhoneNumber"]
    agreed = phone["whatsAppMarketingConsent"] | {"state": "SUBSCRIBED"}
    shop.write_fields(number, {"defaultPhoneNumber": phone | {"whatsAppMarketingConsent": agreed}})
    assert newest.take_back_consents(str(buyer.id), ALL_CHANNELS, shop=INVENTED_SHOP) == {"whatsapp"}


def test_a_missing_scope_is_named_and_nothing_is_said_to_be_done(newest, stand_in, buyer):
    stand_in.faults.add("deny_scope", scope="write_customers")
    with pytest.raises(CredentialRejected, match="write_customers"):
        newest.take_back_consents(str(buyer.id), CHANNELS, shop=INVENTED_SHOP)


def test_what_shopify_refuses_is_an_error_with_its_code(newest, stand_in):
    asha = stand_in.shops[INVENTED_SHOP].world.asha
    stand_in.shops[INVENTED_SHOP].write_fields(f"gid://shopify/Customer/{asha.id}", {"defaultPhoneNumber": None})
    with pytest.raises(ConnectorRefused, match="INVALID"):
        newest.take_back_consents(str(asha.id), ["sms"], shop=INVENTED_SHOP)
    with pytest.raises(ConnectorRefused, match="INVALID"):
        newest.take_back_consents("1", ["email"], shop=INVENTED_SHOP)


def test_a_consent_that_stands_after_it_was_taken_back_is_no_success(newest, stand_in, buyer, monkeypatch):
    shop = stand_in.shops[INVENTED_SHOP]
    monkeypatch.setattr(shop, "write_fields", lambda *_: None)  # Shopify says yes and changes nothing
    with pytest.raises(ConnectorUnavailable, match="stands"):
        newest.take_back_consents(str(buyer.id), ["email"], shop=INVENTED_SHOP)
