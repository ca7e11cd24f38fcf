"""One finding becomes lines of the flat tables.

Pure and tolerant: a field that is missing or of another shape gives an empty cell, never an error, because
the JSON files hold the full copy. `parcels.py` does the same for shipments,
`tracked.py` for the parcels that an order names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bridge.rules.index.identity import legacy_id, normal
from bridge.steps.access.package.records.order_shipments import sent_back, tracked
from bridge.steps.access.package.records.parcels import events_of, shipment
from bridge.steps.access.package.text import items, moment, pick, text_of

if TYPE_CHECKING:
    from datetime import tzinfo

    from bridge.rules.index.shipping import Rules

Body = Mapping[str, Any]
Row = tuple[str, dict[str, str]]

WHOLE_FILE = {
    "customer": "profile",
    "order": "orders",
    "draft_order": "draft_orders",
    "shipment": "shipments",
}


def rows(system: str, kind: str, body: Body, zone: tzinfo, rules: Rules = ()) -> Iterator[Row]:
    """(table, columns) for all that the record holds; nothing for a kind that has no table.

    `rules` are the merchant's own word about whose account a parcel is on.
    """
    if kind == "customer":
        yield from _customer(body, zone)
    elif kind == "order":
        yield from _order(system, body, zone, rules)
    elif kind == "draft_order":
        yield from _draft(body, zone)
    elif kind == "shipment":
        row = shipment(system, body, zone)
        yield "shipments", row
        for event in events_of(body, row, zone):
            yield "shipment_events", event


def _customer(body: Body, zone: tzinfo) -> Iterator[Row]:
    ref = _id(body)
    yield (
        "profile",
        {
            "customer_id": ref,
            "name": _text(body, "displayName"),
            "first_name": _text(body, "firstName"),
            "last_name": _text(body, "lastName"),
            "email": _text(body, "defaultEmailAddress.emailAddress") or _text(body, "email"),
            "phone": _phone(pick(body, "defaultPhoneNumber.phoneNumber") or body.get("phone")),
            "language": _text(body, "locale"),
            "note": _text(body, "note"),
            "tags": _joined(body.get("tags")),
            "orders": _text(body, "numberOfOrders"),
            "amount_spent": _text(body, "amountSpent.amount"),
            "currency": _text(body, "amountSpent.currencyCode"),
            "created_at": moment(body.get("createdAt"), zone),
            "updated_at": moment(body.get("updatedAt"), zone),
        },
    )
    saved = [*items(body, "addressesV2"), *items(body, "addresses")]
    default = body.get("defaultAddress")
    if isinstance(default, Mapping) and default.get("id") not in [address.get("id") for address in saved]:
        saved.append(default)
    for address in saved:
        yield "addresses", _address("profile", ref, "saved", address)
    yield from _consents(body, zone)


def _consents(body: Body, zone: tzinfo) -> Iterator[Row]:
    email, phone = body.get("defaultEmailAddress"), body.get("defaultPhoneNumber")
    found = [
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
    nested = {
        "email": [body.get("emailMarketingConsent")],
        "sms": [pick(phone, "smsMarketingConsent"), body.get("smsMarketingConsent")],
        "whatsapp": [pick(phone, "whatsAppMarketingConsent")],
    }
    for channel, consents in nested.items():
        found += [(channel, each, "state", "optInLevel", "updatedAt", "collectedFrom") for each in consents]
    seen = set()
    for channel, consent, state, level, updated, source in found:
        if not isinstance(consent, Mapping) or not consent.get(state):
            continue
        row = {
            "channel": channel,
            "state": _text(consent, state).lower(),
            "method": _text(consent, level).lower(),
            "at": moment(consent.get(updated), zone),
            "collected_from": _text(consent, source).lower() if source else "",
        }
        # newer versions of the platform tell the same consent twice, under its old and its new name
        if (told := (channel, row["state"], row["at"])) not in seen:
            seen.add(told)
            yield "consents", row


def _order(system: str, body: Body, zone: tzinfo, rules: Rules) -> Iterator[Row]:
    head = {"order": _text(body, "name"), "order_id": _id(body)}
    yield (
        "orders",
        {
            **head,
            "created_at": moment(body.get("createdAt"), zone),
            "cancelled_at": moment(body.get("cancelledAt"), zone),
            "email": _text(body, "email"),
            "phone": _phone(body.get("phone")),
            "total": _text(body, "totalPriceSet.shopMoney.amount"),
            "currency": _text(body, "totalPriceSet.shopMoney.currencyCode"),
            "payment_status": _text(body, "displayFinancialStatus"),
            "delivery_status": _text(body, "displayFulfillmentStatus"),
            "note": _text(body, "note"),
            "attributes": _attributes(body),
            "tags": _joined(body.get("tags")),
            "ip_address": _text(body, "clientIp"),
            "language": _text(body, "customerLocale"),
        },
    )
    yield from _addresses("order", head["order"] or head["order_id"], body)
    yield from _lines("order", head, body)
    for payment in items(body, "transactions"):
        yield "payments", head | _payment(payment, zone)
    for refund in items(body, "refunds"):
        yield "refunds", head | _refund(refund, zone)
    for back in items(body, "returns"):
        yield "returns", head | _return(back, zone)
    for parcel in tracked(system, body, zone, rules):
        yield "shipments", parcel


def _draft(body: Body, zone: tzinfo) -> Iterator[Row]:
    name, ref = _text(body, "name"), _id(body)
    yield (
        "draft_orders",
        {
            "draft_order": name,
            "draft_order_id": ref,
            "created_at": moment(body.get("createdAt"), zone),
            "status": _text(body, "status"),
            "email": _text(body, "email"),
            "phone": _phone(body.get("phone")),
            "note": _text(body, "note2") or _text(body, "note"),
            "attributes": _attributes(body),
            "tags": _joined(body.get("tags")),
        },
    )
    yield from _addresses("draft order", name or ref, body)
    yield from _lines("draft order", {"order": name, "order_id": ref}, body)


def _addresses(kept_with: str, ref: str, body: Body) -> Iterator[Row]:
    for key, use in (("shippingAddress", "delivery"), ("billingAddress", "billing")):
        address = body.get(key)
        if isinstance(address, Mapping) and address:
            yield "addresses", _address(kept_with, ref, use, address)


def _address(kept_with: str, ref: str, use: str, address: Body) -> dict[str, str]:
    whole = " ".join(filter(None, (_text(address, "firstName"), _text(address, "lastName"))))
    return {
        "kept_with": kept_with,
        "kept_with_ref": ref,
        "use": use,
        "name": _text(address, "name") or whole,
        **{name: _text(address, name) for name in ("company", "address1", "address2", "city", "province")},
        "province_code": _text(address, "provinceCode"),
        "zip": _text(address, "zip"),
        "country": _text(address, "country"),
        "country_code": _text(address, "countryCodeV2") or _text(address, "countryCode"),
        "phone": _phone(address.get("phone")),
        "latitude": _text(address, "latitude"),
        "longitude": _text(address, "longitude"),
    }


def _lines(document: str, head: dict[str, str], body: Body) -> Iterator[Row]:
    for line in items(body, "lineItems"):
        price = pick(line, "originalUnitPriceSet.shopMoney")
        yield (
            "order_lines",
            {
                "document": document,
                **head,
                "title": _text(line, "title"),
                "variant": _text(line, "variantTitle"),
                "sku": _text(line, "sku"),
                "quantity": _text(line, "quantity"),
                "price": text_of(pick(price, "amount")),
                "currency": text_of(pick(price, "currencyCode")),
                "attributes": _attributes(line),
            },
        )


def _payment(payment: Body, zone: tzinfo) -> dict[str, str]:
    details = payment.get("paymentDetails")
    method = ("company", "wallet", "paymentMethodName", "paymentDescriptor")
    return {
        "kind": _text(payment, "kind"),
        "status": _text(payment, "status"),
        "gateway": _text(payment, "formattedGateway") or _text(payment, "gateway"),
        "method": " ".join(filter(None, (text_of(pick(details, name)) for name in method))),
        "account": _text(payment, "accountNumber") or text_of(pick(details, "number")),
        "amount": _text(payment, "amountSet.shopMoney.amount"),
        "currency": _text(payment, "amountSet.shopMoney.currencyCode"),
        "reference": _text(payment, "paymentId"),
        "processed_at": moment(payment.get("processedAt"), zone),
    }


def _refund(refund: Body, zone: tzinfo) -> dict[str, str]:
    return {
        "refund_id": _id(refund),
        "created_at": moment(refund.get("createdAt"), zone),
        "amount": _text(refund, "totalRefundedSet.shopMoney.amount"),
        "currency": _text(refund, "totalRefundedSet.shopMoney.currencyCode"),
        "note": _text(refund, "note"),
    }


def _return(back: Body, zone: tzinfo) -> dict[str, str]:
    lines = list(items(back, "returnLineItems"))
    said = [_text(line, key) for line in lines for key in ("customerNote", "returnReasonNote")]
    quantities = [line["quantity"] for line in lines if isinstance(line.get("quantity"), int)]
    parcels = [_text(tracking, "number") for tracking in sent_back(back)]
    return {
        "return": _text(back, "name"),
        "status": _text(back, "status"),
        "created_at": moment(back.get("createdAt"), zone),
        "quantity": str(sum(quantities)) if quantities else "",
        "notes": "; ".join(filter(None, [*said, _text(back, "decline.reason"), _text(back, "decline.note")])),
        "tracking": "; ".join(filter(None, parcels)),
    }


def _attributes(body: Body) -> str:
    pairs = items(body, "customAttributes")
    return "; ".join(f"{_text(pair, 'key')}: {_text(pair, 'value')}" for pair in pairs)


def _joined(value: Any) -> str:
    return ", ".join(map(text_of, value)) if isinstance(value, list | tuple) else text_of(value)


def _id(body: Body) -> str:
    return legacy_id(body.get("legacyResourceId")) or legacy_id(body.get("id"))


def _phone(value: Any) -> str:
    text = text_of(value)
    return normal("phone", text) or text


def _text(body: Body, path: str) -> str:
    return text_of(pick(body, path))
