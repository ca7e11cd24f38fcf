"""One finding becomes lines of the flat tables.

Pure and tolerant: a field that is missing or of another shape gives an empty cell, never an error, because
the JSON files hold the full copy. `parcels.py` does the same for shipments,
`tracked.py` for the parcels that an order names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bridge.rules.index.identity import legacy_id, normalise_identifier
from bridge.steps.access.package.records.order_shipments import (
    build_order_shipment_rows,
    iter_return_trackings,
)
from bridge.steps.access.package.records.parcels import build_shipment_event_rows, build_shipment_row
from bridge.steps.access.package.text import (
    convert_to_text,
    format_iso_datetime,
    get_nested_value,
    iter_objects,
)

if TYPE_CHECKING:
    from datetime import tzinfo

    from bridge.rules.index.shipping import AttributionRules

RecordBody = Mapping[str, Any]
TableRow = tuple[str, dict[str, str]]

FILE_NAMES_BY_KIND = {
    "customer": "profile",
    "order": "orders",
    "draft_order": "draft_orders",
    "shipment": "shipments",
}


def build_table_rows(
    system: str, kind: str, body: RecordBody, zone: tzinfo, shipping_rules: AttributionRules = ()
) -> Iterator[TableRow]:
    """(table, columns) for all that the record holds; nothing for a kind that has no table.

    `rules` are the merchant's own word about whose account a parcel is on.
    """
    if kind == "customer":
        yield from _build_customer_rows(body, zone)
    elif kind == "order":
        yield from _build_order_rows(system, body, zone, shipping_rules)
    elif kind == "draft_order":
        yield from _build_draft_order_rows(body, zone)
    elif kind == "shipment":
        row = build_shipment_row(system, body, zone)
        yield "shipments", row
        for event in build_shipment_event_rows(body, row, zone):
            yield "shipment_events", event


def _build_customer_rows(body: RecordBody, zone: tzinfo) -> Iterator[TableRow]:
    ref = _read_shopify_id(body)
    yield (
        "profile",
        {
            "customer_id": ref,
            "name": _read_text(body, "displayName"),
            "first_name": _read_text(body, "firstName"),
            "last_name": _read_text(body, "lastName"),
            "email": _read_text(body, "defaultEmailAddress.emailAddress") or _read_text(body, "email"),
            "phone": _read_phone(
                get_nested_value(body, "defaultPhoneNumber.phoneNumber") or body.get("phone")
            ),
            "language": _read_text(body, "locale"),
            "note": _read_text(body, "note"),
            "tags": _join_values(body.get("tags")),
            "orders": _read_text(body, "numberOfOrders"),
            "amount_spent": _read_text(body, "amountSpent.amount"),
            "currency": _read_text(body, "amountSpent.currencyCode"),
            "created_at": format_iso_datetime(body.get("createdAt"), zone),
            "updated_at": format_iso_datetime(body.get("updatedAt"), zone),
        },
    )
    addresses = [*iter_objects(body, "addressesV2"), *iter_objects(body, "addresses")]
    default = body.get("defaultAddress")
    if isinstance(default, Mapping) and default.get("id") not in [address.get("id") for address in addresses]:
        addresses.append(default)
    for address in addresses:
        yield "addresses", _build_address_row("profile", ref, "saved", address)
    yield from _build_consent_rows(body, zone)


def _build_consent_rows(body: RecordBody, zone: tzinfo) -> Iterator[TableRow]:
    email, phone = body.get("defaultEmailAddress"), body.get("defaultPhoneNumber")
    sources = [
        ("email", email, "marketingState", "marketingOptInLevel", "marketingUpdatedAt", ""),
        (
            "sms",
            phone,
            "marketingState",
            "marketingOptInLevel",
            "marketingUpdatedAt",
            "marketingCollectedFrom",
        ),
    ]
    nested_consents = {
        "email": [body.get("emailMarketingConsent")],
        "sms": [get_nested_value(phone, "smsMarketingConsent"), body.get("smsMarketingConsent")],
        "whatsapp": [get_nested_value(phone, "whatsAppMarketingConsent")],
    }
    for channel, consents in nested_consents.items():
        sources += [
            (channel, consent, "state", "optInLevel", "updatedAt", "collectedFrom") for consent in consents
        ]
    seen_consents = set()
    for channel, consent, state, level, updated, source in sources:
        if not isinstance(consent, Mapping) or not consent.get(state):
            continue
        row = {
            "channel": channel,
            "state": _read_text(consent, state).lower(),
            "method": _read_text(consent, level).lower(),
            "at": format_iso_datetime(consent.get(updated), zone),
            "collected_from": _read_text(consent, source).lower() if source else "",
        }
        # newer versions of the platform tell the same consent twice, under its old and its new name
        if (consent_key := (channel, row["state"], row["at"])) not in seen_consents:
            seen_consents.add(consent_key)
            yield "consents", row


def _build_order_rows(
    system: str, body: RecordBody, zone: tzinfo, shipping_rules: AttributionRules
) -> Iterator[TableRow]:
    order_columns = {"order": _read_text(body, "name"), "order_id": _read_shopify_id(body)}
    yield (
        "orders",
        {
            **order_columns,
            "created_at": format_iso_datetime(body.get("createdAt"), zone),
            "cancelled_at": format_iso_datetime(body.get("cancelledAt"), zone),
            "email": _read_text(body, "email"),
            "phone": _read_phone(body.get("phone")),
            "total": _read_text(body, "totalPriceSet.shopMoney.amount"),
            "currency": _read_text(body, "totalPriceSet.shopMoney.currencyCode"),
            "payment_status": _read_text(body, "displayFinancialStatus"),
            "delivery_status": _read_text(body, "displayFulfillmentStatus"),
            "note": _read_text(body, "note"),
            "attributes": _format_custom_attributes(body),
            "tags": _join_values(body.get("tags")),
            "ip_address": _read_text(body, "clientIp"),
            "language": _read_text(body, "customerLocale"),
        },
    )
    yield from _build_address_rows("order", order_columns["order"] or order_columns["order_id"], body)
    yield from _build_order_line_rows("order", order_columns, body)
    for payment in iter_objects(body, "transactions"):
        yield "payments", order_columns | _build_payment_row(payment, zone)
    for refund in iter_objects(body, "refunds"):
        yield "refunds", order_columns | _build_refund_row(refund, zone)
    for order_return in iter_objects(body, "returns"):
        yield "returns", order_columns | _build_return_row(order_return, zone)
    for parcel in build_order_shipment_rows(system, body, zone, shipping_rules):
        yield "shipments", parcel


def _build_draft_order_rows(body: RecordBody, zone: tzinfo) -> Iterator[TableRow]:
    name, ref = _read_text(body, "name"), _read_shopify_id(body)
    yield (
        "draft_orders",
        {
            "draft_order": name,
            "draft_order_id": ref,
            "created_at": format_iso_datetime(body.get("createdAt"), zone),
            "status": _read_text(body, "status"),
            "email": _read_text(body, "email"),
            "phone": _read_phone(body.get("phone")),
            "note": _read_text(body, "note2") or _read_text(body, "note"),
            "attributes": _format_custom_attributes(body),
            "tags": _join_values(body.get("tags")),
        },
    )
    yield from _build_address_rows("draft order", name or ref, body)
    yield from _build_order_line_rows("draft order", {"order": name, "order_id": ref}, body)


def _build_address_rows(owner_kind: str, owner_ref: str, body: RecordBody) -> Iterator[TableRow]:
    for key, use in (("shippingAddress", "delivery"), ("billingAddress", "billing")):
        address = body.get(key)
        if isinstance(address, Mapping) and address:
            yield "addresses", _build_address_row(owner_kind, owner_ref, use, address)


def _build_address_row(owner_kind: str, owner_ref: str, use: str, address: RecordBody) -> dict[str, str]:
    full_name = " ".join(filter(None, (_read_text(address, "firstName"), _read_text(address, "lastName"))))
    return {
        "kept_with": owner_kind,
        "kept_with_ref": owner_ref,
        "use": use,
        "name": _read_text(address, "name") or full_name,
        **{
            name: _read_text(address, name)
            for name in ("company", "address1", "address2", "city", "province")
        },
        "province_code": _read_text(address, "provinceCode"),
        "zip": _read_text(address, "zip"),
        "country": _read_text(address, "country"),
        "country_code": _read_text(address, "countryCodeV2") or _read_text(address, "countryCode"),
        "phone": _read_phone(address.get("phone")),
        "latitude": _read_text(address, "latitude"),
        "longitude": _read_text(address, "longitude"),
    }


def _build_order_line_rows(
    document_kind: str, order_columns: dict[str, str], body: RecordBody
) -> Iterator[TableRow]:
    for line in iter_objects(body, "lineItems"):
        price = get_nested_value(line, "originalUnitPriceSet.shopMoney")
        yield (
            "order_lines",
            {
                "document": document_kind,
                **order_columns,
                "title": _read_text(line, "title"),
                "variant": _read_text(line, "variantTitle"),
                "sku": _read_text(line, "sku"),
                "quantity": _read_text(line, "quantity"),
                "price": convert_to_text(get_nested_value(price, "amount")),
                "currency": convert_to_text(get_nested_value(price, "currencyCode")),
                "attributes": _format_custom_attributes(line),
            },
        )


def _build_payment_row(payment: RecordBody, zone: tzinfo) -> dict[str, str]:
    details = payment.get("paymentDetails")
    method = ("company", "wallet", "paymentMethodName", "paymentDescriptor")
    return {
        "kind": _read_text(payment, "kind"),
        "status": _read_text(payment, "status"),
        "gateway": _read_text(payment, "formattedGateway") or _read_text(payment, "gateway"),
        "method": " ".join(
            filter(None, (convert_to_text(get_nested_value(details, name)) for name in method))
        ),
        "account": _read_text(payment, "accountNumber")
        or convert_to_text(get_nested_value(details, "number")),
        "amount": _read_text(payment, "amountSet.shopMoney.amount"),
        "currency": _read_text(payment, "amountSet.shopMoney.currencyCode"),
        "reference": _read_text(payment, "paymentId"),
        "processed_at": format_iso_datetime(payment.get("processedAt"), zone),
    }


def _build_refund_row(refund: RecordBody, zone: tzinfo) -> dict[str, str]:
    return {
        "refund_id": _read_shopify_id(refund),
        "created_at": format_iso_datetime(refund.get("createdAt"), zone),
        "amount": _read_text(refund, "totalRefundedSet.shopMoney.amount"),
        "currency": _read_text(refund, "totalRefundedSet.shopMoney.currencyCode"),
        "note": _read_text(refund, "note"),
    }


def _build_return_row(return_body: RecordBody, zone: tzinfo) -> dict[str, str]:
    lines = list(iter_objects(return_body, "returnLineItems"))
    notes = [_read_text(line, key) for line in lines for key in ("customerNote", "returnReasonNote")]
    quantities = [line["quantity"] for line in lines if isinstance(line.get("quantity"), int)]
    parcels = [_read_text(tracking, "number") for tracking in iter_return_trackings(return_body)]
    return {
        "return": _read_text(return_body, "name"),
        "status": _read_text(return_body, "status"),
        "created_at": format_iso_datetime(return_body.get("createdAt"), zone),
        "quantity": str(sum(quantities)) if quantities else "",
        "notes": "; ".join(
            filter(
                None,
                [*notes, _read_text(return_body, "decline.reason"), _read_text(return_body, "decline.note")],
            )
        ),
        "tracking": "; ".join(filter(None, parcels)),
    }


def _format_custom_attributes(body: RecordBody) -> str:
    pairs = iter_objects(body, "customAttributes")
    return "; ".join(f"{_read_text(pair, 'key')}: {_read_text(pair, 'value')}" for pair in pairs)


def _join_values(value: Any) -> str:
    return (
        ", ".join(map(convert_to_text, value)) if isinstance(value, list | tuple) else convert_to_text(value)
    )


def _read_shopify_id(body: RecordBody) -> str:
    return legacy_id(body.get("legacyResourceId")) or legacy_id(body.get("id"))


def _read_phone(value: Any) -> str:
    text = convert_to_text(value)
    return normalise_identifier("phone", text) or text


def _read_text(body: RecordBody, path: str) -> str:
    return convert_to_text(get_nested_value(body, path))
