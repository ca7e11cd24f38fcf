"""Format values as text of a package: JSON, CSV cells, dates and times, settings.

Pure. Decides nothing about what may be shown. Makes every value safe to write: no lone surrogate stops the package,
no cell starts a formula, no placeholder of a policy is printed as a fact.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, tzinfo
from typing import Any

NOT_PUBLISHED = "not yet published"
NOT_STATED = "not stated"
MAX_CELL_CHARS = 32_000  # spreadsheets stop at 32,767
TRUNCATION_NOTE = " […the rest is in the .json file]"

_COMPACT_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False)
_SURROGATE_PATTERN = re.compile(r"[\ud800-\udfff]")
_UNPRINTABLE_PATTERN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SIGNED_NUMBER = r"-[0-9]{1,30}(?:\.[0-9]{1,30})?|\+[0-9]{6,15}"  # an amount, or a phone
_SIGNED_NUMBER_PATTERN = re.compile(_SIGNED_NUMBER)
# printable ASCII without a quote that starts no formula
_SAFE_CELL = rf"(?:[!#-*,./0-9:;<>?A-~][ !#-~]*|{_SIGNED_NUMBER})?"
_SAFE_LINE_PATTERN = re.compile(f'"{_SAFE_CELL}"(?:,"{_SAFE_CELL}")*')
BYTE_ORDER_MARK = "\ufeff"
_SKIPPED_CHARS = (
    " \u00a0\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u3000\ufeff"  # spreadsheets skip these before a formula
)
_FORMULA_STARTS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # the last four are fullwidth forms
_EARLIEST_YEAR = 2000  # an earlier date is a placeholder of a system without one
_ISO_DATE_CHARS = 10  # as in 2026-11-22


def replace_surrogates(text: str) -> str:
    """Replace lone surrogates with U+FFFD, so that the text can be encoded as UTF-8."""
    return text if text.isascii() else _SURROGATE_PATTERN.sub("\ufffd", text)


def dump_indented_json(value: Any) -> str:
    """Return JSON for people: sorted keys, an indent of two, no escapes for non-ASCII text."""
    return replace_surrogates(_indent_json(value, "\n"))


def dump_json_line(value: Any) -> str:
    """Return JSON on one line: the fast encoder has no indent, and records are most of a package."""
    return replace_surrogates(_COMPACT_ENCODER.encode(value))


def _indent_json(value: Any, line_start: str) -> str:
    """Return what `json.dumps` gives with an indent of two, in a quarter of the time."""
    inner = line_start + "  "
    if isinstance(value, str):
        return _COMPACT_ENCODER.encode(value)  # most values
    if value and isinstance(value, (dict, Mapping)):
        lines = [f"{_COMPACT_ENCODER.encode(key)}: {_indent_json(value[key], inner)}" for key in sorted(value)]
        return "{" + inner + f",{inner}".join(lines) + line_start + "}"
    if value and isinstance(value, (list, tuple)):
        return "[" + inner + f",{inner}".join([_indent_json(item, inner) for item in value]) + line_start + "]"
    return _COMPACT_ENCODER.encode(value)


def escape_csv_cell(value: str) -> str:
    """Return a CSV cell that no spreadsheet runs as a formula.

    A text that would start one gets an apostrophe in front. Plain negative numbers and phone numbers in international
    form stay as they are: a sign and digits run no formula. A text longer than a cell is cut and ends with a note.
    """
    text = _UNPRINTABLE_PATTERN.sub("\ufffd", replace_surrogates(value))
    if len(text) > MAX_CELL_CHARS:
        text = text[:MAX_CELL_CHARS] + TRUNCATION_NOTE
    if text[:1] not in _FORMULA_STARTS and text.lstrip(_SKIPPED_CHARS)[:1] not in _FORMULA_STARTS:
        return text
    return text if _SIGNED_NUMBER_PATTERN.fullmatch(text) else "'" + text


def format_csv_line(values: Iterable[str]) -> str:
    """Return one record of RFC 4180. Every field is quoted, so that a semicolon never splits a cell."""
    cells = list(values)
    line = '"' + '","'.join(cells) + '"'
    # most lines; the count finds a quote within a cell
    if len(line) <= MAX_CELL_CHARS and line.count('"') == 2 * len(cells) and _SAFE_LINE_PATTERN.fullmatch(line):
        return line + "\r\n"
    return ",".join(['"' + escape_csv_cell(cell).replace('"', '""') + '"' for cell in cells]) + "\r\n"


def wrap_text(text: str, width: int = 79, wrapstring: str = "\n") -> str:
    """Return a text in lines of at most `width` characters: what Jinja's filter `wordwrap` gives, in less time."""
    return wrapstring.join([piece for line in text.splitlines() for piece in _wrap_line(line, width)])


