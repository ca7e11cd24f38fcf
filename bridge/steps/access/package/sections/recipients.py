"""List the recipients of the data subject's data by name (DPDP Act s.11(1)(b), GDPR Art 15(1)(c)).

A carrier is listed only if it carried a parcel of the data subject; the shop platform and the hosts always. A
recipient without a name in the merchant's file is reported as unnamed, never left out silently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from bridge.rules.notices.recipients import ALL_PARCELS
from bridge.steps.access.package import plain_language
from bridge.steps.access.package.country_names import COUNTRY_NAMES
from bridge.steps.access.package.sections.statistics import CarrierParcels, PackageStatistics, normalize_carrier_name
from bridge.steps.access.package.text import NOT_PUBLISHED, format_csv_line, format_setting, is_setting_given
from config.merchant_file.merchant import Merchant
from config.merchant_file.processors import Processor

HOME_COUNTRY = "IN"
RECIPIENT_NOT_CONFIGURED = "recipient_identity_not_configured"
_CSV_COLUMNS = "legal_name role service fields_shared first_shared_on last_shared_on waybills countries safeguard"
_SHIPMENT_CATEGORY = "shipment"
_SHARED_DATA_NAMES = {**plain_language.CATEGORY_PHRASES, **plain_language.SHARED_FIELD_PHRASES}


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """One recipient as the letter and the tables show it."""

    id: str
    name: str
    role: str
    service: str
    shared_data: tuple[str, ...]
    first_shared_on: date | None
    last_shared_on: date | None
    waybill_count: int | None
    countries: tuple[str, ...] = ()
    safeguard: str = ""
    has_legal_name: bool = False


def list_recipients(merchant: Merchant, statistics: PackageStatistics) -> tuple[list[Recipient], tuple[str, ...]]:
    """Return the recipients, and the ids of those without a configured name."""
    recipients, unnamed = [], []
    processor_keys: set[str] = set()
    for processor in merchant.processors:
        if _SHIPMENT_CATEGORY not in processor.data:
            if not (processor.named and is_setting_given(processor.legal_name)):
                unnamed.append(processor.id)
            if processor.named:
                recipients.append(_build_permanent_recipient(processor, statistics))
            continue
        keys = list(statistics.parcels_by_carrier)
        # a processor of all parcels has copies; those parcels still count for their carrier
        if ALL_PARCELS not in processor.carries:
            keys = [key for key in keys if _is_processor_of_carrier(processor, key)]
            processor_keys.update(keys)
        if keys:
            recipients.append(_build_carrier_recipient(processor, [statistics.parcels_by_carrier[key] for key in keys]))
            if not is_setting_given(processor.legal_name):
                unnamed.append(processor.id)
    for key in sorted(statistics.parcels_by_carrier.keys() - processor_keys):
        recipients.append(_build_carrier_recipient(None, [statistics.parcels_by_carrier[key]]))
        unnamed.append(statistics.parcels_by_carrier[key].name or "a carrier the shop did not name")
    return recipients, tuple(unnamed)


def _is_processor_of_carrier(processor: Processor, normalized_name: str) -> bool:
    if normalized_name in processor.carries:
        return True
    legal_name = normalize_carrier_name(processor.legal_name)
    names = filter(None, (normalize_carrier_name(processor.id), legal_name))
    return normalized_name.startswith(tuple(names)) or bool(normalized_name and legal_name.startswith(normalized_name))


def _build_permanent_recipient(processor: Processor, statistics: PackageStatistics) -> Recipient:
    tally = statistics.tallies_by_system.get(processor.id)
    first_day, last_day = (tally.first_date, tally.last_date) if tally else (None, None)
    fields = processor.fields or processor.data
    shared = tuple(plain_language.describe_code(field, _SHARED_DATA_NAMES) for field in fields)
    return _build_processor_recipient(processor, shared, first_day, last_day, None)


def _build_carrier_recipient(processor: Processor | None, carrier_parcels: Sequence[CarrierParcels]) -> Recipient:
    days = [day for parcels in carrier_parcels for day in (parcels.span.first_date, parcels.span.last_date) if day]
    first_day, last_day = min(days, default=None), max(days, default=None)
    waybill_count = len({number for parcels in carrier_parcels for number in parcels.waybills})
    shared = tuple(plain_language.SHARED_FIELD_PHRASES.values())
    if processor:
        named = (plain_language.describe_code(name, plain_language.SHARED_FIELD_PHRASES) for name in processor.fields)
        return _build_processor_recipient(processor, tuple(named) or shared, first_day, last_day, waybill_count)
    carrier_name = carrier_parcels[0].name or "A carrier the shop did not name"
    return Recipient(
        id=normalize_carrier_name(carrier_name),
        name=f"{carrier_name} (as the shop names it; legal name {NOT_PUBLISHED})",
        role=NOT_PUBLISHED,
        service="delivery",
        shared_data=shared,
        first_shared_on=first_day,
        last_shared_on=last_day,
        waybill_count=waybill_count,
    )


def _build_processor_recipient(
    processor: Processor, shared: tuple[str, ...], first_day: date | None, last_day: date | None, waybills: int | None
) -> Recipient:
    return Recipient(
        id=processor.id,
        name=_format_recipient_name(processor),
        role=format_setting(processor.role),
        service=format_setting(processor.services),
        shared_data=shared,
        first_shared_on=first_day,
        last_shared_on=last_day,
        waybill_count=waybills,
        countries=processor.countries,
        safeguard=processor.safeguard,
        has_legal_name=is_setting_given(processor.legal_name),
    )


def _format_recipient_name(processor: Processor) -> str:
    if is_setting_given(processor.legal_name):
        return processor.legal_name.strip()
    return f"{plain_language.describe_code(processor.id, plain_language.TRADE_NAMES)} (legal name {NOT_PUBLISHED})"


def describe_countries(recipient: Recipient) -> str:
    """Return the countries of a recipient in words."""
    names = (plain_language.describe_code(code, COUNTRY_NAMES) for code in recipient.countries)
    return ", ".join(names) or NOT_PUBLISHED


def describe_safeguard(recipient: Recipient) -> str:
    """Return what protects the data at a recipient, in words."""
    if is_setting_given(recipient.safeguard):
        return format_setting(recipient.safeguard)
    return NOT_PUBLISHED if _is_maybe_abroad(recipient) else "the data stay in India"


def _is_maybe_abroad(recipient: Recipient) -> bool:
    return set(recipient.countries) != {HOME_COUNTRY}


def build_recipients_section(
    all_recipients: Sequence[Recipient], unnamed_recipients: Sequence[str], statistics: PackageStatistics
) -> Mapping[str, Any]:
    """Return the body of `02_recipients.json`."""
    return {
        "recipients": [
            {
                "id": recipient.id,
                "legal_name_published": recipient.has_legal_name,
                "records_beyond_the_promise": statistics.excess_data_records.get(recipient.id, 0),
                **_build_recipient_row(recipient),
            }
            for recipient in all_recipients
        ],
        "unnamed": [
            {
                "processor": processor_id,
                "name": plain_language.describe_code(processor_id, plain_language.TRADE_NAMES),
                "reason": RECIPIENT_NOT_CONFIGURED,
            }
            for processor_id in unnamed_recipients
        ],
        "recipients_named": not unnamed_recipients,
        "note": "The systems that we searched do not record what public authorities asked for.",
    }


def _build_recipient_row(recipient: Recipient) -> dict[str, Any]:
    """Return what JSON and CSV have in common, in the order of `_CSV_COLUMNS`."""
    return {
        "legal_name": recipient.name,
        "role": recipient.role,
        "service": recipient.service,
        "fields_shared": list(recipient.shared_data),
        "first_shared_on": recipient.first_shared_on.isoformat() if recipient.first_shared_on else "",
        "last_shared_on": recipient.last_shared_on.isoformat() if recipient.last_shared_on else "",
        "waybills": recipient.waybill_count,
        "countries": list(recipient.countries),
        "safeguard": describe_safeguard(recipient),
    }


def render_recipients_csv(all_recipients: Sequence[Recipient]) -> Iterator[bytes]:
    """Yield `02_recipients.csv` line by line."""
    yield format_csv_line(_CSV_COLUMNS.split()).encode()
    for recipient in all_recipients:
        row = _build_recipient_row(recipient)
        row["waybills"] = "" if recipient.waybill_count is None else recipient.waybill_count
        row |= {"fields_shared": "; ".join(recipient.shared_data), "countries": ", ".join(recipient.countries)}
        yield format_csv_line(map(str, row.values())).encode()


def build_transfers_section(all_recipients: Sequence[Recipient]) -> Mapping[str, Any]:
    """Return the body of `07_transfers.json`: every recipient that is or may be outside India."""
    return {
        "transfers": [
            {
                "recipient": recipient.name,
                "countries": [
                    {"code": code, "name": plain_language.describe_code(code, COUNTRY_NAMES)}
                    for code in recipient.countries
                    if code != HOME_COUNTRY
                ],
                "countries_published": bool(recipient.countries),
                "basis": "needed for the service named, by a firm that works for us"
                if recipient.role == "processor"
                else NOT_PUBLISHED,
                "safeguard": describe_safeguard(recipient),
            }
            for recipient in all_recipients
            if _is_maybe_abroad(recipient)
        ],
        "how_to_get_a_copy": "Write to the contact named above and ask for a copy of the safeguard.",
    }
