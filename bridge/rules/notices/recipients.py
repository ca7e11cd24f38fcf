"""Decides which processors an erasure must notify, and by which reference each knows the records. Pure.

A waybill goes to the holder of the account on which it was sent and to nobody else; an order or Shopify's customer id
to those who have no waybill. Never a name, an address, a phone or an e-mail in the clear.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.model import Principal, ReferenceKind, Waybill
from bridge.rules.index.attribution import UNKNOWN_CARRIER, is_personal_for
from bridge.rules.index.identity import list_normal_forms

if TYPE_CHECKING:
    from config.merchant_file.processors import Processor

HASHED_FIELDS = {ReferenceKind.EMAIL_SHA256: "email", ReferenceKind.PHONE_SHA256: "phone"}
ALL_PARCELS = "*"  # `carries` of a processor that has a copy of each parcel, whoever carries it
NO_REFERENCE = "nothing_to_name_her_by"  # why a task fails: the processor knows no reference that we may send


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeTarget:
    """One record at one processor, before it is a notice item. A blank `reference`: nothing there may be named."""

    processor: str
    reference_kind: ReferenceKind
    reference: str
    order: str = ""
    order_id: str = ""
    parcel: Waybill | None = None


def list_notice_targets(
    principal: Principal, parcels: Sequence[Waybill], orders: Mapping[str, str], processors: Sequence[Processor]
) -> list[NoticeTarget]:
    """Return each record that a notice must name. `orders` maps the data subject's order ids to their names.

    A parcel whose carrier nobody named goes to `unknown`, for an operator to decide; one at a company that the
    merchant's file does not list goes under the company's own id, and waits there.
    """
    targets: dict[tuple[str, str], NoticeTarget] = {}
    for target in (*_list_parcel_targets(parcels, processors), *_list_other_targets(principal, orders, processors)):
        targets.setdefault((target.processor, target.reference), target)
    return list(targets.values())


def _list_parcel_targets(parcels: Sequence[Waybill], processors: Sequence[Processor]) -> Iterator[NoticeTarget]:
    by_parcel = [processor for processor in processors if processor.applies_to == "parcels"]
    for parcel in parcels:
        holder = (
            UNKNOWN_CARRIER
            if parcel.account_system == UNKNOWN_CARRIER
            else find_account_processor(parcel.account_system, by_parcel)
        )
        have_all_parcels = [
            processor.id
            for processor in by_parcel
            if ALL_PARCELS in processor.carries
            and processor.is_notice_recipient
            and not is_personal_for(parcel.carrier, parcel.number)
        ]
        for processor in dict.fromkeys((holder, *have_all_parcels)):
            yield NoticeTarget(
                processor=processor,
                reference_kind=ReferenceKind.WAYBILL,
                reference=parcel.number,
                order=parcel.order_name,
                order_id=parcel.order_id,
                parcel=parcel,
            )


def find_account_processor(system: str, processors: Sequence[Processor]) -> str:
    """Return the id of the processor that has a system's parcels: the one that carries it, else the system's own."""
    return next((processor.id for processor in processors if system in processor.carries), system)


def _list_other_targets(
    principal: Principal, orders: Mapping[str, str], processors: Sequence[Processor]
) -> Iterator[NoticeTarget]:
    for processor in processors:
        if not processor.is_notice_recipient or processor.applies_to == "parcels":
            continue
        reference_kind = ReferenceKind(processor.names)
        if processor.applies_to == "orders" and reference_kind in (ReferenceKind.ORDER, ReferenceKind.WAYBILL):
            for order_id, name in orders.items():
                yield NoticeTarget(
                    processor=processor.id,
                    reference_kind=ReferenceKind.ORDER,
                    reference=name or order_id,
                    order=name,
                    order_id=order_id,
                )
        elif (processor.applies_to == "everyone" or orders) and principal.cutoff_at is None:
            # it cannot tell what came after a cut-off from what the notice asked it to erase then
            for reference in _build_subject_references(reference_kind, principal):
                yield NoticeTarget(processor=processor.id, reference_kind=reference_kind, reference=reference)


def list_stop_targets(principal: Principal, processors: Sequence[Processor]) -> list[NoticeTarget]:
    """Return each record of the data subject that these processors must send nothing to any more.

    None of a processor that knows the data subject by nothing that the request names.
    """
    return [
        NoticeTarget(processor=processor.id, reference_kind=kind, reference=reference)
        for processor in processors
        for kind in (_find_person_reference(processor),)
        for reference in _build_subject_references(kind, principal)
        if reference
    ]


def _find_person_reference(processor: Processor) -> ReferenceKind:
    kind = ReferenceKind(processor.names)
    return kind if kind in HASHED_FIELDS else ReferenceKind.CUSTOMER


def _build_subject_references(reference_kind: ReferenceKind, principal: Principal) -> list[str]:
    """Return what names the data subject there: Shopify's id, or the hash by which others know each e-mail or phone."""
    if field := HASHED_FIELDS.get(reference_kind):
        forms = list_normal_forms(field, getattr(principal, field))
        return [hashlib.sha256(form.encode()).hexdigest() for form in forms] or [""]
    return list(principal.customer_ids) or [""]
