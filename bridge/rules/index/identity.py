"""Normalise identifiers, so that one person's many spellings give one pseudonym.

Pure. Never decides who is the same person: two people may share a phone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import phonenumbers

DEFAULT_PHONE_REGION = "IN"  # numbers without a country code are Indian, like the merchant


def normalise_identifier(field: str, value: str) -> str:
    """Return the normal form of a value of `field` (`customer`, `email`, `phone`, `order`, `waybill`), or ''.

    E-mail: NFKC, casefold, trimmed; phone: E.164, with 10-digit numbers read as Indian; ids: digits;
    waybills: upper case without blanks. What cannot be read gives '' and so never matches anybody.
    """
    if field == "email":
        text = unicodedata.normalize("NFKC", value).strip().casefold()
        return text if "@" in text.strip("@") else ""
    if field == "phone":
        return _format_e164(value)
    if field == "waybill":
        return "".join(value.split()).upper()
    return legacy_id(value)


def legacy_id(value: Any) -> str:
    """Return Shopify's number of an object as decimal text, from a number, text or gid://shopify/Thing/1; else ''."""
    if isinstance(value, bool):
        return ""
    text = str(value).strip() if isinstance(value, int | str) else ""
    if text.startswith("gid://shopify/"):
        text = text.rpartition("/")[2].partition("?")[0]
    return text.lstrip("0") if text.isascii() and text.isdigit() else ""


def read_record_id(record: Mapping[str, Any]) -> str:
    """Return the id of an object as webhooks give it; '' where it has none."""
    return legacy_id(record.get("id")) or legacy_id(record.get("admin_graphql_api_id"))


@lru_cache(maxsize=4096)
def _format_e164(value: str) -> str:
    try:
        number = phonenumbers.parse(value, DEFAULT_PHONE_REGION)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
