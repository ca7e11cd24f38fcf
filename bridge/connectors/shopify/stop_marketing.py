"""Reads which consents to marketing stand at Shopify, takes them back, and reads them again.

A customer that only a phone names is asked no more by text message; that phone's owner may not be the owner of the
e-mail address. https://shopify.dev/docs/api/admin-graphql/latest/mutations/customerEmailMarketingConsentUpdate and
customerSmsMarketingConsentUpdate
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bridge.connectors.shopify.api.answers import GraphQLReply
from bridge.connectors.shopify.api.client import ShopifyClient
from bridge.connectors.shopify.consents import CONSENTS_DENIED, list_consent_events
from bridge.connectors.shopify.customers import iterate_identifiers
from bridge.connectors.shopify.erasure import read_user_error
from bridge.connectors.shopify.gathering.session import build_gid
from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.model import CustomerConsents, Principal
from bridge.rules.consents.channels import PHONE_CHANNELS, list_consenting_channels
from bridge.rules.index.identity import normalise_identifier

UNSUBSCRIBED = "UNSUBSCRIBED"
DOCUMENT_BY_CHANNEL = {"email": "stop_email", "sms": "stop_sms"}
INPUT_BY_CHANNEL = {"email": "emailMarketingConsent", "sms": "smsMarketingConsent"}


def list_customer_consents(
    client: ShopifyClient, principal: Principal, channels: Collection[str], shop: str
) -> list[CustomerConsents]:
    """Return the consents on these channels of each customer that is the person. Raises as `run_document`."""
    found: dict[str, CustomerConsents] = {}
    for identifier, (field, _) in iterate_identifiers(principal):
        own_channels = PHONE_CHANNELS.intersection(channels) if field == "phone" else channels
        reply = _read_consents_of(client, identifier, shop) if own_channels else None
        if reply is None or not (customer := reply.data.get("customer") or {}):
            continue
        number = normalise_identifier("customer", str(customer["id"]))
        events = tuple(event for event in list_consent_events(customer) if event.channel in own_channels)
        missing = CONSENTS_DENIED if reply.denied or reply.failed else ""
        by_phone_only = field == "phone"  # numbers and addresses are asked for before
        consents = CustomerConsents(customer_id=number, events=events, missing=missing, is_by_phone_only=by_phone_only)
        found.setdefault(number, consents)
    return list(found.values())


def take_back_consents(client: ShopifyClient, customer_id: str, channels: Collection[str], shop: str) -> set[str]:
    """Take back a customer's consents on these channels. Return those that Shopify lets nobody change here and that stand.

    Raises ConnectorRefused where Shopify refuses, ConnectorUnavailable where a consent stands after it was taken back, else
    as `run_document`. Repeating is safe.
    """
    customer = build_gid("Customer", customer_id)
    for channel in sorted(DOCUMENT_BY_CHANNEL.keys() & channels):
        given = {"customerId": customer, INPUT_BY_CHANNEL[channel]: {"marketingState": UNSUBSCRIBED}}
        code = read_user_error(client.run_document(shop, DOCUMENT_BY_CHANNEL[channel], input=given))
        if code == "INTERNAL_ERROR":
            raise ConnectorUnavailable(f"shopify: {code}")
        if code:
            raise ConnectorRefused(f"shopify: {code}")
    after = _read_consents_of(client, {"id": customer}, shop)
    left = list_consenting_channels(list_consent_events((after.data.get("customer") if after else None) or {}))
    if DOCUMENT_BY_CHANNEL.keys() & left & set(channels):
        raise ConnectorUnavailable("shopify: a consent stands after it was taken back")
    return left & set(channels)


def _read_consents_of(client: ShopifyClient, identifier: Mapping[str, str], shop: str) -> GraphQLReply | None:
    """Return the answer with the consents; None where nobody can be found. Raises as `run_document`."""
    try:
        reply = client.run_document(shop, "consents", identifier=identifier)
    except ConnectorRefused:
        if "phoneNumber" in identifier:  # Shopify refuses an invalid phone number: it finds nobody
            return None
        raise
    return reply.require_access() if reply.data.get("customer") is None else reply
