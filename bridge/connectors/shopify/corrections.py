"""Reads what can be corrected of a customer and of the orders on their way, and writes corrections.

A value that Shopify refuses is a code, never its message: that may quote the value. Reads nothing back: the caller does.
https://shopify.dev/docs/api/admin-graphql/latest/mutations/customerUpdate, customerAddressUpdate and orderUpdate
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.connectors.shopify.api.client import ShopifyClient
from bridge.connectors.shopify.gathering.flatten import list_nodes
from bridge.connectors.shopify.gathering.paging import iterate_list
from bridge.connectors.shopify.gathering.session import build_gid
from bridge.connectors.shopify.residue import find_block_reason
from bridge.model import CorrectableOrder, CorrectableRecord
from bridge.rules.index.identity import normalise_identifier
from bridge.rules.requests.rights.corrections import format_address_text, parse_address_text

REASONS_ON_THE_WAY = ("order_open", "parcel_not_delivered")
CUSTOMER_NAMES = {"first_name": "firstName", "last_name": "lastName", "email": "email", "phone": "phone"}
# fields that stand in an address beside the postal ones
ADDRESS_NAMES = {"first_name": "firstName", "last_name": "lastName", "phone": "phone"}
POSTAL_NAMES = ("address1", "address2", "city", "province", "zip")
COUNTRY_CODE_CHARS = 2
# in Shopify's messages, which are English whatever the shop's language
CODES_BY_WORD = {"taken": "taken", "invalid": "invalid"}


def read_correctable_record(client: ShopifyClient, customer_id: str, shop: str) -> CorrectableRecord | None:
    """Return the customer as it is now, with its orders on their way; None if unknown. Raises as `run_document`."""
    reply = client.run_document(shop, "correctable_customer", customer=build_gid("Customer", customer_id))
    customer = reply.require_access().data.get("customer")
    if customer is None:
        return None
    address = customer.get("defaultAddress") or {}
    values = {
        "first_name": customer.get("firstName"),
        "last_name": customer.get("lastName"),
        "email": (customer.get("defaultEmailAddress") or {}).get("emailAddress"),
        "phone": (customer.get("defaultPhoneNumber") or {}).get("phoneNumber"),
        "address": format_address_text(_read_postal_parts(address)),
    }
    return CorrectableRecord(
        values={field: value for field, value in values.items() if value},
        address_id=str(address.get("id") or ""),
        parts=_read_address_parts(address),
        orders=tuple(_iterate_orders(client, customer_id, shop)),
    )


def _iterate_orders(client: ShopifyClient, customer_id: str, shop: str) -> Iterator[CorrectableOrder]:
    def fetch_page(after: str | None) -> Any:
        customer = build_gid("Customer", customer_id)
        reply = client.run_document(shop, "correctable_orders", customer=customer, after=after)
        return (reply.require_access().data.get("customer") or {}).get("orders")

    for page in iterate_list(fetch_page):
        for order in list_nodes(page):
            if not order.get("cancelledAt") and find_block_reason(order) in REASONS_ON_THE_WAY:
                address = order.get("shippingAddress") or {}
                values = {
                    "first_name": address.get("firstName"),
                    "last_name": address.get("lastName"),
                    "email": order.get("email"),
                    "phone": address.get("phone") or order.get("phone"),
                    "address": format_address_text(_read_postal_parts(address)),
                }
                yield CorrectableOrder(
                    id=normalise_identifier("order", str(order["id"])),
                    values={field: value for field, value in values.items() if value},
                    parts=_read_address_parts(address),
                )


def _read_postal_parts(address: Mapping[str, Any]) -> dict[str, str]:
    parts = {name: str(address.get(name) or "") for name in POSTAL_NAMES}
    return parts | {"country": str(address.get("countryCodeV2") or address.get("country") or "")}


def _read_address_parts(address: Mapping[str, Any]) -> dict[str, str]:
    """Return an address as Shopify takes it; its country by code, since names differ by language."""
    names = (*ADDRESS_NAMES.values(), "company", *POSTAL_NAMES)
    parts = {name: str(address[name]) for name in names if address.get(name)}
    code = address.get("countryCodeV2")
    return parts | ({"countryCode": str(code)} if code else {})


def _build_address(values: Mapping[str, str]) -> dict[str, str]:
    """Return the parts of an address that these values change; `address2` is emptied where the new address has none."""
    changed = {ADDRESS_NAMES[field]: value for field, value in values.items() if field in ADDRESS_NAMES}
    postal = parse_address_text(values.get("address", ""))
    if postal is None:
        return changed
    country = postal.pop("country", "")
    if country:
        postal["countryCode" if len(country) == COUNTRY_CODE_CHARS else "country"] = country
    return {**changed, "address2": "", **postal}


def correct_customer(
    client: ShopifyClient, customer_id: str, record: CorrectableRecord, values: Mapping[str, str], shop: str
) -> dict[str, str]:
    """Write each value by itself, so that one that is refused holds up no other. Return the code of each refusal by field.

    The default address gets a new name or phone where it has the former one. Raises as `run_document`.
    """
    refused: dict[str, str] = {}
    for field in [field for field in CUSTOMER_NAMES if field in values]:
        change = {"id": build_gid("Customer", customer_id), CUSTOMER_NAMES[field]: values[field]}
        if code := _run_correction(client, shop, "customer_correct", input=change):
            refused[field] = code
    of_address = {
        field: value
        for field, value in values.items()
        if field == "address"
        or (field in ADDRESS_NAMES and record.parts.get(ADDRESS_NAMES[field]) == record.values.get(field, ""))
    }
    accepted = {field: value for field, value in of_address.items() if field not in refused}
    if address := _build_address(accepted):
        customer = build_gid("Customer", customer_id)
        if record.address_id:
            known = {"customer": customer, "addressId": record.address_id}
            code = _run_correction(client, shop, "customer_address_correct", address=address, **known)
        else:
            code = _run_correction(client, shop, "customer_address_add", address=address, customer=customer)
        if code and "address" in accepted:
            refused["address"] = code
    return refused


def correct_order(client: ShopifyClient, order: CorrectableOrder, values: Mapping[str, str], shop: str) -> str:
    """Write these values to an order on its way. Return the code of a refusal, '' for none. Raises as `run_document`."""
    change: dict[str, Any] = {"id": build_gid("Order", order.id)}
    change |= {name: values[name] for name in ("email", "phone") if name in values}
    if address := _build_address(values):
        known = dict(order.parts)
        if "country" in address:
            known.pop("countryCode", None)
        change["shippingAddress"] = known | address
    return _run_correction(client, shop, "order_correct", input=change)


def _run_correction(client: ShopifyClient, shop: str, name: str, **variables: Any) -> str:
    """Return the code of the first user error; '' if there is none."""
    reply = client.run_document(shop, name, **variables).require_access()
    errors = (reply.data.get("result") or {}).get("userErrors") or []
    if not errors:
        return ""
    message = str(errors[0].get("message") or "").casefold()
    return next((code for word, code in CODES_BY_WORD.items() if word in message), "refused")
