"""Who got data of this person: names, not kinds of firms (DPDP Act s.11(1)(b), GDPR Art 15(1)(c)).

A carrier is listed only where a parcel of hers went with it; the shop platform and the hosts always. A
recipient without a name in the merchant's file is a gap of its own and never silently absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.rules.notices.recipients import EVERY
from bridge.steps.access.package import plain_language
from bridge.steps.access.package.sections.statistics import Parcels, Survey, carrier_key
from bridge.steps.access.package.text import NOT_PUBLISHED, csv_line, given, is_given

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from config.merchant_file.merchant import Merchant
    from config.merchant_file.processors import Processor

HOME = "IN"
UNNAMED = "recipient_identity_not_configured"
_CARRIER_DATA = "shipment"
_SHARED = {**plain_language.CATEGORIES, **plain_language.FIELDS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """One recipient, as letter and tables show it."""

    id: str
    name: str
    role: str
    service: str
    shared: tuple[str, ...]
    first: date | None
    last: date | None
    waybills: int | None
    countries: tuple[str, ...]
    safeguard: str
    named: bool


def recipients(merchant: Merchant, survey: Survey) -> tuple[list[Recipient], tuple[str, ...]]:
    """Those who got data of the person, and the ids of those whose name is not configured."""
    listed, unnamed = [], []
    taken: set[str] = set()
    for processor in merchant.processors:
        if _CARRIER_DATA not in processor.data:
            if not (processor.named and is_given(processor.legal_name)):
                unnamed.append(processor.id)
            if processor.named:
                listed.append(_standing(processor, survey))
            continue
        keys = list(survey.carriers)
        if (
            EVERY not in processor.carries
        ):  # else it has a copy of each parcel, and takes none from its carrier
            keys = [key for key in keys if _is(processor, key)]
            taken.update(keys)
        if keys:
            listed.append(_carrier(processor, [survey.carriers[key] for key in keys]))
            if not is_given(processor.legal_name):
                unnamed.append(processor.id)
    for key in sorted(survey.carriers.keys() - taken):
        listed.append(_carrier(None, [survey.carriers[key]]))
        unnamed.append(survey.carriers[key].name or "a carrier the shop did not name")
    return listed, tuple(unnamed)


def _is(processor: Processor, key: str) -> bool:
    if key in processor.carries:
        return True
    names = (carrier_key(processor.id), carrier_key(processor.legal_name))
    return any(name and key.startswith(name) for name in names) or (bool(key) and names[1].startswith(key))


def _standing(processor: Processor, survey: Survey) -> Recipient:
    span = survey.systems.get(processor.id)
    return Recipient(
        id=processor.id,
        name=_name(processor),
        role=given(processor.role),
        service=given(processor.services),
        shared=tuple(plain_language.plain(each, _SHARED) for each in processor.fields or processor.data),
        first=span.first if span else None,
        last=span.last if span else None,
        waybills=None,
        countries=processor.countries,
        safeguard=processor.safeguard,
        named=is_given(processor.legal_name),
    )


def _carrier(processor: Processor | None, all_parcels: Sequence[Parcels]) -> Recipient:
    days = [edge for each in all_parcels for edge in (each.span.first, each.span.last) if edge]
    told = all_parcels[0].name or "A carrier the shop did not name"
    return Recipient(
        id=processor.id if processor else carrier_key(told),
        name=_name(processor) if processor else f"{told} (as the shop names it; legal name {NOT_PUBLISHED})",
        role=given(processor.role) if processor else NOT_PUBLISHED,
        service=given(processor.services) if processor else "delivery",
        shared=tuple(plain_language.plain(each, plain_language.FIELDS) for each in processor.fields)
        if processor and processor.fields
        else tuple(plain_language.FIELDS.values()),
        first=min(days, default=None),
        last=max(days, default=None),
        waybills=len({number for each in all_parcels for number in each.waybills}),
        countries=processor.countries if processor else (),
        safeguard=processor.safeguard if processor else "",
        named=bool(processor and is_given(processor.legal_name)),
    )


def _name(processor: Processor) -> str:
    if is_given(processor.legal_name):
        return processor.legal_name.strip()
    return f"{plain_language.plain(processor.id, plain_language.TRADE_NAMES)} (legal name {NOT_PUBLISHED})"


def countries_of(recipient: Recipient) -> str:
    """Say the countries of a recipient in words."""
    return (
        ", ".join(plain_language.plain(code, plain_language.COUNTRIES) for code in recipient.countries)
        or NOT_PUBLISHED
    )


def safeguard_of(recipient: Recipient) -> str:
    """Say what protects the data there."""
    if is_given(recipient.safeguard):
        return given(recipient.safeguard)
    abroad = any(code != HOME for code in recipient.countries) or not recipient.countries
    return NOT_PUBLISHED if abroad else "the data stay in India"


def document(listed: Sequence[Recipient], unnamed: Sequence[str], survey: Survey) -> Mapping[str, Any]:
    """Make the body of `02_recipients.json`."""
    return {
        "recipients": [
            {
                "id": each.id,
                "legal_name": each.name,
                "legal_name_published": each.named,
                "role": each.role,
                "service": each.service,
                "fields_shared": list(each.shared),
                "first_shared_on": _iso(each.first),
                "last_shared_on": _iso(each.last),
                "waybills": each.waybills,
                "countries": list(each.countries),
                "safeguard": safeguard_of(each),
                "records_beyond_the_promise": survey.beyond_policy.get(each.id, 0),
            }
            for each in listed
        ],
        "unnamed": [
            {
                "processor": each,
                "name": plain_language.plain(each, plain_language.TRADE_NAMES),
                "reason": UNNAMED,
            }
            for each in unnamed
        ],
        "recipients_named": not unnamed,
        "note": "A public authority is not listed here where the law forbids telling.",
    }


def table(listed: Sequence[Recipient]) -> Iterator[bytes]:
    """`02_recipients.csv`."""
    yield csv_line(
        (
            "legal_name",
            "role",
            "service",
            "fields_shared",
            "first_shared_on",
            "last_shared_on",
            "waybills",
            "countries",
            "safeguard",
        )
    ).encode()
    for each in listed:
        count = "" if each.waybills is None else str(each.waybills)
        shared = "; ".join(each.shared)
        days = (_iso(each.first), _iso(each.last))
        where = (", ".join(each.countries), safeguard_of(each))
        yield csv_line((each.name, each.role, each.service, shared, *days, count, *where)).encode()


def transfers(listed: Sequence[Recipient]) -> Mapping[str, Any]:
    """Make the body of `07_transfers.json`: every recipient that is or may be outside India."""
    return {
        "transfers": [
            {
                "recipient": each.name,
                "countries": [
                    {"code": code, "name": plain_language.plain(code, plain_language.COUNTRIES)}
                    for code in each.countries
                    if code != HOME
                ],
                "countries_published": bool(each.countries),
                "basis": "needed for the service named, by a firm that works for us"
                if each.role == "processor"
                else NOT_PUBLISHED,
                "safeguard": safeguard_of(each),
            }
            for each in listed
            if not each.countries or any(code != HOME for code in each.countries)
        ],
        "how_to_get_a_copy": "Write to the contact named above and ask for a copy of the safeguard.",
    }


def _iso(value: date | None) -> str:
    return value.isoformat() if value else ""
