"""JSON Schemas of the API, made from the tables by which its values are checked and stored."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from bridge.model import Language, Outcome, RequestKind, RequestState
from bridge.rules.requests import particulars
from bridge.rules.scanning.personal_text import MAX_FREE_TEXT_CHARS
from bridge.steps.requests.describe_request import REQUEST_COLUMNS
from bridge.steps.requests.open_for_person import PERSON_KINDS

MAX_IDENTIFIERS, MAX_ROWS = 20, 500
TEXT_PATTERN = "^[^\\u0000]*$"
WORD_PATTERN = "^[A-Za-z0-9._/:+-]{1,80}$"
NUMBER = {"type": "string", "pattern": "^[1-9][0-9]{0,19}$"}
MOMENT = {"type": "string", "format": "date-time"}
FLAG = {"type": "string", "enum": ["true", "false"]}


def _text_of(longest: int, *, shortest: int = 0) -> dict[str, Any]:
    limits = {"minLength": shortest, "maxLength": longest} if shortest else {"maxLength": longest}
    return {"type": "string", **limits, "pattern": TEXT_PATTERN}


def _closed_object(properties: dict[str, Any], required: list[str], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False, **more}


def _list_of(items: dict[str, Any], *, fewest: int = 1) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": fewest, "maxItems": MAX_IDENTIFIERS}


EMAIL = _text_of(254, shortest=3) | {"format": "email"}
PERSON = _closed_object(
    {
        "customer_id": NUMBER | {"description": "Shopify's number of the customer."},
        "emails": _list_of(EMAIL),
        "phones": _list_of(_text_of(40, shortest=5)) | {"description": "Each with its country code."},
        "order_ids": _list_of(NUMBER) | {"description": "Shopify's numbers of orders."},
    },
    [],
    minProperties=1,
)
CONTACT = _closed_object(
    {"address": EMAIL, "language": {"type": "string", "enum": [str(each) for each in Language]}},
    ["address"],
    description="Where letters to the person go, and in which language.",
)


def build_opening_schema() -> dict[str, Any]:
    """Return the schema of a request that is opened: one variant for each kind, with the particulars of that kind."""
    variants = [_build_opening_variant(kind) for kind in PERSON_KINDS]
    return {"oneOf": variants, "discriminator": {"propertyName": "kind"}}


def _build_opening_variant(kind: RequestKind) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "kind": {"type": "string", "enum": [str(kind)]},
        "shop": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,80}\\.myshopify\\.com$"},
        "person": PERSON,
        "countries": _list_of({"type": "string", "pattern": "^[A-Z]{2}$"}),
        "received_at": MOMENT | {"description": "When the person asked; now, where it is missing."},
        "reason": _text_of(MAX_FREE_TEXT_CHARS, shortest=3)
        | {"description": "How the request came. It is evidence: no names."},
        "contact": CONTACT,
    }
    required = ["kind", "person", "reason"]
    if kind in particulars.PARTICULARS_BY_KIND:
        properties["particulars"] = build_particulars_schema(kind)
        required += ["particulars"] if properties["particulars"]["required"] else []
    return _closed_object(properties, required)


def build_particulars_schema(kind: RequestKind) -> dict[str, Any]:
    """Return the schema of what a request of this kind states in detail, as `parse_particulars` reads it."""
    names = [each.name for each in fields(particulars.PARTICULARS_BY_KIND[kind])]
    optional = particulars.OPTIONAL_FIELDS - {name for of, name in particulars.ALWAYS_NEEDED if of is kind}
    return _closed_object(
        {name: _build_field_schema(kind, name) for name in names}, [name for name in names if name not in optional]
    )


def _build_field_schema(kind: RequestKind, name: str) -> dict[str, Any]:
    codes = sorted(particulars.ALLOWED_CODES.get((kind, name), ()))
    if name == "changes":
        value = _text_of(particulars.MAX_VALUE_CHARS)
        field = {"type": "string", "enum": list(particulars.CORRECTABLE_FIELDS)}
        return _list_of(
            _closed_object({"field": field, "new": value | {"minLength": 1}, "old": value}, ["field", "new"])
        )
    if name in ("purposes", "channels"):
        fewest = 0 if name in particulars.OPTIONAL_FIELDS else 1
        return _list_of({"type": "string", "enum": codes}, fewest=fewest)
    if name == "noticed_at":
        return MOMENT
    if codes:
        return {"type": "string", "enum": codes}
    return _text_of(particulars.MAX_TEXT_CHARS if name in particulars.LONG_TEXTS else particulars.MAX_VALUE_CHARS)


# as the filters of `dsr list`: name of RowFilter, schema
LIST_PARAMETERS: dict[str, dict[str, Any]] = {
    "state": {"type": "string", "enum": [str(each) for each in RequestState]},
    "kind": {"type": "string", "enum": [str(each) for each in RequestKind]},
    "shop": {"type": "string", "pattern": WORD_PATTERN},
    "system": {"type": "string", "pattern": WORD_PATTERN},
    "outcome": {"type": "string", "enum": [str(each) for each in Outcome]},
    "reason_class": {"type": "string", "pattern": WORD_PATTERN},
    "since": MOMENT,
    "due_before": MOMENT,
    "incomplete": FLAG,
    "failed": FLAG,
    "late": FLAG,
    "after": {"type": "string", "pattern": WORD_PATTERN, "description": "The id of the last row of the page before."},
    "limit": {"type": "integer", "minimum": 1, "maximum": MAX_ROWS},
}
_NULLABLE = {"type": ["string", "null"]}
REQUEST_ROW = {
    "type": "object",
    "properties": {
        **dict.fromkeys(REQUEST_COLUMNS, _NULLABLE),
        "id": {"type": "string"},
        "complete": {"type": ["boolean", "null"]},
        "late": {"type": "boolean"},
    },
    "required": [*REQUEST_COLUMNS, "late"],
}
_ROWS = {"type": "array", "items": {"type": "object"}}
REQUEST_DETAIL = {
    "type": "object",
    "properties": {**REQUEST_ROW["properties"], "tasks": _ROWS, "holds": _ROWS, "facts": _ROWS},  # type: ignore[dict-item]
    "required": [*REQUEST_COLUMNS, "late", "tasks", "holds", "facts"],
}
REQUEST_PAGE = {
    "type": "object",
    "properties": {
        "requests": {"type": "array", "items": REQUEST_ROW},
        "total": {"type": "integer", "description": "How many there are in all; more than 10000 is 10001."},
        "next": {"type": ["string", "null"], "description": "Give it as `after` for the next page."},
    },
    "required": ["requests", "total", "next"],
}
PROCESSORS = {
    "type": "object",
    "properties": {"processors": {"type": "array", "items": {"type": "object"}}},
    "required": ["processors"],
}
PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "A constant word for programs."},
        "pointer": {
            "type": "string",
            "description": "Where in the body or the query it is, by names of this document.",
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
}
