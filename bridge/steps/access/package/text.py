"""How values become text in a package: JSON, CSV cells, money, moments.

Pure. Decides nothing about what may be shown; it only makes every value safe to write: no lone surrogate
stops the package, no cell starts a formula, no placeholder of a policy is printed as if it were a fact.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, tzinfo
from typing import Any

NOT_PUBLISHED = "not yet published"
LONGEST_CELL = 32_000  # characters; spreadsheets stop at 32,767
CUT = " […the rest is in the .json file]"

_COMPACT = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_HARMLESS = re.compile(r"(?:[A-Za-z0-9][ -~]*)?")  # printable ASCII that starts no formula
_NUMBER = re.compile(r"-\d{1,30}(\.\d{1,30})?")
_HIDDEN = " \u00a0\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u3000\ufeff"  # spreadsheets skip these
_FORMULA = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # the last four are the fullwidth twins
_EARLIEST = 2000  # a year: before it, a date is what a system writes where it has none
_DAY_ONLY = 10  # characters of 2026-11-22


def clean(text: str) -> str:
    """Replace lone surrogates, so that UTF-8 can hold the text."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def dumps(value: Any) -> str:
    """JSON as people read it: sorted keys, two spaces, UTF-8 as it is."""
    return clean(_laid_out(value, "\n"))


def dump_line(value: Any) -> str:
    """JSON on one line: records are most of a package, and the quick encoder has no indent."""
    return clean(_COMPACT.encode(value))


def _laid_out(value: Any, margin: str) -> str:
    """What `json` gives with an indent of two, which it does a piece at a time and four times as slowly."""
    inner = margin + "  "
    if isinstance(value, Mapping) and value:
        lines = [f"{_COMPACT.encode(key)}: {_laid_out(value[key], inner)}" for key in sorted(value)]
        return "{" + inner + f",{inner}".join(lines) + margin + "}"
    if isinstance(value, list | tuple) and value:
        return "[" + inner + f",{inner}".join(_laid_out(item, inner) for item in value) + margin + "]"
    return _COMPACT.encode(value)


def cell(value: str) -> str:
    """Make a CSV cell that no spreadsheet takes for a formula.

    A text that would start one gets an apostrophe in front. Plain negative numbers stay numbers. What is
    longer than a cell can be is cut, and says so.
    """
    if len(value) <= LONGEST_CELL and _HARMLESS.fullmatch(value):
        return value  # the quick way for most cells
    text = _UNPRINTABLE.sub("\ufffd", clean(value))
    if len(text) > LONGEST_CELL:
        text = text[:LONGEST_CELL] + CUT
    if text[:1] not in _FORMULA and text.lstrip(_HIDDEN)[:1] not in _FORMULA:
        return text
    return text if _NUMBER.fullmatch(text) else "'" + text


def csv_line(values: Iterable[str]) -> str:
    """One record of RFC 4180. Every field is quoted: a semicolon must not split a cell anywhere."""
    return ",".join('"' + cell(value).replace('"', '""') + '"' for value in values) + "\r\n"


def given(value: str) -> str:
    """Give a setting as it may be printed: blanks and placeholders are 'not yet published'."""
    text = value.strip()
    return NOT_PUBLISHED if not text or "[insert" in text.casefold() else text


def is_given(value: str) -> bool:
    """Tell whether a setting holds a real value."""
    return given(value) != NOT_PUBLISHED


def text_of(value: Any) -> str:
    """Give a scalar as text; nothing for what is empty or no scalar."""
    if value is None or isinstance(value, Mapping | list | tuple):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def moment(value: Any, zone: tzinfo) -> str:
    """Write a moment in ISO 8601 with its offset. Without one it is local; what cannot be read stays."""
    text = text_of(value).strip()
    parsed = _parsed(text)
    if parsed is None or len(text) == _DAY_ONLY:
        return text
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)).isoformat()


def day(value: Any, zone: tzinfo) -> date | None:
    """Find the local day of a moment, or None where it cannot be read."""
    text = text_of(value).strip()
    parsed = _parsed(text)
    if parsed is None:
        return None
    try:
        return parsed.astimezone(zone).date() if parsed.tzinfo else parsed.date()
    except OverflowError:  # the year 1 of a system that has no date begins elsewhere in the year 0
        return None


def ends(values: Iterable[Any], zone: tzinfo) -> tuple[str, str]:
    """Find the first and the last local day of some moments; blank where none can be read."""
    days = [found for value in values if (found := day(value, zone)) and found.year >= _EARLIEST]
    return (min(days).isoformat(), max(days).isoformat()) if days else ("", "")


def long_day(value: date) -> str:
    """Write a day as people do: 22 November 2026."""
    return f"{value.day} {value:%B %Y}"


def long_moment(value: datetime, zone: tzinfo) -> str:
    """Write a moment as people do, in the merchant's own time zone."""
    local = value.astimezone(zone)
    return f"{long_day(local.date())}, {local:%H:%M} {local:%Z}".strip()


def plural(count: int, one: str, many: str = "") -> str:
    """`1 order`, `3 orders`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def items(body: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a list, whether it is plain or still a connection with nodes or edges."""
    value = body.get(key)
    if isinstance(value, Mapping):
        nodes, edges = value.get("nodes"), value.get("edges")
        if isinstance(edges, list):
            nodes = [edge.get("node") for edge in edges if isinstance(edge, Mapping)]
        value = nodes
    if isinstance(value, list | tuple):
        yield from (item for item in value if isinstance(item, Mapping))


def pick(body: Any, path: str) -> Any:
    """Find the value at a dotted path; None as soon as the path leaves the objects."""
    for key in path.split("."):
        if not isinstance(body, Mapping):
            return None
        body = body.get(key)
    return body


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
