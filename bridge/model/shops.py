"""A shop: its number at Shopify, and the names that it has had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ShopName:
    """One `*.myshopify.com` domain of one shop.

    `number` is Shopify's id of the shop, '' while it is not known. `key` is what the rows are stored under that came
    under this domain before the number was known. `asked_at` is when Shopify was last asked about the domain.
    """

    domain: str
    number: str
    key: str
    first_seen_at: datetime
    last_seen_at: datetime
    asked_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ShopIdentity:
    """What Shopify says of a shop: its number, and the domain that it has now."""

    number: str
    domain: str
