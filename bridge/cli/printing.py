"""Print results: one JSON document for programs, text and tables for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import click

from bridge.cli.command import is_json_wanted

T = TypeVar("T")
Row = Mapping[str, Any]


def show(value: T, text: str | Callable[[T], None], *, err: bool = False) -> None:
    """Print `value` as one JSON document if `--json` was given; otherwise print `text`, or call it with `value`.

    With `err` it is printed on stderr, because stdout holds something else.
    """
    if is_json_wanted():
        click.echo(json.dumps(value, default=_encode_json_value, indent=2, ensure_ascii=False), err=err)
    elif isinstance(text, str):
        click.echo(text, err=err)
    else:
        text(value)


def show_table(rows: Sequence[Row], columns: Sequence[str], *, empty: str) -> None:
    """Print rows as one JSON document, or as a table of some of their columns; `empty` if there are none."""
    show(rows, lambda shown: print_table(shown, columns, empty=empty))


def print_table(rows: Iterable[Row], columns: Sequence[str], *, empty: str) -> None:
    """Print a table of the columns, or `empty` if there are no rows."""
    cells = [[_format_cell(row.get(column)) for column in columns] for row in rows]
    if not cells:
        click.echo(empty)
        return
    widths = [max(len(column), *(len(line[i]) for line in cells)) for i, column in enumerate(columns)]
    for line in [[column.replace("_", " ") for column in columns], *cells]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_fields(fields: Row, *, width: int) -> None:
    """Print one line per field: its name, padded to `width`, and its value, or `-` if there is none."""
    for name, value in fields.items():
        click.echo(f"{name.replace('_', ' '):{width}} {value if value not in (None, '') else '-'}")


def select_fields(record: Any, names: Iterable[str]) -> dict[str, Any]:
    """Return these attributes of a record by their names."""
    return {name: getattr(record, name) for name in names}


def _encode_json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    return str(value)


def _format_cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
