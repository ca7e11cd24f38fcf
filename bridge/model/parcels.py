"""A parcel: its carrier, the account it was booked on, and its status."""

from __future__ import annotations

from dataclasses import dataclass, field
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


class ParcelListing(StrEnum):
    """What the fulfilments of an order say of a parcel by their newest state."""

    LISTED = "listed"  # also where no fulfilment is known: nothing speaks against it
    CANCELLED = "cancelled"  # only a cancelled fulfilment lists it
    SUPERSEDED = "superseded"  # its fulfilment now lists another number in its place


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsigneeClues:
    """By what a parcel is known to be for a person, in the clear and never in a `repr`: digest it before storing it.

    `references` are order names and ids, or what a carrier has as the order reference.
    """

    references: tuple[str, ...] = field(default=(), repr=False)
    names: tuple[str, ...] = field(default=(), repr=False)
    phones: tuple[str, ...] = field(default=(), repr=False)
    pins: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexedOrder:
    """An order as the index knows it: the shop's name of it, and its open returns and disputes, as `return/9`.

    `updated_at` is the shop's last change of it.
    """

    name: str
    matters: tuple[str, ...] = ()
    placed_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Waybill:
    """One parcel as the index knows it. `carrier` transports it, `account_holder` has the contract.

    `status` is the shop's report, `cod` whether the carrier collects the price, None where it is unknown; `matters` are the
    open returns and disputes of its order, as `return/9`. `fulfillments` are the ids of the
    fulfilments that listed it, each with the moment (ISO 8601 in UTC, '' where unknown) of the last event that did, `clues`
    (JSON of digests, see `rules/index/consignee/match`) what its order says of the person that it is for; `is_return`:
    it goes back to the merchant. `is_conflict`: company and link name different carriers, so that it is `unknown`.
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
    fulfillments: tuple[tuple[str, str], ...] = ()
    listing: ParcelListing = ParcelListing.LISTED
    clues: str = ""
    is_return: bool = False
    is_conflict: bool = False

    @property
    def account_system(self) -> str:
        """Return the system that has the account: it may be asked about this parcel, and instructed."""
        return self.carrier if self.account_holder == MERCHANT_ACCOUNT else self.account_holder


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackingResult:
    """What a system reports of one parcel, without personal data. Times are aware UTC.

    `other_waybills` are further waybills of the same parcel: a return to its origin. `cod` and `remitted` are None where the
    system does not report them. `consignee` is the person that the system still shows, in the clear and only where the
    caller asked for it: digest it before storing it; '' where it shows none, None where the caller did not ask. `clues`
    is what of it tells whose the parcel is, on the same terms.
    """

    number: str
    status: ParcelStatus
    status_at: datetime | None = None
    cod: bool | None = None
    remitted: bool | None = None
    other_waybills: tuple[str, ...] = ()
    consignee: str | None = None
    clues: ConsigneeClues | None = None