def _wrap_line(line: str, width: int) -> list[str]:
    # among printable characters only the space separates words
    if not line.isprintable() or line != line.strip():
        return _wrap_any_line(line, width)
    rest, pieces = line, []
    while len(rest) > width:
        end = rest.rfind(" ", 0, width + 1)
        if end <= 0 or "-" in rest or "  " in rest:
            return _wrap_any_line(line, width)
        pieces.append(rest[:end])
        rest = rest[end + 1 :]
    return [*pieces, rest]


def _wrap_any_line(line: str, width: int) -> list[str]:
    return textwrap.wrap(line, width, expand_tabs=False, replace_whitespace=False) or [""]


def format_setting(value: str) -> str:
    """Return a setting as printed; blanks and placeholders become 'not yet published'."""
    text = value.strip()
    return NOT_PUBLISHED if not text or "[insert" in text.casefold() else text


def is_setting_given(value: str) -> bool:
    """Return True if a setting holds a real value."""
    return format_setting(value) != NOT_PUBLISHED


def convert_to_text(value: Any) -> str:
    """Return a scalar as text; an empty text for None, a list or an object."""
    if type(value) is str:
        return value  # most values
    if value is None or isinstance(value, (dict, list, tuple, Mapping)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def format_iso_datetime(value: Any, zone: tzinfo) -> str:
    """Return a time in ISO 8601 with its offset; a time without one is local. Unreadable text stays as it is."""
    text = convert_to_text(value).strip()
    parsed = _parse_iso_datetime(text)
    if parsed is None or len(text) == _ISO_DATE_CHARS:
        return text
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)).isoformat()


def parse_local_date(value: Any, zone: tzinfo) -> date | None:
    """Return the local day of a time; None if it cannot be read."""
    text = convert_to_text(value).strip()
    parsed = _parse_iso_datetime(text)
    if parsed is None:
        return None
    try:
        return parsed.astimezone(zone).date() if parsed.tzinfo else parsed.date()
    except OverflowError:  # the year 1, a placeholder for no date, can fall in the year 0 in another zone
        return None


def find_first_and_last_day(values: Iterable[Any], zone: tzinfo) -> tuple[str, str]:
    """Return the first and the last local day of the times as ISO dates; ("", "") if none can be read."""
    days = [found for value in values if (found := parse_local_date(value, zone)) and found.year >= _EARLIEST_YEAR]
    return (min(days).isoformat(), max(days).isoformat()) if days else ("", "")


def format_long_date(value: date) -> str:
    """Return a day as `22 November 2026`."""
    return f"{value.day} {value:%B %Y}"


def format_long_datetime(value: datetime, zone: tzinfo) -> str:
    """Return a time as `22 November 2026, 14:05 IST` in the given zone."""
    local = value.astimezone(zone)
    return f"{format_long_date(local.date())}, {local:%H:%M} {local:%Z}".strip()


def format_count(count: int, singular: str, plural_form: str = "") -> str:
    """Return a count with its noun: `1 order`, `3 orders`."""
    return f"{count:,} {singular if count == 1 else plural_form or singular + 's'}"


def iter_objects(body: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a list, whether it is plain or a GraphQL connection with nodes or edges."""
    value = body.get(key)
    if isinstance(value, (dict, Mapping)):
        nodes, edges = value.get("nodes"), value.get("edges")
        if isinstance(edges, list):
            nodes = [edge.get("node") for edge in edges if isinstance(edge, Mapping)]
        value = nodes
    if isinstance(value, (list, tuple)):
        for item in value:
            if isinstance(item, (dict, Mapping)):
                yield item


def get_nested_value(body: Any, path: str) -> Any:
    """Return the value at a dotted path; None if a step of the path is missing or no object."""
    for key in path.split("."):
        if not isinstance(body, (dict, Mapping)):  # the first is asked in a tenth of the time
            return None
        body = body.get(key)
    return body


def _parse_iso_datetime(text: str) -> datetime | None:
    if not text:
        return None  # often, and an exception takes longer
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
