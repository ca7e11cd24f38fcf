"""Print results: one JSON document for programs, text and tables for people."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar, cast

import click

from bridge.cli.command import is_dry_run, is_json_wanted
from bridge.cli.shared.dates import format_time

T = TypeVar("T")
Row = Mapping[str, Any]
DRY_RUN_NOTE = "Dry run, nothing was changed. Without --dry-run:"


def show(value: T, text: str | Callable[[T], None]) -> None:
    """Print `value` as one JSON document if `--json` was given; otherwise print `text`, or call it with `value`.

    After a dry run both say that nothing was changed.
    """
    if is_dry_run():
        value = cast("T", {**value, "dry_run": True}) if isinstance(value, dict) else value
        text = f"{DRY_RUN_NOTE} {text}" if isinstance(text, str) else _print_after_note(text)
    if is_json_wanted():
        click.echo(json.dumps(value, default=_encode_json_value, indent=2, ensure_ascii=False))
    elif isinstance(text, str):
        click.echo(text)
    else:
        text(value)


def _print_after_note(write: Callable[[T], None]) -> Callable[[T], None]:
    def write_both(value: T) -> None:
        click.echo(DRY_RUN_NOTE)
        write(value)

    return write_both


def show_table(rows: Sequence[Row], columns: Sequence[str], *, empty: str) -> None:
    """Print rows as one JSON document, or as a table of some of their columns; `empty` if there are none."""
    show(rows, lambda shown: print_table(shown, columns, empty=empty))


def print_table(rows: Iterable[Row], columns: Sequence[str], *, empty: str) -> None:
    """Print a table of the columns, or `empty` if there are no rows."""
    cells = [[format_cell(row.get(column)) for column in columns] for row in rows]
    if not cells:
        click.echo(empty)
        return
    header = [column.replace("_", " ") for column in columns]
    if is_terminal_output():
        from bridge.cli.shared.tables import print_terminal_table  # noqa: PLC0415 - rich, for a terminal only

        print_terminal_table(header, cells)
        return
    widths = [max(len(column), *(len(line[i]) for line in cells)) for i, column in enumerate(columns)]
    for line in [header, *cells]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_fields(fields: Row, *, width: int) -> None:
    """Print one line per field: its name, padded to `width`, and its value, or `-` if there is none."""
    for name, value in fields.items():
        click.echo(f"{name.replace('_', ' '):{width}} {format_cell(value)}")


def select_fields(record: Any, names: Iterable[str]) -> dict[str, Any]:
    """Return these attributes of a record by their names."""
    return {name: getattr(record, name) for name in names}


def _encode_json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    return str(value)


def warn(text: str) -> None:
    """Print a line on stderr, for people: with `--json` the document says it."""
    if not is_json_wanted():
        click.echo(text, err=True)


def is_terminal_output() -> bool:
    """Return whether a person reads stdout on a terminal that can move its cursor."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def format_cell(value: Any) -> str:
    """Return a value as every command prints it: `-` for none, yes or no, a time in UTC to the second."""
    if value is None or value == "":
        return "-"
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
