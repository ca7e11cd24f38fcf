"""A sale as the tax books need it: what a tax invoice must state, whichever system reported it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class SaleTax:
    """One tax on a sale; `rate` as the shop reports it (0.03), empty where it does not."""

    title: str
    rate: str
    amount: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SaleLine:
    """One line: what was sold, never what was engraved on it. Amounts are decimal text in the sale's currency."""

    description: str
    sku: str
    quantity: int
    unit_price: str
    discount: str = "0.00"
    taxes: tuple[SaleTax, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PostalAddress:
    """A name and an address as an invoice shows them. `state_code` is Shopify's (`MH`), country ISO 3166."""

    name: str = ""
    company: str = ""
    lines: tuple[str, ...] = ()
    city: str = ""
    postal_code: str = ""
    state: str = ""
    state_code: str = ""
    country_code: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sale:
    """An order that was paid or sent, so that an invoice exists; or, with `refund_id`, a refund of it.

    `total` and `tax` are None where they cannot be read. `attributes` are the order's own (name, value), in which a buyer
    may have given the name for the invoice or a GSTIN. `issued_at` is the time of the event that made the document due.
    `is_complete` is False where there are more lines, parcels or refunds than were read.
    """

    order_id: str
    number: str
    issued_at: datetime
    currency: str = ""
    total: Decimal | None = None
    tax: Decimal | None = None
    tip: Decimal = Decimal(0)
    lines: tuple[SaleLine, ...] = ()
    taxes: tuple[SaleTax, ...] = ()
    shipping: str = ""
    gateways: tuple[str, ...] = ()
    billing: PostalAddress = field(default_factory=PostalAddress)
    delivery: PostalAddress = field(default_factory=PostalAddress)
    attributes: tuple[tuple[str, str], ...] = ()
    refund_id: str = ""
    is_complete: bool = True
