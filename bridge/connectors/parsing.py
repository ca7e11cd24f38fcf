"""Parses JSON and XML of external systems without quoting it in an error. Never resolves an entity or external file."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring


def parse_json(content: bytes) -> Any:
    """Return the parsed JSON; None if it is not valid JSON."""
    with suppress(ValueError, RecursionError):
        return json.loads(content)
    return None


def parse_xml(content: bytes) -> Element | None:
    """Return the root element; None if it is not valid XML or declares a document type."""
    with suppress(ParseError, DefusedXmlException, ValueError, LookupError):
        root: Element = fromstring(content, forbid_dtd=True)
        return root
    return None


def contains_link(value: object) -> bool:
    """Return whether a value contains a link or an embedded file: such a link often opens a document for anybody."""
    text = str(value)
    return "://" in text or text.startswith("data:")


def dict_or_empty(value: object) -> dict[str, Any]:
    """Return the value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def list_objects(value: object) -> list[dict[str, Any]]:
    """Return the JSON objects of a list, without its other items; none if the value is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
