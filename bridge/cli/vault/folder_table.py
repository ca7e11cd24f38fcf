"""Read the table that says which file of a folder is the document of which order."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import click

from bridge.cli.files.input_files import name_input, read_input_text
from bridge.rules.index.identity import legacy_id

REQUIRED_COLUMNS = {"order_id", "file", "issued_at"}


@dataclass(frozen=True, kw_only=True, slots=True)
class FilingRow:
    """One line of the table. `order_id` is '' if it cannot be parsed."""

    line: int
    order_id: str
    file: str
    issued_at: str
    kind: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FilingResult:
    """The result of one line. `there`: the same content was filed before; `why`: the reason of a failure."""

    line: int
    file: str
    document: str = ""
    there: bool = False
    why: str = ""


def read_filing_table(path: Path) -> list[FilingRow]:
    """Return every line of the table. Raises UsageError if it is not such a table, or if it names no file."""
    try:
        table = csv.DictReader(io.StringIO(read_input_text(path), newline=""))
        missing = REQUIRED_COLUMNS - set(table.fieldnames or ())
        if missing:
            raise click.UsageError(f"{name_input(path)} lacks the columns {', '.join(sorted(missing))}")
        rows = [_parse_filing_row(table.line_num, cells) for cells in table]
    except csv.Error:
        raise click.UsageError(f"{name_input(path)} cannot be read as CSV in UTF-8") from None
    if not rows:
        raise click.UsageError(f"{name_input(path)} names no file")
    return rows


def _parse_filing_row(line: int, cells: dict[str, str]) -> FilingRow:
    return FilingRow(
        line=line,
        order_id=legacy_id(cells["order_id"] or ""),
        file=(cells["file"] or "").strip(),
        issued_at=cells["issued_at"] or "",
        kind=(cells.get("kind") or "invoice").strip(),
    )
