"""Reads the data of an order that tax law requires: amounts, State, and the name and address if a rule needs them.

For orders whose webhooks were missed. When Shopify erases a customer it keeps the amounts, not the name and address.
Changes nothing at Shopify.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from bridge.connectors.shopify.api.client import ShopifyClient
from bridge.connectors.shopify.gathering.flatten import has_next_page, list_nodes
from bridge.connectors.shopify.gathering.session import build_gid
from bridge.model import PostalAddress, Sale, SaleLine, SaleTax
from bridge.rules.index.identity import legacy_id
from bridge.rules.index.json_values import parse_utc_datetime, read_object, read_text
from bridge.rules.index.sales import parse_amount

SALES_BATCH_SIZE, LINES_PER_ORDER, MAX_LINES_PER_ORDER = 5, 30, 200
MAX_REFUNDS_AND_PARCELS = 20  # the sizes in the document
PAID_STATUSES = {"PAID", "PARTIALLY_PAID", "PARTIALLY_REFUNDED", "REFUNDED"}
SENT_FULFILLMENT_STATUSES = {"FULFILLED", "PARTIALLY_FULFILLED"}


def read_sales(client: ShopifyClient, order_ids: Sequence[str], shop: str) -> Iterator[tuple[str, Sequence[Sale]]]:
    """Yield the sales of each order that Shopify knows. Raises CredentialRejected if a field is denied, else as `run_document`."""
    for start in range(0, len(order_ids), SALES_BATCH_SIZE):
        for order in _fetch_sales_orders(client, shop, order_ids[start : start + SALES_BATCH_SIZE], LINES_PER_ORDER):
            complete = order
            if has_next_page(order.get("lineItems")):
                more = _fetch_sales_orders(client, shop, [legacy_id(order["id"])], MAX_LINES_PER_ORDER)
                complete = more[0] if more else order  # it may be gone meanwhile
            yield legacy_id(order["id"]), build_sales(complete)


def _fetch_sales_orders(
    client: ShopifyClient, shop: str, order_ids: Sequence[str], line_count: int
) -> list[dict[str, Any]]:
    ids = [build_gid("Order", order_id) for order_id in order_ids]
    reply = client.run_document(shop, "sales_by_ids", ids=ids, lines=line_count)
    return [order for order in list_nodes(reply.require_access().data) if "displayFinancialStatus" in order]


def build_sales(order: Mapping[str, Any]) -> Sequence[Sale]:
    """Return the invoice and its credit notes; nothing for a test order or one that was neither paid nor shipped."""
    is_paid = read_text(order.get("displayFinancialStatus")) in PAID_STATUSES
    is_sent = read_text(order.get("displayFulfillmentStatus")) in SENT_FULFILLMENT_STATUSES
    refunds = [refund for refund in order.get("refunds") or [] if isinstance(refund, dict)]
    is_refunded = any((_read_shop_amount(refund, "totalRefundedSet") or 0) > 0 for refund in refunds)
    if order.get("test") or not (is_paid or is_sent or is_refunded):
        return ()
    order_id, issued_at = legacy_id(order["id"]), _find_issue_time(order)
    return (
        Sale(
            order_id=order_id,
            number=read_text(order.get("name")),
            issued_at=issued_at,
            currency=read_text(order.get("currencyCode")),
            total=_read_shop_amount(order, "totalPriceSet"),
            tax=_read_shop_amount(order, "totalTaxSet"),
            tip=_read_shop_amount(order, "totalTipReceivedSet") or Decimal(0),
            lines=tuple(_build_sold_line(line) for line in list_nodes(order.get("lineItems"))),
            taxes=_build_taxes(order),
            shipping=_format_shop_amount(order, "totalShippingPriceSet"),
            gateways=tuple(order.get("paymentGatewayNames") or ()),
            billing=_build_sale_address(order.get("billingAddress")),
            delivery=_build_sale_address(order.get("shippingAddress")),
            is_complete=not has_next_page(order.get("lineItems"))
            and len(refunds) < MAX_REFUNDS_AND_PARCELS
            and len(order.get("fulfillments") or ()) < MAX_REFUNDS_AND_PARCELS,
            attributes=tuple(
                (read_text(attribute.get("key")), read_text(attribute.get("value")))
                for attribute in map(read_object, order.get("customAttributes") or ())
            ),
        ),
        *(_build_refund_sale(refund, order, issued_at) for refund in refunds),
    )


def _find_issue_time(order: Mapping[str, Any]) -> datetime:
    """Return the later of payment and last shipment: the date that keeps the copy longer."""
    parcels = map(read_object, order.get("fulfillments") or ())
    times = [order.get("processedAt"), *(parcel.get("createdAt") for parcel in parcels)]
    return max(at for at in map(parse_utc_datetime, times) if at is not None)


def _build_refund_sale(refund: Mapping[str, Any], order: Mapping[str, Any], fallback_issued_at: datetime) -> Sale:
    return Sale(
        order_id=legacy_id(order["id"]),
        number=read_text(order.get("name")),
        refund_id=legacy_id(refund.get("id")),
        issued_at=parse_utc_datetime(refund.get("processedAt")) or fallback_issued_at,
        currency=read_text(order.get("currencyCode")),
        total=_read_shop_amount(refund, "totalRefundedSet"),
    )


def _build_sold_line(line: Mapping[str, Any]) -> SaleLine:
    return SaleLine(
        description=read_text(line.get("title")),
        sku=read_text(line.get("sku")),
        quantity=int(line.get("quantity") or 0),
        unit_price=_format_shop_amount(line, "originalUnitPriceSet"),
        discount=_format_shop_amount(line, "totalDiscountSet"),
        taxes=_build_taxes(line),
    )


def _build_taxes(node: Mapping[str, Any]) -> tuple[SaleTax, ...]:
    return tuple(
        SaleTax(
            title=read_text(tax.get("title")),
            rate=str(tax.get("rate") or ""),
            amount=_format_shop_amount(tax, "priceSet"),
        )
        for tax in map(read_object, node.get("taxLines") or ())
    )


def _build_sale_address(address: Any) -> PostalAddress:
    found = read_object(address)
    return PostalAddress(
        name=read_text(found.get("name")),
        company=read_text(found.get("company")),
        lines=tuple(line for key in ("address1", "address2") if (line := read_text(found.get(key)))),
        city=read_text(found.get("city")),
        postal_code=read_text(found.get("zip")),
        state=read_text(found.get("province")),
        state_code=read_text(found.get("provinceCode")),
        country_code=read_text(found.get("countryCodeV2")),
    )


def _read_shop_amount(node: Mapping[str, Any], field_name: str) -> Decimal | None:
    return parse_amount(read_object(read_object(node.get(field_name)).get("shopMoney")).get("amount"))


def _format_shop_amount(node: Mapping[str, Any], field_name: str) -> str:
    found = _read_shop_amount(node, field_name)
    return "" if found is None else f"{found:.2f}"
