"""Decides what a correction changes: reads a postal address, compares values, finds what of an order is the person's own. Pure.

An address is text of lines `name: value`, or a JSON object: nobody guesses which part of a free text is the city.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from bridge.rules.index.identity import normalise_identifier

ADDRESS = "address"
ADDRESS_PARTS = ("address1", "address2", "city", "province", "zip", "country")
NEEDED_PARTS = ("address1", "city", "zip")
MAX_PART_CHARS = 255  # of Shopify's address fields
# what a processor's `fields` in the merchant's file call each field
PROCESSOR_FIELDS: Mapping[str, tuple[str, ...]] = {
    "first_name": ("name",),
    "last_name": ("name",),
    "email": ("email",),
    "phone": ("phone",),
    ADDRESS: ("address", "delivery_address"),
}


def parse_address_text(text: str) -> dict[str, str] | None:
    """Return the parts of an address; None where the text is no such list, or lacks street, town or postal code."""
    parts = _read_json_object(text) if text.lstrip().startswith("{") else _read_address_lines(text)
    if parts is None or not set(parts) <= set(ADDRESS_PARTS) or not all(parts.get(name) for name in NEEDED_PARTS):
        return None
    return None if any(len(value) > MAX_PART_CHARS for value in parts.values()) else parts


def _read_json_object(text: str) -> dict[str, str] | None:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        return None
    return {str(name): " ".join(value.split()) for name, value in given.items()}


def _read_address_lines(text: str) -> dict[str, str] | None:
    rows = [line.partition(":") for line in text.splitlines() if line.strip()]
    if not all(mark for _, mark, _ in rows):
        return None
    return {name.strip().casefold(): " ".join(value.split()) for name, _, value in rows}


def format_address_text(parts: Mapping[str, str]) -> str:
    """Return the parts as `parse_address_text` reads them; '' where there is none."""
    return "\n".join(f"{name}: {parts[name]}" for name in ADDRESS_PARTS if parts.get(name))


def is_same_value(field: str, one: str, other: str) -> bool:
    """Return whether two values of a correctable field say the same. An address is compared by the parts that both have."""
    if field in ("email", "phone"):
        return bool(one and other) and normalise_identifier(field, one) == normalise_identifier(field, other) != ""
    if field == ADDRESS:
        first, second = parse_address_text(one), parse_address_text(other)
        if first is None or second is None:
            return False
        # country and province have a name and a code: the town and its postal code decide
        return all(
            _fold_text(first.get(name, "")) == _fold_text(second.get(name, "")) for name in (*NEEDED_PARTS, "address2")
        )
    return _fold_text(one) == _fold_text(other) != ""


def _fold_text(text: str) -> str:
    return " ".join(text.split()).casefold()


def select_own_changes(
    wanted: Mapping[str, str], former: Mapping[str, str], current: Mapping[str, str]
) -> dict[str, str]:
    """Return which of the wanted values an order needs: where it has the person's former value.

    An order may go to somebody else, with another name, address and phone: those stay.
    """
    return {
        field: value
        for field, value in wanted.items()
        if former.get(field) and is_same_value(field, current.get(field, ""), former[field])
    }


def list_open_values(wanted: Mapping[str, str], current: Mapping[str, str]) -> dict[str, str]:
    """Return which of the wanted values a record does not have."""
    return {field: value for field, value in wanted.items() if not is_same_value(field, current.get(field, ""), value)}


def select_allowed_fields(fields: tuple[str, ...], allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the corrected fields whose values a processor may get, by its `fields` in the merchant's file."""
    return tuple(field for field in fields if set(PROCESSOR_FIELDS[field]) & set(allowed))
