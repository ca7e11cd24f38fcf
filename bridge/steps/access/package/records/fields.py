"""Read fields of a record as cells of a table. Pure; a missing field is an empty cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.rules.index.identity import legacy_id, normalise_identifier
from bridge.steps.access.package.text import convert_to_text, get_nested_value, iter_objects

RecordBody = Mapping[str, Any]
Cells = dict[str, str]
TableRow = tuple[str, Cells]


def read_cell_text(body: RecordBody, path: str) -> str:
    """Return the value at a dotted path as text."""
    return convert_to_text(get_nested_value(body, path))


def read_cell_texts(body: RecordBody, *names: str, **paths: str) -> Cells:
    """Return cells by column: a column of `names` is the field of the same name, the others are given by path."""
    cells = {name: convert_to_text(body.get(name)) for name in names}
    return cells | {column: read_cell_text(body, path) for column, path in paths.items()}


def read_phone(value: Any) -> str:
    """Return a phone number in international form, or as it is written if it cannot be read."""
    text = convert_to_text(value)
    return normalise_identifier("phone", text) or text


def read_shopify_id(body: RecordBody) -> str:
    """Return Shopify's numeric id of a record."""
    return legacy_id(body.get("legacyResourceId")) or legacy_id(body.get("id"))


def join_values(value: Any) -> str:
    """Return a list as text with commas, a single value as text."""
    return ", ".join(map(convert_to_text, value)) if isinstance(value, list | tuple) else convert_to_text(value)


def format_attributes(body: RecordBody) -> str:
    """Return Shopify's custom attributes as `key: value; key: value`."""
    pairs = iter_objects(body, "customAttributes")
    return "; ".join(f"{read_cell_text(pair, 'key')}: {read_cell_text(pair, 'value')}" for pair in pairs)
