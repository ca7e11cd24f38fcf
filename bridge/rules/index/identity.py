"""Normalise identifiers, so that one person's many spellings give one pseudonym.

Pure. Never decides who is the same person: two people may share a phone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from bridge.rules.index.email_addresses import encode_email_domain, read_email_addresses
from bridge.rules.index.phone_numbers import (
    DEFAULT_COUNTRY_CODE,
    DEFAULT_PHONE_REGION,
    INDIAN_MOBILE_FORM,
    read_phone_numbers,
)

CONTACT_FIELDS = ("email", "phone")  # filled in by people, in many spellings, and with several values
MAX_IDENTIFIER_CHARS = 1_000  # a longer text is no identifier


def normalise_identifier(field: str, value: str) -> str:
    """Return the first normal form of a value of `field` (`customer`, `email`, `phone`, `order`, `waybill`), or ''.

    Ids: digits; waybills: upper case without blanks; e-mail and phone as `list_normal_forms`. What cannot be read gives
    '' and so never matches anybody.
    """
    if field in CONTACT_FIELDS:
        return next(iter(list_normal_forms(field, value)), "")
    return "".join(value.split()).upper() if field == "waybill" else legacy_id(value)


def list_normal_forms(field: str, value: str) -> tuple[str, ...]:
    """Return every normal form of a value, the most probable first; none if it cannot be read.

    A field may hold two phone numbers or e-mail addresses, and both count. E-mail: see `email_addresses`; phone: E.164,
    see `phone_numbers`.
    """
    if field in CONTACT_FIELDS:
        return _read_contact(field, value)[0]
    form = normalise_identifier(field, value)
    return (form,) if form else ()


def list_email_spellings(value: str) -> tuple[str, ...]:
    """Return the spellings by which a system that compares text may know an address: as given, then the normal forms.

    A field with several addresses gives their normal forms only.
    """
    given, forms = value.strip(), list_normal_forms("email", value)
    return tuple(dict.fromkeys((*([given] if given and len(forms) < 2 else ()), *forms)))


def is_readable_identifier(field: str, value: str) -> bool:
    """Return whether the value was read in full: nobody is found by what was not."""
    if field in CONTACT_FIELDS:
        return _read_contact(field, value)[1]
    return bool(normalise_identifier(field, value))


def _read_contact(field: str, value: str) -> tuple[tuple[str, ...], bool]:
    text = value.strip()
    return ((), False) if len(text) > MAX_IDENTIFIER_CHARS else _read_contact_text(field, text)


@lru_cache(maxsize=4096)
def _read_contact_text(field: str, text: str) -> tuple[tuple[str, ...], bool]:
    return read_email_addresses(text) if field == "email" else read_phone_numbers(text)


def list_former_forms(field: str, value: str) -> tuple[str, ...]:
    """Return the forms under which releases before `list_normal_forms` stored the value, without those of today.

    Rows stored then cannot be stored anew without their value; a search for the value finds them by these.
    """
    if not value or field not in CONTACT_FIELDS or len(value) > MAX_IDENTIFIER_CHARS:
        return ()
    forms = list_normal_forms(field, value)
    if field == "email" and forms == (value,) and value.isascii():
        return ()  # it was stored like this at all times: most addresses
    former = _list_former_emails(value, forms) if field == "email" else _list_former_phones(value, forms)
    return tuple(form for form in dict.fromkeys(former) if form and form not in forms)


def _list_former_emails(value: str, forms: tuple[str, ...]) -> list[str]:
    """Return how the value was read, and the addresses as they were stored with a domain in punycode."""
    text = unicodedata.normalize("NFKC", value).strip().casefold()
    return [text if "@" in text.strip("@") else "", *map(encode_email_domain, forms)]


def _list_former_phones(value: str, forms: tuple[str, ...]) -> list[str]:
    """Return how the value was read, and what was stored of a country code typed twice and of a spreadsheet's `.0`.

    Only of mobile numbers: no other number is as long as what these two became.
    """
    mobiles = [form for form in forms if INDIAN_MOBILE_FORM.fullmatch(form)]
    spelled = [text for form in mobiles for text in (f"+{DEFAULT_COUNTRY_CODE}{form[1:]}", f"{form}0")]
    return [_format_former_phone(value) if value not in forms else "", *spelled]


def _format_former_phone(value: str) -> str:
    import phonenumbers  # noqa: PLC0415 - slow to import

    try:
        number = phonenumbers.parse(value, DEFAULT_PHONE_REGION)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def legacy_id(value: Any) -> str:
    """Return Shopify's number of an object as decimal text, from a number, text or gid://shopify/Thing/1; else ''."""
    if type(value) is int:
        return str(value) if value > 0 else ""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    text = str(value).strip()
    if text.startswith("gid://shopify/"):
        text = text.rpartition("/")[2].partition("?")[0]
    return text.lstrip("0") if text.isascii() and text.isdigit() else ""


def read_record_id(record: Mapping[str, Any]) -> str:
    """Return the id of an object as webhooks give it; '' where it has none."""
    return legacy_id(record.get("id")) or legacy_id(record.get("admin_graphql_api_id"))
