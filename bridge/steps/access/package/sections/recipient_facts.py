"""Find what each recipient has of the data subject: by the records that it gave, the parcels, the payments, the promises.

Facts of this person only: a processor that is configured and has nothing of the person has no disclosure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bridge.rules.notices.recipients import ALL_PARCELS
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.steps.access.package import plain_language
from bridge.steps.access.package.records.own_tables import OWN_RECORDS_SYSTEM
from bridge.steps.access.package.sections.statistics import (
    LABEL_FIELDS,
    SHIPMENT_CATEGORY,
    CarrierParcels,
    PackageStatistics,
    RecordTally,
    normalize_carrier_name,
)
from config.merchant_file.merchant import Merchant
from config.merchant_file.processors import Processor

PAYMENT_CATEGORY = "payment_reference"
COPY_CATEGORY = "access_package"
_ANNOUNCED_PAYMENT_SERVICE = "payment_gateway"  # the id in the merchant's file while nobody has named it
_SHARED_DATA_NAMES = {**plain_language.CATEGORY_PHRASES, **plain_language.SHARED_FIELD_PHRASES}
_FIELD_ORDER = tuple(plain_language.SHARED_FIELD_PHRASES)
# Ways to pay that involve no other firm, or the carrier that collects the cash, as a gateway of Shopify names them.
_OWN_PAYMENT_METHODS = (
    "cashondelivery", "cod", "manual", "cash", "banktransfer", "bankdeposit", "moneyorder", "cheque", "giftcard",
    "storecredit", "shopifystorecredit", "exchangecredit", "bogus",
)  # fmt: skip
FROM_OWN_RECORDS = "the records that it gave us"
FROM_ORDERS = "your orders and parcels"
FROM_PAYMENTS = "your payments"
FROM_OWN_STORE = "what our own request system stores there"
FROM_PROMISE = "what our policy says it gets, where we hold such data about you"


@dataclass(frozen=True, kw_only=True, slots=True)
class Disclosure:
    """What one recipient has of this person."""

    shared_data: tuple[str, ...]
    records: Mapping[str, int]
    known_from: tuple[str, ...]
    span: RecordTally
    waybill_count: int | None = None
    excess_records: int = 0
    excess_data: tuple[str, ...] = ()


class RecipientSearch:
    """Which processor of the merchant's file has which data of this person, and what no processor accounts for."""

    def __init__(self, merchant: Merchant, statistics: PackageStatistics) -> None:
        self._statistics, self._processors = statistics, merchant.processors
        self._carriers = [one for one in self._processors if SHIPMENT_CATEGORY in one.data]
        self._gateways = {
            name: tally
            for name, tally in statistics.tallies_by_gateway.items()
            if not normalize_carrier_name(name).startswith(_OWN_PAYMENT_METHODS)
        }

    def find_disclosure(self, processor: Processor) -> Disclosure | None:
        """Return what the processor has of this person; None for nothing that we know of."""
        if processor in self._carriers:
            return self._find_parcels(processor)
        if _is_platform(processor):
            return self._find_platform_records()
        return self._find_other_data(processor) if processor.named and self._statistics.found_count else None

    def _find_other_data(self, processor: Processor) -> Disclosure | None:
        if payments := [tally for name, tally in self._gateways.items() if _is_named(processor, name)]:
            return _build_payment_disclosure(payments)
        if is_own_host(processor):
            return self._find_categories([OWN_RECORDS_SYSTEM], None, FROM_OWN_STORE)
        # a payment service is known by the payments that name it
        is_payment_service = PAYMENT_CATEGORY in processor.data
        return None if is_payment_service else self._find_categories(None, processor.data, FROM_PROMISE)

    def may_have_data(self, processor: Processor) -> bool:
        """Return True for a recipient that the policy announces without a name, unless nothing of this person fits it."""
        if processor.named or not self._statistics.found_count:
            return False
        if processor.id == _ANNOUNCED_PAYMENT_SERVICE or PAYMENT_CATEGORY in processor.data:
            has_unnamed_payments = bool(self._statistics.rows_by_table["payments"])
            return has_unnamed_payments and not self._statistics.tallies_by_gateway
        categories = self._statistics.tallies_by_category
        return not processor.data or any(category in categories for category in processor.data)

    def list_unlisted_firms(self) -> Iterator[tuple[str, Disclosure]]:
        """Yield the name and the data of each firm that no processor of the merchant's file accounts for."""
        statistics = self._statistics
        platform = None if any(map(_is_platform, self._processors)) else self._find_platform_records()
        if platform:
            yield PLATFORM, platform
        for name, tally in self._gateways.items():
            if not any(processor.named and _is_named(processor, name) for processor in self._processors):
                yield name, _build_payment_disclosure([tally])
        for key, parcels in sorted(statistics.parcels_by_carrier.items()):
            if not any(_is_processor_of_carrier(one, key) for one in self._carriers):
                yield parcels.name or "a carrier the shop did not name", _build_parcel_disclosure([parcels], ())

    def _find_platform_records(self) -> Disclosure | None:
        """Return what the platform gave; while it cannot be read, what it once reported of orders shows that it has them."""
        of_orders = self._find_categories([OWN_RECORDS_SYSTEM], ["parcel_index"], FROM_ORDERS)
        return self._find_categories([PLATFORM], None, FROM_OWN_RECORDS) or of_orders

    def _find_parcels(self, processor: Processor) -> Disclosure | None:
        """Return the parcels on the processor's account; one that gets all parcels has a copy of those of others."""
        by_carrier = self._statistics.parcels_by_carrier
        own = [by_carrier[key] for key in by_carrier if _is_processor_of_carrier(processor, key)]
        if ALL_PARCELS not in processor.carries:
            return _build_parcel_disclosure(own, processor.fields) if own else None
        if not by_carrier:
            return None
        known = [one for one in own if one.records]
        return _build_parcel_disclosure(list(by_carrier.values()), processor.fields, holders=known)

    def _find_categories(
        self, systems: Sequence[str] | None, categories: Sequence[str] | None, known_from: str
    ) -> Disclosure | None:
        """Return the records of these systems and categories; None for no limit, or if there are none."""
        statistics, span, counts = self._statistics, RecordTally(), dict[str, int]()
        for (system, category), tally in statistics.tallies_by_origin.items():
            if (systems is None or system in systems) and (categories is None or category in categories):
                counts[category] = counts.get(category, 0) + tally.records
                span.include_date(tally.first_date)
                span.include_date(tally.last_date)
        if systems == [OWN_RECORDS_SYSTEM] and categories is None:
            counts[COPY_CATEGORY] = 1  # this one
        if not counts:
            return None
        ordered = [*(category for category in _SHARED_DATA_NAMES if category in counts), *sorted(counts)]
        ordered = list(dict.fromkeys(ordered))
        shared = tuple(plain_language.describe_code(category, _SHARED_DATA_NAMES) for category in ordered)
        return Disclosure(shared_data=shared, records=counts, known_from=(known_from,), span=span)


