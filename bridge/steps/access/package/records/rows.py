"""Turn one finding into rows of the flat tables: orders and draft orders here, the rest in the modules imported.

Pure. A field that is missing or of another shape gives an empty cell, never an error: the JSON files hold the
full record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.steps.access.package.records.customer_rows import build_address_rows, build_customer_rows
from bridge.steps.access.package.records.fields import (
    format_custom_attributes,
    join_values,
    read_phone,
    read_shopify_id,
    read_text,
)
from bridge.steps.access.package.records.order_shipments import build_order_shipment_rows, iter_return_trackings
from bridge.steps.access.package.records.parcels import build_shipment_event_rows, build_shipment_row
from bridge.steps.access.package.text import convert_to_text, format_iso_datetime, get_nested_value, iter_objects

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from bridge.rules.index.shipping import AttributionRules
    from bridge.steps.access.package.records.fields import RecordBody, TableRow

FILE_NAMES_BY_KIND = {"customer": "profile", "order": "orders", "draft_order": "draft_orders", "shipment": "shipments"}


def build_table_rows(
    system: str, kind: str, body: RecordBody, zone: tzinfo, shipping_rules: AttributionRules = ()
) -> Iterator[TableRow]:
    """Yield (table name, row) for all that the record holds; nothing for a kind that has no table.

    `shipping_rules` are the merchant's rules for whose account a parcel is on.
    """
    if kind == "customer":
        yield from build_customer_rows(body, zone)
    elif kind == "order":
        yield from _build_order_rows(system, body, zone, shipping_rules)
    elif kind == "draft_order":
        yield from _build_draft_order_rows(body, zone)
    elif kind == "shipment":
        row = build_shipment_row(system, body, zone)
        yield "shipments", row
        for event in build_shipment_event_rows(body, row, zone):
            yield "shipment_events", event


def _build_order_rows(
    system: str, body: RecordBody, zone: tzinfo, shipping_rules: AttributionRules
) -> Iterator[TableRow]:
    order_columns = {"order": read_text(body, "name"), "order_id": read_shopify_id(body)}
    yield (
        "orders",
        {
            **order_columns,
            "created_at": format_iso_datetime(body.get("createdAt"), zone),
            "cancelled_at": format_iso_datetime(body.get("cancelledAt"), zone),
            "email": read_text(body, "email"),
            "phone": read_phone(body.get("phone")),
            "total": read_text(body, "totalPriceSet.shopMoney.amount"),
            "currency": read_text(body, "totalPriceSet.shopMoney.currencyCode"),
            "payment_status": read_text(body, "displayFinancialStatus"),
            "delivery_status": read_text(body, "displayFulfillmentStatus"),
            "note": read_text(body, "note"),
            "attributes": format_custom_attributes(body),
            "tags": join_values(body.get("tags")),
            "ip_address": read_text(body, "clientIp"),
            "language": read_text(body, "customerLocale"),
        },
    )
    yield from build_address_rows("order", order_columns["order"] or order_columns["order_id"], body)
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
    name, ref = read_text(body, "name"), read_shopify_id(body)
    yield (
        "draft_orders",
        {
            "draft_order": name,
            "draft_order_id": ref,
            "created_at": format_iso_datetime(body.get("createdAt"), zone),
            "status": read_text(body, "status"),
            "email": read_text(body, "email"),
            "phone": read_phone(body.get("phone")),
            "note": read_text(body, "note2") or read_text(body, "note"),
            "attributes": format_custom_attributes(body),
            "tags": join_values(body.get("tags")),
        },
    )
    yield from build_address_rows("draft order", name or ref, body)
    yield from _build_order_line_rows("draft order", {"order": name, "order_id": ref}, body)


def _build_order_line_rows(document_kind: str, order_columns: dict[str, str], body: RecordBody) -> Iterator[TableRow]:
    for line in iter_objects(body, "lineItems"):
        price = get_nested_value(line, "originalUnitPriceSet.shopMoney")
        yield (
            "order_lines",
            {
                "document": document_kind,
                **order_columns,
                "title": read_text(line, "title"),
                "variant": read_text(line, "variantTitle"),
                "sku": read_text(line, "sku"),
                "quantity": read_text(line, "quantity"),
                "price": convert_to_text(get_nested_value(price, "amount")),
                "currency": convert_to_text(get_nested_value(price, "currencyCode")),
                "attributes": format_custom_attributes(line),
            },
        )


def _build_payment_row(payment: RecordBody, zone: tzinfo) -> dict[str, str]:
    details = payment.get("paymentDetails")
    method = ("company", "wallet", "paymentMethodName", "paymentDescriptor")
    return {
        "kind": read_text(payment, "kind"),
        "status": read_text(payment, "status"),
        "gateway": read_text(payment, "formattedGateway") or read_text(payment, "gateway"),
        "method": " ".join(filter(None, (convert_to_text(get_nested_value(details, name)) for name in method))),
        "account": read_text(payment, "accountNumber") or convert_to_text(get_nested_value(details, "number")),
        "amount": read_text(payment, "amountSet.shopMoney.amount"),
        "currency": read_text(payment, "amountSet.shopMoney.currencyCode"),
        "reference": read_text(payment, "paymentId"),
        "processed_at": format_iso_datetime(payment.get("processedAt"), zone),
    }


def _build_refund_row(refund: RecordBody, zone: tzinfo) -> dict[str, str]:
    return {
        "refund_id": read_shopify_id(refund),
        "created_at": format_iso_datetime(refund.get("createdAt"), zone),
        "amount": read_text(refund, "totalRefundedSet.shopMoney.amount"),
        "currency": read_text(refund, "totalRefundedSet.shopMoney.currencyCode"),
        "note": read_text(refund, "note"),
    }


def _build_return_row(return_body: RecordBody, zone: tzinfo) -> dict[str, str]:
    lines = list(iter_objects(return_body, "returnLineItems"))
    notes = [read_text(line, key) for line in lines for key in ("customerNote", "returnReasonNote")]
    quantities = [line["quantity"] for line in lines if isinstance(line.get("quantity"), int)]
    parcels = [read_text(tracking, "number") for tracking in iter_return_trackings(return_body)]
    return {
        "return": read_text(return_body, "name"),
        "status": read_text(return_body, "status"),
        "created_at": format_iso_datetime(return_body.get("createdAt"), zone),
        "quantity": str(sum(quantities)) if quantities else "",
        "notes": "; ".join(
            filter(None, [*notes, read_text(return_body, "decline.reason"), read_text(return_body, "decline.note")])
        ),
        "tracking": "; ".join(filter(None, parcels)),
    }
