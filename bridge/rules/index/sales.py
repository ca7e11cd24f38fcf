"""A sale out of a webhook's body: orders that were paid or sent, and refunds. Pure.

Shapes: REST bodies of 2025-10 to 2026-10 (https://shopify.dev/docs/api/webhooks). Takes what an invoice must say
and leaves the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from bridge.model import Place, Sale, SoldLine, Tax
from bridge.rules.index.identity import legacy_id
from bridge.rules.index.json_values import first, mapping, mappings, moment, text, texts

# The events by which an invoice exists: money came, or goods left (CGST s.31(1)).
INVOICED = ("orders/paid", "orders/fulfilled", "orders/partially_fulfilled")
REFUNDED = "refunds/create"
GIVEN = ("success", "")  # states of a transaction that moved money; the second: not said


def sale(topic: str, body: Mapping[str, Any], received_at: datetime) -> Sale | None:
    """The sale that this delivery proves; None where it proves none. `received_at` counts where it says no moment."""
    if topic in INVOICED:
        return _order(body, received_at)
    return _refund(body, received_at) if topic == REFUNDED else None


def _order(body: Mapping[str, Any], received_at: datetime) -> Sale | None:
    order_id = legacy_id(body.get("id"))
    if not order_id or body.get("test") is True:
        return None
    return Sale(
        order_id=order_id,
        number=text(body.get("name")),
        issued_at=moment(body.get("updated_at")) or moment(body.get("processed_at")) or received_at,
        currency=text(body.get("currency")),
        total=amount(body.get("total_price")),
        tax=amount(body.get("total_tax")),
        tip=amount(body.get("total_tip_received")) or Decimal(0),
        lines=tuple(_line(line) for line in mappings(body.get("line_items"))),
        taxes=_taxes(body),
        shipping=_shipping(body),
        gateways=tuple(texts(body.get("payment_gateway_names"))),
        billing=place(mapping(body.get("billing_address"))),
        delivery=place(mapping(body.get("shipping_address"))),
        attributes=tuple(
            (text(each.get("name")), text(each.get("value")))
            for each in mappings(body.get("note_attributes"))
        ),
    )


def _refund(body: Mapping[str, Any], received_at: datetime) -> Sale | None:
    order_id, refund_id = legacy_id(body.get("order_id")), legacy_id(body.get("id"))
    if not order_id or not refund_id:
        return None
    items = mappings(body.get("refund_line_items"))
    told = mappings(body.get("transactions"))
    if told and all(each.get("test") is True for each in told):
        return None
    money = [
        each for each in told if text(each.get("kind")) == "refund" and text(each.get("status")) in GIVEN
    ]
    paid = [amount(each.get("amount")) for each in money]
    taxes = [amount(each.get("total_tax")) for each in items]
    return Sale(
        order_id=order_id,
        number="",
        refund_id=refund_id,
        issued_at=moment(body.get("processed_at")) or moment(body.get("created_at")) or received_at,
        currency=first(*(each.get("currency") for each in money)),
        total=_sum(paid),
        tax=_sum(taxes),
        lines=tuple(_line(mapping(each.get("line_item")), each) for each in items),
        gateways=tuple(
            dict.fromkeys(text(each.get("gateway")) for each in money if text(each.get("gateway")))
        ),
    )


def _line(line: Mapping[str, Any], refunded: Mapping[str, Any] | None = None) -> SoldLine:
    quantity = (refunded or line).get("quantity")
    return SoldLine(
        description=first(line.get("title"), line.get("sku")),
        sku=text(line.get("sku")),
        quantity=quantity if isinstance(quantity, int) and not isinstance(quantity, bool) else 0,
        unit_price=_written(line.get("price")),
        discount=_written(line.get("total_discount")),
        taxes=_taxes(line),
    )


def _taxes(of: Mapping[str, Any]) -> tuple[Tax, ...]:
    return tuple(
        Tax(title=text(tax.get("title")), rate=str(tax.get("rate") or ""), amount=_written(tax.get("price")))
        for tax in mappings(of.get("tax_lines"))
    )


def _shipping(body: Mapping[str, Any]) -> str:
    prices = [
        found
        for line in mappings(body.get("shipping_lines"))
        if (found := amount(line.get("discounted_price"))) is not None
        or (found := amount(line.get("price"))) is not None
    ]
    return f"{sum(prices, Decimal(0)):.2f}"


def place(address: Mapping[str, Any]) -> Place:
    """A name and an address; no phone, no coordinates."""
    names = [text(address.get("first_name")), text(address.get("last_name"))]
    return Place(
        name=first(address.get("name"), " ".join(name for name in names if name)),
        company=text(address.get("company")),
        lines=tuple(line for key in ("address1", "address2") if (line := text(address.get(key)))),
        city=text(address.get("city")),
        postal_code=text(address.get("zip")),
        state=text(address.get("province")),
        state_code=text(address.get("province_code")),
        country_code=text(address.get("country_code")),
    )


def amount(value: Any) -> Decimal | None:
    """An amount of money from text or a number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _written(value: Any) -> str:
    found = amount(value)
    return "" if found is None else f"{found:.2f}"


def _sum(values: list[Decimal | None]) -> Decimal | None:
    return None if None in values or not values else sum((v for v in values if v is not None), Decimal(0))
