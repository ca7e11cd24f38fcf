"""Requests, cancels and observes Shopify's own erasure of a customer. Never infers that an erasure is done.

The only documented sign is the marketing state REDACTED: "The customer's personal data is erased. This value
is internally-set and read-only." The state of an e-mail address has no such value; that of the consent has.
https://shopify.dev/docs/api/admin-graphql/latest/enums/CustomerEmailMarketingState
"""

from __future__ import annotations

import re
from typing import Any

from bridge.connectors.shopify.api.client import ShopifyClient
from bridge.connectors.shopify.gathering.session import build_gid
from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.model import ErasureState, Outcome, Principal
from bridge.rules.index.identity import normalise_identifier

REDACTED = "REDACTED"
_ERROR_CODE_PATTERN = re.compile(r"[A-Z_]{2,40}")
CONTACT_FIELDS = ("defaultEmailAddress", "defaultPhoneNumber", "emailMarketingConsent", "smsMarketingConsent")


def read_erasure_state(client: ShopifyClient, principal: Principal, shop: str) -> ErasureState:
    """Return the state of Shopify's own erasure of the data subject. Raises as `run_document`."""
    if principal.customer_id:
        identifier = {"id": build_gid("Customer", principal.customer_id)}
    elif principal.email:
        identifier = {"emailAddress": principal.email.strip()}
    else:
        return ErasureState(outcome=Outcome.UNCONFIRMED, reason="nothing_to_ask_by")
    reply = client.run_document(shop, "erasure_state", identifier=identifier)
    customer = reply.data.get("customer")
    if reply.denied:
        return ErasureState(outcome=Outcome.UNCONFIRMED, reason="denied")
    if customer is None:
        return ErasureState(outcome=Outcome.ABSENT, reason="unknown_to_shopify")
    states = {_read_marketing_state(customer, contact) for contact in CONTACT_FIELDS} - {""}
    if states == {REDACTED}:
        return ErasureState(outcome=Outcome.ERASED, reason="redacted")
    return ErasureState(outcome=Outcome.UNCONFIRMED, reason="readable" if states else "no_contact_to_tell_by")


def _read_marketing_state(customer: dict[str, Any], contact: str) -> str:
    return str((customer.get(contact) or {}).get("marketingState") or "")


def request_erasure(client: ShopifyClient, customer_id: str, shop: str) -> ErasureState:
    """Ask Shopify to erase this customer. Shopify answers at once and erases later, so the outcome is UNCONFIRMED.

    Raises ConnectorUnavailable for any other user error than an unknown customer, else as `run_document`.
    https://shopify.dev/docs/api/admin-graphql/latest/mutations/customerRequestDataErasure
    """
    code = _run_erasure_mutation(client, "erasure_request", customer_id, shop)
    if code == "DOES_NOT_EXIST":
        return ErasureState(outcome=Outcome.ABSENT, reason="unknown_to_shopify")
    if code:
        raise ConnectorUnavailable(f"shopify: {code}")
    return ErasureState(outcome=Outcome.UNCONFIRMED, reason="asked")


def cancel_erasure(client: ShopifyClient, customer_id: str, shop: str) -> ErasureState:
    """Cancel our request while Shopify still waits. Raises ConnectorRefused if it is too late, else as `run_document`.

    https://shopify.dev/docs/api/admin-graphql/latest/mutations/customerCancelDataErasure
    """
    code = _run_erasure_mutation(client, "erasure_cancel", customer_id, shop)
    if code:
        raise ConnectorRefused(f"shopify: {code}")
    return ErasureState(outcome=Outcome.RETAINED, reason="cancelled")


def find_customer_number(client: ShopifyClient, principal: Principal, shop: str) -> str:
    """Return Shopify's number of the customer: as named, else by e-mail; '' if unknown. Raises as `run_document`."""
    if principal.customer_id or not principal.email:
        return principal.customer_id
    reply = client.run_document(shop, "erasure_state", identifier={"emailAddress": principal.email.strip()})
    return normalise_identifier("customer", str((reply.data.get("customer") or {}).get("id") or ""))


def _run_erasure_mutation(client: ShopifyClient, name: str, customer_id: str, shop: str) -> str:
    """Return the code of the first user error; '' if there is none."""
    reply = client.run_document(shop, name, customer=build_gid("Customer", customer_id))
    errors = (reply.require_access().data.get("result") or {}).get("userErrors") or []
    code = str(errors[0].get("code") or "REFUSED") if errors else ""
    return code if _ERROR_CODE_PATTERN.fullmatch(code) else "REFUSED" if code else ""
