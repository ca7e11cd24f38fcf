"""Compares a value with the part of JSON Schema that the API's own document uses. A keyword that it does not know is an error.

Pure. What is wrong is named by its place in the schema, so that nothing of what was sent is repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Schema = Mapping[str, Any]
_IS_OF_TYPE: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
}
_ANNOTATIONS = frozenset({"type", "description", "discriminator", "default", "oneOf", "title"})


def find_schema_fault(value: Any, schema: Schema) -> str | None:
    """Return where the value does not match, such as `/person/emails`; '' for the whole value, None where all of it matches.

    Raises LookupError where the schema has a keyword that is not compared.
    """
    if "oneOf" in schema:
        return _find_variant_fault(value, schema)
    if not _IS_OF_TYPE[schema["type"]](value):
        return ""
    for keyword, limit in schema.items():
        if keyword in _ANNOTATIONS:
            continue
        if keyword not in _CHECKS:
            raise LookupError(keyword)
        if (fault := _CHECKS[keyword](value, limit, schema)) is not None:
            return fault
    return None


def _find_variant_fault(value: Any, schema: Schema) -> str | None:
    """Compare with the variant that the discriminating property chooses."""
    name = schema["discriminator"]["propertyName"]
    chosen = value.get(name) if isinstance(value, dict) else None
    variants = [each for each in schema["oneOf"] if chosen in each["properties"][name]["enum"]]
    return find_schema_fault(value, variants[0]) if variants else f"/{name}"


def _check_properties(value: dict[str, Any], properties: Mapping[str, Schema], _schema: Schema) -> str | None:
    for name, of in properties.items():
        if name in value and (fault := find_schema_fault(value[name], of)) is not None:
            return f"/{name}{fault}"
    return None


def _check_required(value: dict[str, Any], names: list[str], _schema: Schema) -> str | None:
    return next((f"/{name}" for name in names if name not in value), None)


def _check_items(value: list[Any], of: Schema, _schema: Schema) -> str | None:
    return next((fault for each in value if (fault := find_schema_fault(each, of)) is not None), None)


def _check_format(value: str, kind: str, _schema: Schema) -> str | None:
    if kind == "email":
        return None  # whether it is one is decided where identifiers are read
    if kind != "date-time":
        raise LookupError(kind)
    # RFC 3339 alone: fromisoformat reads other forms too
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", value, re.ASCII):
        return ""
    return None if read_moment(value) else ""


def read_moment(text: str) -> datetime | None:
    """Return a time with a zone, from its form in RFC 3339; None where there is no such time."""
    try:
        moment = datetime.fromisoformat(text.upper())
        return moment if moment.utcoffset() is not None and 1900 < moment.year < 9998 else None
    except ValueError:
        return None


def _read_anchored(pattern: str) -> str:
    """Return what a pattern matches from `^` to `$`: with them Python would let a line end follow. Raises LookupError."""
    if not (pattern.startswith("^") and pattern.endswith("$")):
        raise LookupError(pattern)
    return pattern[1:-1]


def _found(is_wrong: bool) -> str | None:
    return "" if is_wrong else None


_CHECKS: Mapping[str, Callable[[Any, Any, Schema], str | None]] = {
    "properties": _check_properties,
    "required": _check_required,
    "items": _check_items,
    "format": _check_format,
    "additionalProperties": lambda value, _, schema: _found(not set(value) <= set(schema["properties"])),
    "minProperties": lambda value, limit, _: _found(len(value) < limit),
    "minItems": lambda value, limit, _: _found(len(value) < limit),
    "maxItems": lambda value, limit, _: _found(len(value) > limit),
    "minLength": lambda value, limit, _: _found(len(value) < limit),
    "maxLength": lambda value, limit, _: _found(len(value) > limit),
    "minimum": lambda value, limit, _: _found(value < limit),
    "maximum": lambda value, limit, _: _found(value > limit),
    "enum": lambda value, allowed, _: _found(value not in allowed),
    "pattern": lambda value, pattern, _: _found(not re.fullmatch(_read_anchored(pattern), value)),
}
