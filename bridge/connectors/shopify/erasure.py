"""Requests, cancels and observes Shopify's own erasure of a customer. Never infers that an erasure is done.

The only documented sign is the marketing state REDACTED: "The customer's personal data is erased. This value
is internally-set and read-only." The state of an e-mail address has no such value; those of the consents have. That
nothing is left of a customer is reported as such, with the number of open orders.
https://shopify.dev/docs/api/admin-graphql/latest/enums/CustomerEmailMarketingState
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bridge.connectors.shopify.api.answers import GraphQLReply
from bridge.connectors.shopify.api.client import ShopifyClient
from bridge.connectors.shopify.gathering.flatten import list_nodes
from bridge.connectors.shopify.gathering.session import build_gid
from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.model import ErasureState, Outcome, Principal
from bridge.rules.erasure.platform_erasure import NOTHING_LEFT
from bridge.rules.index.identity import list_email_spellings, normalise_identifier

REDACTED = "REDACTED"
_ERROR_CODE_PATTERN = re.compile(r"[A-Z_]{2,40}")
# The fields whose `marketingState` can be REDACTED. That of `defaultEmailAddress` cannot, in no version.
CONSENT_FIELDS = ("emailMarketingConsent", "smsMarketingConsent", "defaultPhoneNumber")
PROFILE_FIELDS = ("firstName", "lastName", "defaultEmailAddress", "defaultPhoneNumber")


def read_erasure_state(
    client: ShopifyClient, principal: Principal, shop: str, *, count_open_orders: Callable[[str], int | None]
) -> ErasureState:
    """Return the state of Shopify's own erasure of the data subject. Raises as `run_document`.

    `count_open_orders` takes a customer number; it is called where nothing is left of the customer.
    """
    identifiers = build_customer_identifiers(principal)
    if not identifiers:
        return ErasureState(outcome=Outcome.UNCONFIRMED, reason="nothing_to_ask_by")
    for identifier in identifiers:
        reply = client.run_document(shop, "erasure_state", identifier=identifier)
        customer = reply.data.get("customer")
        if customer is not None or reply.denied:
            break
    denied = ErasureState(outcome=Outcome.UNCONFIRMED, reason="denied")
    if customer is None:
        return denied if reply.denied else ErasureState(outcome=Outcome.ABSENT, reason="unknown_to_shopify")
    if _is_redacted(customer, reply):
        return ErasureState(outcome=Outcome.ERASED, reason="redacted")
    if reply.denied:
        return denied
    if not _is_profile_empty(customer):
        return ErasureState(outcome=Outcome.UNCONFIRMED, reason="readable")
    open_orders = count_open_orders(normalise_identifier("customer", str(customer.get("id") or "")))
    return ErasureState(outcome=Outcome.UNCONFIRMED, reason=NOTHING_LEFT, open_orders=open_orders)


def build_customer_identifiers(principal: Principal) -> list[dict[str, str]]:
    """Return what Shopify finds the customer by: the number, else each spelling of each e-mail address."""
    if principal.customer_id:
        return [{"id": build_gid("Customer", principal.customer_id)}]
    return [{"emailAddress": email} for email in list_email_spellings(principal.email)] if principal.email else []


def _is_redacted(customer: Mapping[str, Any], reply: GraphQLReply) -> bool:
    """Return whether every consent that Shopify shows is REDACTED; a denied one could be another."""
    if any(len(one.path) <= 1 or one.path[1] in CONSENT_FIELDS for one in reply.denied):
        return False
    states = {_read_marketing_state(customer, field) for field in CONSENT_FIELDS} - {""}
    return (states or {_read_marketing_state(customer, "defaultEmailAddress")}) == {REDACTED}


def _read_marketing_state(customer: Mapping[str, Any], field: str) -> str:
    return str((customer.get(field) or {}).get("marketingState") or "")


def _is_profile_empty(customer: Mapping[str, Any]) -> bool:
    """Return whether Shopify holds no name, e-mail address, phone number and postal address of the customer."""
    values = [customer.get(field) for field in PROFILE_FIELDS]
    texts = [value.strip() if isinstance(value, str) else value for value in values]
    return not any(texts) and not list_nodes(customer.get("addressesV2"))


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
    return next(iterate_customer_numbers(client, principal.email, shop), "")


def iterate_customer_numbers(client: ShopifyClient, email: str, shop: str) -> Iterator[str]:
    """Yield Shopify's number of the customer of each spelling of each address in the field. Raises as `run_document`."""
    for spelling in list_email_spellings(email):
        reply = client.run_document(shop, "erasure_state", identifier={"emailAddress": spelling})
        number = normalise_identifier("customer", str((reply.data.get("customer") or {}).get("id") or ""))
        if number:
            yield number


def _run_erasure_mutation(client: ShopifyClient, name: str, customer_id: str, shop: str) -> str:
    """Return the code of the first user error; '' if there is none."""
    return read_user_error(client.run_document(shop, name, customer=build_gid("Customer", customer_id)))


def read_user_error(reply: GraphQLReply) -> str:
    """Return the code of the first user error of a mutation called `result`; '' if there is none.

    Raises CredentialRejected where the mutation was denied.
    """
    errors = (reply.require_access().data.get("result") or {}).get("userErrors") or []
    code = str(errors[0].get("code") or "REFUSED") if errors else ""
    return code if _ERROR_CODE_PATTERN.fullmatch(code) else "REFUSED" if code else ""
