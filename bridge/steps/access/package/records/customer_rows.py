"""Turn a customer record into rows: profile, addresses and consents; and the addresses of any record.

Pure. A field that is missing or of another shape gives an empty cell, never an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo

from bridge.steps.access.package.records.fields import (
    Cells,
    RecordBody,
    TableRow,
    join_values,
    read_cell_text,
    read_cell_texts,
    read_phone,
    read_shopify_id,
)
from bridge.steps.access.package.text import format_iso_datetime, get_nested_value, iter_objects


def build_customer_rows(body: RecordBody, zone: tzinfo) -> Iterator[TableRow]:
    """Yield the rows of a customer record in `profile`, `addresses` and `consents`."""
    ref = read_shopify_id(body)
    row = {
        "customer_id": ref,
        **read_cell_texts(body, "note", name="displayName", first_name="firstName", last_name="lastName"),
        **read_cell_texts(body, language="locale", orders="numberOfOrders"),
        **read_cell_texts(body, amount_spent="amountSpent.amount", currency="amountSpent.currencyCode"),
        "email": read_cell_text(body, "defaultEmailAddress.emailAddress") or read_cell_text(body, "email"),
        "phone": read_phone(get_nested_value(body, "defaultPhoneNumber.phoneNumber") or body.get("phone")),
        "tags": join_values(body.get("tags")),
        "created_at": format_iso_datetime(body.get("createdAt"), zone),
        "updated_at": format_iso_datetime(body.get("updatedAt"), zone),
    }
    yield "profile", row
    addresses = [*iter_objects(body, "addressesV2"), *iter_objects(body, "addresses")]
    default = body.get("defaultAddress")
    if isinstance(default, Mapping) and default.get("id") not in [address.get("id") for address in addresses]:
        addresses.append(default)
    for address in addresses:
        yield "addresses", _build_address_row("profile", ref, "saved", address)
    yield from _build_consent_rows(body, zone)


def build_address_rows(owner_kind: str, owner_ref: str, body: RecordBody) -> Iterator[TableRow]:
    """Yield the delivery and billing address of an order or a draft order as rows of `addresses`."""
    for key, use in (("shippingAddress", "delivery"), ("billingAddress", "billing")):
        address = body.get(key)
        if isinstance(address, Mapping) and address:
            yield "addresses", _build_address_row(owner_kind, owner_ref, use, address)


def _build_address_row(owner_kind: str, owner_ref: str, use: str, address: RecordBody) -> Cells:
    full_name = " ".join(filter(None, (read_cell_text(address, "firstName"), read_cell_text(address, "lastName"))))
    return {
        "kept_with": owner_kind,
        "kept_with_ref": owner_ref,
        "use": use,
        "name": read_cell_text(address, "name") or full_name,
        **read_cell_texts(address, "company", "address1", "address2", "city", "province", "zip", "country"),
        **read_cell_texts(address, "latitude", "longitude", province_code="provinceCode"),
        "country_code": read_cell_text(address, "countryCodeV2") or read_cell_text(address, "countryCode"),
        "phone": read_phone(address.get("phone")),
    }


def _build_consent_rows(body: RecordBody, zone: tzinfo) -> Iterator[TableRow]:
    email, phone = body.get("defaultEmailAddress"), body.get("defaultPhoneNumber")
    sources = [
        ("email", email, "marketingState", "marketingOptInLevel", "marketingUpdatedAt", ""),
        ("sms", phone, "marketingState", "marketingOptInLevel", "marketingUpdatedAt", "marketingCollectedFrom"),
    ]
    nested_consents = {
        "email": [body.get("emailMarketingConsent")],
        "sms": [get_nested_value(phone, "smsMarketingConsent"), body.get("smsMarketingConsent")],
        "whatsapp": [get_nested_value(phone, "whatsAppMarketingConsent")],
    }
    for channel, consents in nested_consents.items():
        sources += [(channel, consent, "state", "optInLevel", "updatedAt", "collectedFrom") for consent in consents]
    seen_consents = set()
    for channel, consent, state, level, updated, source in sources:
        if not isinstance(consent, Mapping) or not consent.get(state):
            continue
        row = {
            "channel": channel,
            "state": read_cell_text(consent, state).lower(),
            "method": read_cell_text(consent, level).lower(),
            "at": format_iso_datetime(consent.get(updated), zone),
            "collected_from": read_cell_text(consent, source).lower() if source else "",
        }
        # newer API versions return the same consent twice, under its old and its new name
        if (consent_key := (channel, row["state"], row["at"])) not in seen_consents:
            seen_consents.add(consent_key)
            yield "consents", row
