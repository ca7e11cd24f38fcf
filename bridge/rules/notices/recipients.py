"""Decides whom an erasure must tell, and by what each knows the person's records. Pure.

A waybill goes to whoever holds the account it travelled on and to nobody else; an order or Shopify's customer id
to those who have no waybill. Never a name, an address, a phone or an e-mail in the clear.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.model import Names, Principal, Waybill
from bridge.rules.index.attribution import UNKNOWN, personal
from bridge.rules.index.identity import normal

if TYPE_CHECKING:
    from config.merchant_file.processors import Processor

EVERY = "*"  # `carries` of a processor that has a copy of each parcel, whoever carries it


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One record at one processor, before it is an entry. A blank `reference`: nothing names her there."""

    processor: str
    names: Names
    reference: str
    order: str = ""
    order_id: str = ""
    parcel: Waybill | None = None


def whom(
    who: Principal,
    parcels: Sequence[Waybill],
    orders: Mapping[str, str],
    processors: Sequence[Processor],
) -> list[Told]:
    """Everything that has to be told. `orders` maps ids of her orders to their names.

    A parcel whose carrier nobody named goes to `unknown`, for a person to decide; one at a company that the
    merchant's file does not list goes under the company's own id, and waits there.
    """
    found: dict[tuple[str, str], Told] = {}
    for told in (*_parcels(parcels, processors), *_others(who, orders, processors)):
        found.setdefault((told.processor, told.reference), told)
    return list(found.values())


def _parcels(parcels: Sequence[Waybill], processors: Sequence[Processor]) -> Iterator[Told]:
    theirs = [processor for processor in processors if processor.applies_to == "parcels"]
    for parcel in parcels:
        holder = UNKNOWN if parcel.held_by == UNKNOWN else account_of(parcel.held_by, theirs)
        everywhere = [
            processor.id
            for processor in theirs
            if EVERY in processor.carries and processor.is_told and not personal(parcel.number)
        ]
        for processor in dict.fromkeys((holder, *everywhere)):
            yield Told(
                processor=processor,
                names=Names.WAYBILL,
                reference=parcel.number,
                order=parcel.order_name,
                order_id=parcel.order_id,
                parcel=parcel,
            )


def account_of(system: str, processors: Sequence[Processor]) -> str:
    """The processor that has a system's parcels: the one that says so, the one of that id, or the system itself."""
    return next((processor.id for processor in processors if system in processor.carries), system)


def _others(who: Principal, orders: Mapping[str, str], processors: Sequence[Processor]) -> Iterator[Told]:
    for processor in processors:
        if not processor.is_told or processor.applies_to == "parcels":
            continue
        names = Names(processor.names)
        if processor.applies_to == "orders" and names in (Names.ORDER, Names.WAYBILL):
            for order_id, name in orders.items():
                yield Told(
                    processor=processor.id,
                    names=Names.ORDER,
                    reference=name or order_id,
                    order=name,
                    order_id=order_id,
                )
        elif processor.applies_to == "everyone" or orders:
            yield Told(processor=processor.id, names=names, reference=_named(names, who))


def _named(names: Names, who: Principal) -> str:
    """What names the person herself there: Shopify's id, or the hash by which advertisers know an e-mail."""
    if names is Names.EMAIL_SHA256:
        email = normal("email", who.email)
        return hashlib.sha256(email.encode()).hexdigest() if email else ""
    return who.customer_id
