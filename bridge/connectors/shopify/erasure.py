"""Shopify's own erasure of a customer: asking for it, taking that back, and how far it has come. Never infers.

The one documented sign is the marketing state REDACTED: "The customer's personal data is erased. This value
is internally-set and read-only." The state of an e-mail address has no such value; that of the consent has.
https://shopify.dev/docs/api/admin-graphql/latest/enums/CustomerEmailMarketingState
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bridge.connectors.shopify.gathering.session import gid
from bridge.errors import ConnectorRefused, ConnectorUnavailable, CredentialRejected
from bridge.model import ErasureState, Outcome
from bridge.rules.index.identity import normal

if TYPE_CHECKING:
    from bridge.connectors.shopify.api.client import Client
    from bridge.model import Principal

REDACTED = "REDACTED"
_WORD = re.compile(r"[A-Z_]{2,40}")
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


def request_erasure(client: Client, customer_id: str, shop: str) -> ErasureState:
    """Ask Shopify to erase this customer. It answers at once and erases later: asked is not erased.

    https://shopify.dev/docs/api/admin-graphql/latest/mutations/customerRequestDataErasure. Raises as `Client.ask`.
    """
    code = _change(client, "erasure_request", customer_id, shop)
    if code == "DOES_NOT_EXIST":
        return ErasureState(outcome=Outcome.ABSENT, reason="unknown_to_shopify")
    if code:
        raise ConnectorUnavailable(f"shopify: {code}")
    return ErasureState(outcome=Outcome.UNCONFIRMED, reason="asked")


def cancel_erasure(client: Client, customer_id: str, shop: str) -> ErasureState:
    """Take our request back while Shopify still waits. Raises as `Client.ask`, ConnectorRefused where it is too late.

    https://shopify.dev/docs/api/admin-graphql/latest/mutations/customerCancelDataErasure.
    """
    code = _change(client, "erasure_cancel", customer_id, shop)
    if code:
        raise ConnectorRefused(f"shopify: {code}")
    return ErasureState(outcome=Outcome.RETAINED, reason="cancelled")


def find_customer(client: Client, who: Principal, shop: str) -> str:
    """Shopify's number of the customer: as named, else by e-mail; '' for nobody. Raises as `Client.ask`."""
    if who.customer_id or not who.email:
        return who.customer_id
    reply = client.ask(shop, "erasure_state", identifier={"emailAddress": who.email.strip()})
    return normal("customer", str((reply.data.get("customer") or {}).get("id") or ""))


def _change(client: Client, name: str, customer_id: str, shop: str) -> str:
    """The code of the first user error; '' where there is none."""
    reply = client.ask(shop, name, customer=gid("Customer", customer_id))
    if reply.denied:
        raise CredentialRejected(f"shopify: not allowed ({reply.denied[0].reason})")
    errors = (reply.data.get("asked") or {}).get("userErrors") or []
    code = str(errors[0].get("code") or "REFUSED") if errors else ""
    return code if _WORD.fullmatch(code) else "REFUSED" if code else ""
