"""Reads a customer's consents to marketing before Shopify erases them. Changes nothing.

Newer versions return one consent under two names: it counts once. A redacted one says nothing any more.
https://shopify.dev/docs/api/admin-graphql/latest/objects/CustomerSmsMarketingConsent
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.connectors.shopify.api.client import ShopifyClient
from bridge.connectors.shopify.erasure import REDACTED, build_customer_identifiers
from bridge.model import ConsentEvent, ConsentReading, Principal

MARKETING = "marketing"
CONSENTS_REDACTED, CONSENTS_DENIED = "consents_redacted", "consents_denied"
STATE_NAMES = ("state", "optInLevel", "updatedAt", "collectedFrom")
CONSENT_NAMES = ("marketingState", "marketingOptInLevel", "consentUpdatedAt", "consentCollectedFrom")
CONTACT_NAMES = ("marketingState", "marketingOptInLevel", "marketingUpdatedAt", "marketingCollectedFrom")


def read_consents(client: ShopifyClient, principal: Principal, shop: str) -> ConsentReading:
    """Return the consents of the customer, of each address' customer where no id is named. Raises as `run_document`."""
    events: dict[tuple[str, ...], ConsentEvent] = {}
    missing = ""
    for identifier in build_customer_identifiers(principal):
        reply = client.run_document(shop, "consents", identifier=identifier)
        if reply.denied or reply.failed:
            missing = CONSENTS_DENIED
        for event in list_consent_events(reply.data.get("customer") or {}):
            if event.state == REDACTED.lower():
                missing = missing or CONSENTS_REDACTED
            else:
                events.setdefault((event.contact, event.channel, event.state, event.at), event)
    return ConsentReading(events=tuple(events.values()), missing=missing)


def list_consent_events(customer: Mapping[str, Any]) -> Iterator[ConsentEvent]:
    """Yield the consents of a customer as Shopify returned it, one of which may come under two names."""
    email, phone = customer.get("defaultEmailAddress") or {}, customer.get("defaultPhoneNumber") or {}
    sources = (
        ("email", email, "emailAddress", customer.get("emailMarketingConsent"), CONSENT_NAMES),
        ("email", email, "emailAddress", email, CONTACT_NAMES),
        ("sms", phone, "phoneNumber", phone.get("smsMarketingConsent"), STATE_NAMES),
        ("sms", phone, "phoneNumber", customer.get("smsMarketingConsent"), CONSENT_NAMES),
        ("sms", phone, "phoneNumber", phone, CONTACT_NAMES),
        ("whatsapp", phone, "phoneNumber", phone.get("whatsAppMarketingConsent"), STATE_NAMES),
    )
    for channel, owner, contact, consent, names in sources:
        state, level, at, collected_from = (str((consent or {}).get(name) or "") for name in names)
        if state:
            yield ConsentEvent(
                purpose=MARKETING,
                channel=channel,
                state=state.lower(),
                at=at,
                level=level.lower(),
                collected_from=collected_from.lower(),
                contact=str(owner.get(contact) or ""),
            )
