"""Bank details for one refund of cash paid on delivery, and what outlives them.

The details are sensitive personal data (SPDI Rules r.3): no repr shows a value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class RefundState(StrEnum):
    """The state of a refund: its details can be read only while it is open."""

    OPEN = "open"
    SETTLED = "settled"
    ERASED = "erased"


@dataclass(frozen=True, kw_only=True, slots=True)
class BankDetails:
    """Where the money goes, in the clear: an account with its bank code, or a UPI address."""

    account_number: str = field(default="", repr=False)
    ifsc: str = field(default="", repr=False)
    account_holder: str = field(default="", repr=False)
    upi_id: str = field(default="", repr=False)

    @property
    def method(self) -> str:
        """Return `bank` or `upi`."""
        return "upi" if self.upi_id else "bank"

    @property
    def last_four(self) -> str:
        """Return the account's last digits; '' for a UPI address."""
        return self.account_number[-4:]


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """The bank's confirmation of the transfer: its UTR or RRN, the amount, and the day on which both were matched."""

    reference: str = field(repr=False)
    amount: Decimal
    currency: str
    on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class PaymentReference:
    """What outlives the details: the method, the last four digits, and the settlement once there is one."""

    method: str
    last_four: str
    settlement: Settlement | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RefundAccount:
    """The record of one refund's details without the details. `order_key` and `subject` are keyed HMACs.

    `erase_at` is when the details may be erased: None while the refund is open, and where the retention file gives no day.
    `request_id` is the erasure that restricted or erased them. `approved_by` approved at `approved_at` that another person reads them.
    """

    id: str
    shop: str
    refund_id: str
    order_key: str
    subject: str
    state: RefundState
    opened_at: datetime
    settled_at: datetime | None = None
    erase_at: datetime | None = None
    erased_at: datetime | None = None
    request_id: str = ""
    approved_by: str = ""
    approved_at: datetime | None = None
