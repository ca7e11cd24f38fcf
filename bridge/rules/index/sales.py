"""Read a sale from a webhook's body: orders that were paid or sent, and refunds. Pure.

Shapes: REST bodies of 2026-01 to 2026-10 (https://shopify.dev/docs/api/webhooks). Reads what an invoice must state
and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from bridge.model import PostalAddress, Sale, SaleLine, SaleTax
from bridge.rules.index.identity import legacy_id
from bridge.rules.index.json_values import parse_utc_datetime, read_object, read_objects, read_text, read_texts

# The events from which an invoice exists: payment received, or goods sent (CGST s.31(1)).
INVOICE_TOPICS = ("orders/paid", "orders/fulfilled", "orders/partially_fulfilled")
REFUND_TOPIC = "refunds/create"
PAID_TRANSACTION_STATES = ("success", "")  # states of a transaction that moved money; '': not stated


def read_sale(topic: str, body: Mapping[str, Any], received_at: datetime) -> Sale | None:
    """Return the sale that this delivery proves; None where it proves none.

    `received_at` counts where the body states no moment.
    """
    if topic in INVOICE_TOPICS:
        return _read_order_sale(body, received_at)
    return _read_refund_sale(body, received_at) if topic == REFUND_TOPIC else None


def _read_order_sale(body: Mapping[str, Any], received_at: datetime) -> Sale | None:
    order_id = legacy_id(body.get("id"))
    if not order_id or body.get("test") is True:
        return None
    return Sale(
        order_id=order_id,
        number=read_text(body.get("name")),
        issued_at=_find_datetime(body, ("updated_at", "processed_at"), received_at),
        currency=read_text(body.get("currency")),
        total=parse_amount(body.get("total_price")),
        tax=parse_amount(body.get("total_tax")),
        tip=parse_amount(body.get("total_tip_received")) or Decimal(0),
        lines=tuple(_read_sold_line(line) for line in read_objects(body.get("line_items"))),
        taxes=_read_tax_lines(body),
        shipping=_sum_shipping(body),
        gateways=tuple(read_texts(body.get("payment_gateway_names"))),
        billing=read_postal_address(read_object(body.get("billing_address"))),
        delivery=read_postal_address(read_object(body.get("shipping_address"))),
        attributes=tuple(
            (read_text(each.get("name")), read_text(each.get("value")))
            for each in read_objects(body.get("note_attributes"))
        ),
    )


def _read_refund_sale(body: Mapping[str, Any], received_at: datetime) -> Sale | None:
    order_id, refund_id = legacy_id(body.get("order_id")), legacy_id(body.get("id"))
    if not order_id or not refund_id:
        return None
    items = read_objects(body.get("refund_line_items"))
    transactions = read_objects(body.get("transactions"))
    if transactions and all(each.get("test") is True for each in transactions):
        return None
    money = [
        each
        for each in transactions
        if read_text(each.get("kind")) == "refund" and read_text(each.get("status")) in PAID_TRANSACTION_STATES
    ]
    return Sale(
        order_id=order_id,
        number="",
        refund_id=refund_id,
        issued_at=_find_datetime(body, ("processed_at", "created_at"), received_at),
        currency=read_text(*(each.get("currency") for each in money)),
        total=_sum_amounts([parse_amount(each.get("amount")) for each in money]),
        tax=_sum_amounts([parse_amount(each.get("total_tax")) for each in items]),
        lines=tuple(_read_sold_line(read_object(each.get("line_item")), each) for each in items),
        gateways=tuple(dict.fromkeys(read_texts([each.get("gateway") for each in money]))),
    )


def _find_datetime(body: Mapping[str, Any], keys: tuple[str, ...], default: datetime) -> datetime:
    return next((found for key in keys if (found := parse_utc_datetime(body.get(key)))), default)


def _read_sold_line(line: Mapping[str, Any], refunded: Mapping[str, Any] | None = None) -> SaleLine:
    quantity = (refunded or line).get("quantity")
    return SaleLine(
        description=read_text(line.get("title"), line.get("sku")),
        sku=read_text(line.get("sku")),
        quantity=quantity if isinstance(quantity, int) and not isinstance(quantity, bool) else 0,
        unit_price=_format_amount(line.get("price")),
        discount=_format_amount(line.get("total_discount")),
        taxes=_read_tax_lines(line),
    )


def _read_tax_lines(record: Mapping[str, Any]) -> tuple[SaleTax, ...]:
    return tuple(
        SaleTax(
            title=read_text(tax.get("title")), rate=str(tax.get("rate") or ""), amount=_format_amount(tax.get("price"))
        )
        for tax in read_objects(record.get("tax_lines"))
    )


def _sum_shipping(body: Mapping[str, Any]) -> str:
    total = Decimal(0)
    for line in read_objects(body.get("shipping_lines")):
        discounted = parse_amount(line.get("discounted_price"))
        total += (parse_amount(line.get("price")) or Decimal(0)) if discounted is None else discounted
    return f"{total:.2f}"


def read_postal_address(address: Mapping[str, Any]) -> PostalAddress:
    """Return a name and an address, without phone and coordinates."""
    names = read_texts([address.get("first_name"), address.get("last_name")])
    return PostalAddress(
        name=read_text(address.get("name"), " ".join(names)),
        company=read_text(address.get("company")),
        lines=tuple(read_texts([address.get("address1"), address.get("address2")])),
        city=read_text(address.get("city")),
        postal_code=read_text(address.get("zip")),
        state=read_text(address.get("province")),
        state_code=read_text(address.get("province_code")),
        country_code=read_text(address.get("country_code")),
    )


def parse_amount(value: Any) -> Decimal | None:
    """Return an amount of money from text or a number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _format_amount(value: Any) -> str:
    amount = parse_amount(value)
    return "" if amount is None else f"{amount:.2f}"


def _sum_amounts(values: list[Decimal | None]) -> Decimal | None:
    return None if None in values or not values else sum((v for v in values if v is not None), Decimal(0))
