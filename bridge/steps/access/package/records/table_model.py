"""Define what a flat table of a package is. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column: its name, its meaning in plain words, and its DPV term if there is one."""

    name: str
    label: str
    dpv_term: str = ""


@dataclass(frozen=True, slots=True)
class FlatTable:
    """One table.

    `category` is the retention category that its rows count for. With `holds_whole_records` the JSON file has the
    complete records, else the same rows as the CSV file.
    """

    name: str
    title: str
    category: str
    portable: bool
    holds_whole_records: bool
    columns: tuple[TableColumn, ...]


def define_table(heading: str, *columns: str, portable: bool = True, holds_whole_records: bool = False) -> FlatTable:
    """Return a table from `name | title | category` and a text `name | label | DPV term` for each column."""
    name, title, category = heading.split(" | ")
    parsed_columns = tuple(TableColumn(*column.split(" | ")) for column in columns)
    return FlatTable(name, title, category, portable, holds_whole_records, parsed_columns)
