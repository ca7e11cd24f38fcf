"""Turn one finding into rows of the flat tables: orders and draft orders here, the rest in the modules imported.

Pure. A field that is missing or of another shape gives an empty cell, never an error: the JSON files hold the
full record.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from bridge.rules.index.shipping import AttributionRules
from bridge.steps.access.package.records.customer_rows import build_address_rows, build_customer_rows
from bridge.steps.access.package.records.fields import (
    Cells,
    RecordBody,
    TableRow,
    format_attributes,
    join_values,
    read_cell_text,
    read_cell_texts,
    read_phone,
    read_shopify_id,
)
from bridge.steps.access.package.records.own_tables import OWN_TABLES_BY_KIND
from bridge.steps.access.package.records.parcels import (
    build_order_shipment_rows,
    build_shipment_event_rows,
    build_shipment_row,
    iter_return_trackings,
)
from bridge.steps.access.package.text import convert_to_text, format_iso_datetime, get_nested_value, iter_objects

FILE_NAMES_BY_KIND = {
    "customer": "profile",
    "order": "orders",
    "draft_order": "draft_orders",
    "shipment": "shipments",
    **{kind: table.name for kind, table in OWN_TABLES_BY_KIND.items()},
}


def build_table_rows(
    system: str, kind: str, body: RecordBody, zone: tzinfo, rules: AttributionRules = ()
) -> Iterator[TableRow]:
    """Yield (table name, row) for all that the record holds; nothing for a kind that has no table.

    `rules` are the merchant's rules for whose account a parcel is on.
    """
    if kind == "customer":
        yield from build_customer_rows(body, zone)
    elif kind == "order":
        yield from _build_order_rows(system, body, zone, rules)
    elif kind == "draft_order":
        yield from _build_draft_order_rows(body, zone)
    elif kind == "shipment":
        row = build_shipment_row(system, body, zone)
        yield "shipments", row
        for event in build_shipment_event_rows(body, row, zone):
            yield "shipment_events", event
    elif kind in OWN_TABLES_BY_KIND:
        table = OWN_TABLES_BY_KIND[kind]
        yield table.name, read_cell_texts(body, *(column.name for column in table.columns))


def _build_order_rows(system: str, body: RecordBody, zone: tzinfo, rules: AttributionRules) -> Iterator[TableRow]:
    order_columns = {"order": read_cell_text(body, "name"), "order_id": read_shopify_id(body)}
    row = {
        **order_columns,
        "created_at": format_iso_datetime(body.get("createdAt"), zone),
        "cancelled_at": format_iso_datetime(body.get("cancelledAt"), zone),
        "phone": read_phone(body.get("phone")),
        **read_cell_texts(body, "email", "note", ip_address="clientIp", language="customerLocale"),
        **read_cell_texts(body, payment_status="displayFinancialStatus", delivery_status="displayFulfillmentStatus"),
        **_read_money(body, "totalPriceSet", "total"),
        "attributes": format_attributes(body),
        "tags": join_values(body.get("tags")),
    }
    yield "orders", row
    yield from build_address_rows("order", order_columns["order"] or order_columns["order_id"], body)
    yield from _build_order_line_rows("order", order_columns, body)
    for payment in iter_objects(body, "transactions"):
        yield "payments", order_columns | _build_payment_row(payment, zone)
    for refund in iter_objects(body, "refunds"):
        row = {
            **order_columns,
            "refund_id": read_shopify_id(refund),
            "created_at": format_iso_datetime(refund.get("createdAt"), zone),
            "note": read_cell_text(refund, "note"),
            **_read_money(refund, "totalRefundedSet", "amount"),
        }
        yield "refunds", row
    for order_return in iter_objects(body, "returns"):
        yield "returns", order_columns | _build_return_row(order_return, zone)
    for parcel in build_order_shipment_rows(system, body, zone, rules):
        yield "shipments", parcel


def _build_draft_order_rows(body: RecordBody, zone: tzinfo) -> Iterator[TableRow]:
    name, ref = read_cell_text(body, "name"), read_shopify_id(body)
    row = {
        "draft_order": name,
        "draft_order_id": ref,
        "created_at": format_iso_datetime(body.get("createdAt"), zone),
        **read_cell_texts(body, "status", "email"),
        "phone": read_phone(body.get("phone")),
        "note": read_cell_text(body, "note2") or read_cell_text(body, "note"),
        "attributes": format_attributes(body),
        "tags": join_values(body.get("tags")),
    }
    yield "draft_orders", row
    yield from build_address_rows("draft order", name or ref, body)
    yield from _build_order_line_rows("draft order", {"order": name, "order_id": ref}, body)


def _build_order_line_rows(document_kind: str, order_columns: Cells, body: RecordBody) -> Iterator[TableRow]:
    for line in iter_objects(body, "lineItems"):
        row = {
            "document": document_kind,
            **order_columns,
            **read_cell_texts(line, "title", "sku", "quantity", variant="variantTitle"),
            **_read_money(line, "originalUnitPriceSet", "price"),
            "attributes": format_attributes(line),
        }
        yield "order_lines", row


def _build_payment_row(payment: RecordBody, zone: tzinfo) -> Cells:
    details = payment.get("paymentDetails")
    method = ("company", "wallet", "paymentMethodName", "paymentDescriptor")
    return {
        **read_cell_texts(payment, "kind", "status", reference="paymentId"),
        **_read_money(payment, "amountSet", "amount"),
        "gateway": read_cell_text(payment, "formattedGateway") or read_cell_text(payment, "gateway"),
        "method": " ".join(filter(None, (convert_to_text(get_nested_value(details, name)) for name in method))),
        "account": read_cell_text(payment, "accountNumber") or convert_to_text(get_nested_value(details, "number")),
        "processed_at": format_iso_datetime(payment.get("processedAt"), zone),
    }


def _read_money(body: RecordBody, field: str, amount_column: str) -> Cells:
    """Return the cells of an amount in the shop's currency."""
    money = f"{field}.shopMoney"
    return read_cell_texts(body, **{amount_column: f"{money}.amount", "currency": f"{money}.currencyCode"})


def _build_return_row(return_body: RecordBody, zone: tzinfo) -> Cells:
    lines = list(iter_objects(return_body, "returnLineItems"))
    notes = [read_cell_text(line, key) for line in lines for key in ("customerNote", "returnReasonNote")]
    notes += [read_cell_text(return_body, "decline.reason"), read_cell_text(return_body, "decline.note")]
    quantities = [line["quantity"] for line in lines if isinstance(line.get("quantity"), int)]
    parcels = [read_cell_text(tracking, "number") for tracking in iter_return_trackings(return_body)]
    return {
        **read_cell_texts(return_body, "status", **{"return": "name"}),
        "created_at": format_iso_datetime(return_body.get("createdAt"), zone),
        "quantity": str(sum(quantities)) if quantities else "",
        "notes": "; ".join(filter(None, notes)),
        "tracking": "; ".join(filter(None, parcels)),
    }
