"""List the recipients of the data subject's data by name (DPDP Act s.11(1)(b), GDPR Art 15(1)(c)).

A recipient is a fact of this person: a system that gave records, a carrier of a parcel, the service of a payment, the
host of what the bridge holds, a processor of data of which the person has records, or an authority that was given data
and may be named. Who is configured and has none is not listed. A recipient without a name in the merchant's file is
reported as unnamed, never left out silently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import Any

from bridge.steps.access.package import plain_language
from bridge.steps.access.package.country_names import COUNTRY_NAMES
from bridge.steps.access.package.records.own_tables import DATA_SEPARATOR
from bridge.steps.access.package.sections.recipient_facts import Disclosure, RecipientSearch
from bridge.steps.access.package.sections.statistics import PackageStatistics, normalize_carrier_name
from bridge.steps.access.package.text import (
    NOT_PUBLISHED,
    format_csv_line,
    format_setting,
    is_setting_given,
    parse_local_date,
)
from config.merchant_file.merchant import Merchant
from config.merchant_file.processors import Processor

HOME_COUNTRY = "IN"
AUTHORITY_ROLE = "public authority"
FROM_OWN_REGISTER = "our own record of what authorities were given"
RECIPIENT_NOT_CONFIGURED = "recipient_identity_not_configured"
_CSV_COLUMNS = "legal_name role service fields_shared first_shared_on last_shared_on waybills countries safeguard records known_from"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """One recipient as the letter and the tables show it.

    `records` counts what it got or gave by table or category, `known_from` says what shows that; `excess_records` counts its
    records that hold more than the policy promises, and `excess_data` what that is.
    """

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
    records: Mapping[str, int] = field(default_factory=dict)
    known_from: tuple[str, ...] = ()
    excess_records: int = 0
    excess_data: tuple[str, ...] = ()


def list_recipients(merchant: Merchant, statistics: PackageStatistics) -> tuple[list[Recipient], tuple[str, ...]]:
    """Return the recipients of this person's data, and the ids of those whose name nobody has entered."""
    disclosures = RecipientSearch(merchant, statistics)
    recipients, unnamed = [], []
    for processor in merchant.processors:
        disclosure = disclosures.find_disclosure(processor)
        if disclosure and (processor.named or disclosure.waybill_count is not None):
            recipients.append(_build_processor_recipient(processor, disclosure))
        if (disclosure and not _has_name(processor)) or disclosures.may_have_data(processor):
            unnamed.append(processor.id)
    for name, disclosure in disclosures.list_unlisted_firms():
        recipients.append(_build_unlisted_recipient(name, disclosure))
        unnamed.append(name)
    recipients += [_build_authority_recipient(row, statistics.zone) for row in statistics.disclosures]
    return recipients, tuple(unnamed)


def _has_name(processor: Processor) -> bool:
    return processor.named and is_setting_given(processor.legal_name)


def _build_unlisted_recipient(name: str, disclosure: Disclosure) -> Recipient:
    shown = plain_language.describe_code(name, plain_language.TRADE_NAMES)
    is_carrier = disclosure.waybill_count is not None
    return Recipient(
        id=normalize_carrier_name(name),
        name=f"{shown} (as the {'shop' if is_carrier else 'payment'} names it; legal name {NOT_PUBLISHED})",
        role=NOT_PUBLISHED,
        service="delivery" if is_carrier else "payment",
        **_get_disclosure_fields(disclosure),
    )


def _build_processor_recipient(processor: Processor, disclosure: Disclosure) -> Recipient:
    return Recipient(
        id=processor.id,
        name=format_processor_name(processor),
        role=format_setting(processor.role),
        service=format_setting(processor.services),
        countries=processor.countries,
        safeguard=processor.safeguard,
        has_legal_name=is_setting_given(processor.legal_name),
        **_get_disclosure_fields(disclosure),
    )


def _build_authority_recipient(row: Mapping[str, str], zone: tzinfo) -> Recipient:
    day = parse_local_date(row["at"], zone)
    return Recipient(
        id=row["disclosure"],
        name=row["authority"],
        role=AUTHORITY_ROLE,
        service=f"what a law or an order demands: {row['law']}",
        shared_data=tuple(row["what"].split(DATA_SEPARATOR)),
        first_shared_on=day,
        last_shared_on=day,
        waybill_count=None,
        countries=(row["country"],),
        has_legal_name=True,
        known_from=(FROM_OWN_REGISTER,),
    )


def _get_disclosure_fields(disclosure: Disclosure) -> dict[str, Any]:
    values = {name: getattr(disclosure, name) for name in Disclosure.__slots__ if name != "span"}
    span = disclosure.span
    return values | {"first_shared_on": span.first_date, "last_shared_on": span.last_date}


def format_processor_name(processor: Processor) -> str:
    """Return the legal name of a processor, or what it is known as and that its legal name is not yet published."""
    if is_setting_given(processor.legal_name):
        return processor.legal_name.strip()
    return f"{plain_language.describe_code(processor.id, plain_language.TRADE_NAMES)} (legal name {NOT_PUBLISHED})"


def describe_countries(recipient: Recipient | Processor) -> str:
    """Return the countries of a recipient in words."""
    names = (plain_language.describe_code(code, COUNTRY_NAMES) for code in recipient.countries)
    return ", ".join(names) or NOT_PUBLISHED


def describe_safeguard(recipient: Recipient | Processor) -> str:
    """Return what protects the data at a recipient, in words."""
    if is_setting_given(recipient.safeguard):
        return format_setting(recipient.safeguard)
    return NOT_PUBLISHED if _is_maybe_abroad(recipient) else "the data stay in India"


def _is_maybe_abroad(recipient: Recipient | Processor) -> bool:
    return set(recipient.countries) != {HOME_COUNTRY}


def build_recipients_section(
    all_recipients: Sequence[Recipient], unnamed_recipients: Sequence[str]
) -> Mapping[str, Any]:
    """Return the body of `02_recipients.json`."""
    return {
        "recipients": [
            {
                "id": recipient.id,
                "legal_name_published": recipient.has_legal_name,
                "records_beyond_the_promise": recipient.excess_records,
                "data_beyond_the_promise": list(recipient.excess_data),
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
        "note": plain_language.AUTHORITIES_SENTENCE,
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
        "records": dict(recipient.records),
        "known_from": list(recipient.known_from),
    }


def render_recipients_csv(all_recipients: Sequence[Recipient]) -> Iterator[bytes]:
    """Yield `02_recipients.csv` line by line."""
    yield format_csv_line(_CSV_COLUMNS.split()).encode()
    for recipient in all_recipients:
        row = _build_recipient_row(recipient)
        row["waybills"] = "" if recipient.waybill_count is None else recipient.waybill_count
        row |= {"fields_shared": "; ".join(recipient.shared_data), "countries": ", ".join(recipient.countries)}
        row["records"] = "; ".join(f"{name}: {count}" for name, count in recipient.records.items())
        row["known_from"] = "; ".join(recipient.known_from)
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
