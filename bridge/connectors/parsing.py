"""Strangers' JSON and XML, read so that no fault holds what they sent. Opens no entity and nothing external."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def parse_json(content: bytes) -> Any:
    """Read JSON; None where it is none."""
    with suppress(ValueError, RecursionError):
        return json.loads(content)
    return None


def parse_xml(content: bytes) -> Element | None:
    """Read XML; None where it is none, or declares a document type."""
    with suppress(ParseError, DefusedXmlException, ValueError, LookupError):
        root: Element = fromstring(content, forbid_dtd=True)
        return root
    return None


def contains_link(value: object) -> bool:
    """Tell whether a value holds a link or an embedded file: often the right to open a document, for anybody."""
    said = str(value)
    return "://" in said or said.startswith("data:")
