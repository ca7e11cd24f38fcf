"""Parses JSON and XML of external systems without quoting it in an error. Never resolves an entity or external file.

What is parsed can be stored and written again: numbers are finite, texts are valid Unicode, nesting is bounded.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from contextlib import suppress
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from bridge.errors import ConnectorUnavailable

MAX_DEPTH = 40  # the deepest documented answer has ten levels
# Of values or tags: a short text may hold millions, and each costs a hundred bytes. Fifty parcels have thousands.
MAX_VALUES = 250_000
CUT_TEXT = "(nested too deeply)"
MAX_NUMBER_LENGTH = 30
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The encodings that carriers declare. Any other name is not looked up: Python has codecs that are no character sets.
DECLARED_ENCODINGS = frozenset(
    {"utf-8", "utf8", "us-ascii", "utf-16", "utf-16le", "utf-16be", "iso-8859-1", "iso-8859-15", "latin1"}
    | {"windows-1252", "cp1252"}
)
BLANKS = " \t\r\n\0\ufeff"


class AnswerUnreadable(ConnectorUnavailable):
    """The answer arrived and is not in the system's format: one row may be the cause, so each is requested alone."""


def decode_text(content: bytes) -> str:
    """Return the text by its byte order mark, its declaration (XML) or its zero bytes, else as UTF-8.

    What is not valid in that encoding is read as Windows-1252, which systems send under other names.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    beginning = content[:200]
    if b"\0" in beginning.lstrip(b"\0")[:4] or beginning.startswith(b"\0"):
        return content.decode("utf-16-be" if beginning.startswith(b"\0") else "utf-16-le", "replace")
    declared = re.match(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.-]+)", beginning)
    encoding = declared[1].decode().lower() if declared else "utf-8"
    if encoding not in DECLARED_ENCODINGS or encoding.startswith("utf-16"):  # it was read as single bytes
        encoding = "utf-8"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def parse_json(content: bytes) -> Any:
    """Return the parsed JSON; None if it is not valid JSON, or has too many values.

    A number that is not finite becomes None, an extremely long one stays text, and so does CUT_TEXT in place of lists
    and objects that are nested too deeply.
    """
    with suppress(ValueError, RecursionError):
        text = decode_text(content).strip(BLANKS)
        if sum(map(text.count, ",[{")) > MAX_VALUES:
            return None
        value = _load_json(text)
        if "\\ud" in text or "\\uD" in text:  # half of a pair cannot be stored
            value = _load_json(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode())
        _cut_depth(value)
        return value
    return None


def _load_json(text: str) -> Any:
    return json.loads(text, parse_int=_parse_int, parse_float=_parse_float, parse_constant=lambda _: None)


def _parse_int(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_NUMBER_LENGTH else digits


def _parse_float(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _cut_depth(value: Any) -> None:
    """Replace what is nested too deeply by a text; level by level, so that it does not recurse."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            part
            for one in level
            if isinstance(one, dict | list)
            for part in (one.values() if isinstance(one, dict) else one)
            if isinstance(part, dict | list)
        ]
    for one in level:
        one.clear()
        if isinstance(one, list):
            one.append(CUT_TEXT)
        else:
            one[CUT_TEXT] = None


def parse_xml(content: bytes) -> Element | None:
    """Return the root element; None if it is not valid XML, declares a document type or has too many tags."""
    with suppress(ParseError, DefusedXmlException, ValueError, LookupError):
        text = decode_text(content).strip(BLANKS)
        if text.count("<") > MAX_VALUES:
            return None
        root: Element = fromstring(text, forbid_dtd=True)
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
