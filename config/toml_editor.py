"""Change single values in the text of a TOML file, so that its comments and everything else stay.

Works on values of one line. A table of a list, such as `[[processor]]`, is named by its `id`: `processor.delhivery`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any

_HEADER = re.compile(r"^(\[\[?)([\w.\"-]+)\]\]?")
_ID = re.compile(r'^id = "([\w-]+)"')


def set_values(text: str, values: Mapping[tuple[str, str], Any]) -> str:
    """Return the text with the value of each (table, key) replaced; the table '' is the top of the file.

    Raises KeyError naming the first table and key that the text does not have.
    """
    waiting = dict(values)
    lines = []
    for table, line in _label_lines(text):
        place = (table, line.partition("=")[0].strip()) if "=" in line else ("", "")
        lines.append(f"{place[1]} = {format_value(waiting.pop(place))}" if place in waiting else line)
    if waiting:
        raise KeyError(next(iter(waiting)))
    return "\n".join(lines) + "\n"


def drop_tables(text: str, tables: Collection[str]) -> str:
    """Return the text without these tables, such as `processor.delhivery`."""
    return "\n".join(line for table, line in _label_lines(text) if table not in tables) + "\n"


def format_value(value: Any) -> str:
    """Return a value as TOML writes it: a text, a number, a date, a list of them or an inline table."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {format_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(format_value, value)) + "]"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", r"\u007F")
    return json.dumps(value)


def _label_lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield (table, line) of the text; a table of a list has the id that stands in it."""
    lines = text.splitlines()
    table = ""
    for number, line in enumerate(lines):
        if header := _HEADER.match(line):
            table = header[2] if header[1] == "[" else f"{header[2]}.{_find_id(lines[number + 1 :])}"
        yield table, line


def _find_id(lines: Collection[str]) -> str:
    for line in lines:
        if found := _ID.match(line):
            return found[1]
        if _HEADER.match(line):
            break
    return ""
