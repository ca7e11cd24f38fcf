"""A parcel: who transports it, on whose account, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MERCHANT_ACCOUNT = "merchant"  # the account is the merchant's own


class ParcelStatus(StrEnum):
    """Where a parcel is."""

    BOOKED = "booked"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    RETURNING = "returning"
    RETURNED = "returned"
    RETURN_BOOKED = "return_booked"
    REDIRECTED = "redirected"
    CANCELLED = "cancelled"
    LOST = "lost"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexedOrder:
    """An order as the index knows it: the shop's name of it, and what is open about it, as `return/9`."""

    name: str
    matters: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Waybill:
    """One parcel as the index knows it. `carrier` transports, `account_holder` has the contract.

    `status` is the shop's word, `cod` whether the carrier collects the price, None where nobody said;
    `matters` the returns and disputes of its order that are not settled, as `return/9`.
    """

    number: str
    carrier: str
    account_holder: str = MERCHANT_ACCOUNT
    order_id: str = ""
    order_name: str = ""
    shipped_at: datetime | None = None
    status: ParcelStatus = ParcelStatus.UNKNOWN
    status_at: datetime | None = None
    cod: bool | None = None
    matters: tuple[str, ...] = ()

    @property
    def account_system(self) -> str:
        """The system that has the account, and so may be asked and told about this parcel."""
        return self.carrier if self.account_holder == MERCHANT_ACCOUNT else self.account_holder


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackingResult:
    """What a system says of one parcel without naming anybody. Moments are aware UTC.

    `also` are further waybills of the same parcel: a return to its origin. `cod` and `remitted` are None
    where the system does not say. `consignee` is the person as the system still shows her, in the clear and
    only where it was asked for: digest it before it rests; '' where it shows none, None where it was not asked.
    """

    number: str
    status: ParcelStatus
    status_at: datetime | None = None
    cod: bool | None = None
    remitted: bool | None = None
    other_waybills: tuple[str, ...] = ()
    consignee: str | None = None
