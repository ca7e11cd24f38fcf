"""How far Shopify's own erasure of a customer has come. Asks once; never erases and never infers.

The one documented sign is the marketing state REDACTED: "The customer's personal data is erased. This value
is internally-set and read-only." The state of an e-mail address has no such value; that of the consent has.
https://shopify.dev/docs/api/admin-graphql/latest/enums/CustomerEmailMarketingState
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.errand import gid
from bridge.model import ErasureState, Outcome

if TYPE_CHECKING:
    from bridge.connectors.shopify.client import Client
    from bridge.model import Principal

REDACTED = "REDACTED"
CONTACTS = ("defaultEmailAddress", "defaultPhoneNumber", "emailMarketingConsent", "smsMarketingConsent")


def erasure_state(client: Client, who: Principal, shop: str) -> ErasureState:
    """Ask Shopify. Raises as `Client.ask`."""
    if who.customer_id:
        identifier = {"id": gid("Customer", who.customer_id)}
    elif who.email:
        identifier = {"emailAddress": who.email.strip()}
    else:
        return ErasureState(outcome=Outcome.UNCONFIRMED, reason="nothing_to_ask_by")
    reply = client.ask(shop, "erasure_state", identifier=identifier)
    customer = reply.data.get("customer")
    if reply.denied:
        return ErasureState(outcome=Outcome.UNCONFIRMED, reason="denied")
    if customer is None:
        return ErasureState(outcome=Outcome.ABSENT, reason="unknown_to_shopify")
    states = {_state(customer, place) for place in CONTACTS} - {""}
    if states == {REDACTED}:
        return ErasureState(outcome=Outcome.ERASED, reason="redacted")
    return ErasureState(outcome=Outcome.UNCONFIRMED, reason="readable" if states else "no_contact_to_tell_by")


def _state(customer: dict[str, Any], contact: str) -> str:
    return str((customer.get(contact) or {}).get("marketingState") or "")
