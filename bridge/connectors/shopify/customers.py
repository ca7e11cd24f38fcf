"""Reads the customers that a request's identifiers lead to, with what tells whether they are one person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.connectors.shopify.api.client import ShopifyClient
from bridge.connectors.shopify.gathering.flatten import list_nodes
from bridge.connectors.shopify.gathering.session import build_gid
from bridge.errors import ConnectorRefused, CredentialRejected
from bridge.model import Contact, PlatformCustomer, Principal
from bridge.rules.index.identity import list_email_spellings, list_normal_forms, normalise_identifier
from bridge.rules.requests.same_person import list_contacts


def read_customers(client: ShopifyClient, principal: Principal, shop: str) -> list[PlatformCustomer]:
    """Return each customer once, in the order of the request's identifiers. Raises as `run_document`.

    A customer whose name or contacts Shopify hides is one that cannot be compared.
    """
    found: dict[str, PlatformCustomer] = {}
    for identifier, contact in iterate_identifiers(principal):
        customer = _look_up_customer(client, shop, identifier, is_phone=contact[0] == "phone")
        if customer is None:
            continue
        known = found.get(customer.id, customer)
        by = (*known.found_by, *([contact] if contact[1] else []))
        found[customer.id] = PlatformCustomer(
            id=known.id, name=known.name, contacts=known.contacts, found_by=tuple(dict.fromkeys(by))
        )
    return list(found.values())


def iterate_identifiers(principal: Principal) -> Iterator[tuple[dict[str, str], Contact]]:
    """Yield what Shopify is asked by, and the contact of the request that it is a spelling of."""
    for number in principal.customer_ids:
        yield {"id": build_gid("Customer", number)}, ("", "")
    contacts = list_contacts(principal)
    spelled = {
        spelling: form
        for spelling in list_email_spellings(principal.email)
        for form in list_normal_forms("email", spelling)[:1]
    }
    for spelling, form in spelled.items():
        yield {"emailAddress": spelling}, ("email", form)
    for field, form in contacts:
        if field == "phone":
            yield {"phoneNumber": form}, (field, form)


def _look_up_customer(
    client: ShopifyClient, shop: str, identifier: Mapping[str, str], *, is_phone: bool
) -> PlatformCustomer | None:
    try:
        reply = client.run_document(shop, "customer_identity", identifier=identifier)
    except ConnectorRefused:
        if is_phone:  # Shopify refuses an invalid phone number: it finds nobody
            return None
        raise
    node = reply.data.get("customer") or {}
    number = normalise_identifier("customer", str(node.get("id") or ""))
    if not number:
        if any(len(one.path) <= 1 for one in reply.denied):
            raise CredentialRejected("shopify: not allowed (customer)")
        return None
    name = " ".join(filter(None, (node.get("firstName"), node.get("lastName"))))
    return PlatformCustomer(id=number, name=name, contacts=tuple(dict.fromkeys(_iterate_contacts(node))))


def _iterate_contacts(node: Mapping[str, Any]) -> Iterator[Contact]:
    values: list[tuple[str, Any]] = [
        ("email", (node.get("defaultEmailAddress") or {}).get("emailAddress")),
        ("phone", (node.get("defaultPhoneNumber") or {}).get("phoneNumber")),
    ]
    values += [("phone", address.get("phone")) for address in list_nodes(node.get("addressesV2"))]
    for order in list_nodes(node.get("orders")):
        values += [("email", order.get("email")), ("phone", order.get("phone"))]
    for field, value in values:
        yield from ((field, form) for form in list_normal_forms(field, str(value or "")))