def is_own_host(processor: Processor) -> bool:
    """Return True for the firm on whose computers the bridge stores its own records."""
    return processor.erasure_channel == "own" or COPY_CATEGORY in processor.data


def _is_platform(processor: Processor) -> bool:
    return processor.erasure_channel == "platform" or processor.id == PLATFORM


def _is_processor_of_carrier(processor: Processor, normalized_name: str) -> bool:
    if normalized_name in processor.carries:
        return True
    legal_name = normalize_carrier_name(processor.legal_name)
    names = filter(None, (normalize_carrier_name(processor.id), legal_name))
    return normalized_name.startswith(tuple(names)) or bool(normalized_name and legal_name.startswith(normalized_name))


def _is_named(processor: Processor, gateway: str) -> bool:
    """Return True if the processor is the payment service of this name; `Shopify Payments` is Shopify's."""
    return _is_processor_of_carrier(processor, normalize_carrier_name(gateway))


def _build_payment_disclosure(tallies: Sequence[RecordTally]) -> Disclosure:
    span = RecordTally()
    for tally in tallies:
        span.include_date(tally.first_date)
        span.include_date(tally.last_date)
    return Disclosure(
        shared_data=(plain_language.CATEGORY_PHRASES[PAYMENT_CATEGORY],),
        records={"payments": sum(tally.records for tally in tallies)},
        known_from=(FROM_PAYMENTS,),
        span=span,
    )


def _build_parcel_disclosure(
    parcels: Sequence[CarrierParcels], promised: Sequence[str], *, holders: Sequence[CarrierParcels] | None = None
) -> Disclosure:
    """Return what the recipient of these parcels has: by the records that it gave us, else by the orders.

    `promised` is what the policy says that it gets. `holders` are the entries of the recipient's own records, where the
    parcels are those of others.
    """
    own = parcels if holders is None else holders
    span, fields, known_from = RecordTally(), set[str](), list[str]()
    limit = set(promised) or LABEL_FIELDS
    for one in parcels:
        span.include_date(one.span.first_date)
        span.include_date(one.span.last_date)
    shown = {field for one in own for record in one.records for field in record}
    labelled = {field for one in own for field in one.label_fields} if holders is None else set[str]()
    if any(one.records for one in own):
        fields, known_from = fields | shown, [*known_from, FROM_OWN_RECORDS]
    if labelled:
        fields, known_from = fields | labelled, [*known_from, FROM_ORDERS]
    if not fields:
        fields, known_from = set(limit), [FROM_PROMISE]
    return Disclosure(
        shared_data=_describe_fields(fields),
        records={"shipments": sum(count for one in own for count in one.records.values())},
        known_from=tuple(known_from),
        span=span,
        waybill_count=len({number for one in parcels for number in one.waybills}),
        excess_records=sum(count for one in own for record, count in one.records.items() if record - limit),
        excess_data=_describe_fields(shown - limit),
    )


def _describe_fields(fields: set[str]) -> tuple[str, ...]:
    ordered = sorted(fields, key=lambda name: (_FIELD_ORDER.index(name) if name in _FIELD_ORDER else 99, name))
    return tuple(plain_language.describe_code(name, plain_language.SHARED_FIELD_PHRASES) for name in ordered)
