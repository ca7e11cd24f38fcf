"""Read what is recorded of a disclosure to an authority, and decide since when the person may be told. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bridge.errors import PayloadInvalid
from bridge.model import DisclosureParticulars, Secrecy
from bridge.rules.retention.statutory_last_days import compute_day_start

if TYPE_CHECKING:
    from config.retention_file.retention import Retention

MAX_CHARS = 500
FIELDS = ("authority", "law", "country")
HOME_COUNTRY = "IN"


def parse_disclosure(given: Mapping[str, Any], categories: Collection[str]) -> DisclosureParticulars:
    """Return the particulars of a disclosure from a mapping of authority, law and, where it is not India, country.

    Raises PayloadInvalid that repeats nothing: `particulars_unknown`, `<field>_missing`, `<field>_unreadable`.
    """
    if not given.keys() <= set(FIELDS):
        raise PayloadInvalid("particulars_unknown")
    authority, law = (_read_line(name, given.get(name)) for name in ("authority", "law"))
    country = _read_line("country", given.get("country", HOME_COUNTRY))
    if not re.fullmatch("[A-Z]{2}", country):
        raise PayloadInvalid("country_unreadable")
    return DisclosureParticulars(
        authority=authority, law=law, categories=tuple(dict.fromkeys(categories)), country=country
    )


def _read_line(name: str, value: Any) -> str:
    if value is None or value == "":
        raise PayloadInvalid(f"{name}_missing")
    # one line: it stands in a row of a table
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not text or len(text) > MAX_CHARS or not text.isprintable():
        raise PayloadInvalid(f"{name}_unreadable")
    return text


def compute_disclosable_at(given_on: date, secrecy: Secrecy | None, retention: Retention) -> datetime | None:
    """Return since when the person may be told: the start of the day after the last secret one, where the merchant is.

    None where nobody knows when (DPDP Act s.11(2); policy s.7). Raises PayloadInvalid `secrecy_before_disclosure`.
    """
    if secrecy is None:
        return compute_day_start(given_on, retention)
    if secrecy.until is None:
        return None
    if secrecy.until < given_on:
        raise PayloadInvalid("secrecy_before_disclosure")
    return compute_day_start(secrecy.until + timedelta(days=1), retention)
