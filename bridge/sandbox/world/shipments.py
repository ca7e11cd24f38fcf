"""Parcels and returned goods of the invented world.

All values are frozen. The module reads no clock, draws no random number and knows no wire format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from bridge.sandbox.world.models import Person

MERCHANT_ACCOUNT = "merchant"


@dataclass(frozen=True, kw_only=True, slots=True)
class Return:
    """Returned goods with their own waybill."""

    id: int
    name: str
    created_at: datetime
    customer_note: str
    waybill: str
    company: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    """One shipment. `carrier` is the bridge's name (`delhivery`, `bluedart`), `company` is the shop's text.

    `account_holder` has the contract with the carrier: the merchant, or `shiprocket`.
    """

    id: int
    waybill: str
    carrier: str
    company: str
    url: str
    order_id: int
    order_name: str
    shipped_at: datetime
    delivered_at: datetime | None
    cod_amount: Decimal
    invoice_value: Decimal
    consignee: Person
    account_holder: str = MERCHANT_ACCOUNT

    @property
    def holder(self) -> str:
        """Return the stand-in that knows the parcel."""
        return self.carrier if self.account_holder == MERCHANT_ACCOUNT else self.account_holder
