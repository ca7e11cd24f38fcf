"""Build the folder `portable/`: what the data subject gave or what was observed, for use without the rest (GDPR Art 20).

Every file has rows of plain text in columns that its own dictionary explains. What the shop or the platform worked out
or noted is left out; it is in `records/`. Masked as the records are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bridge.steps.access.package.bag import BagItWriter
from bridge.steps.access.package.records.tables import FLAT_TABLES, FLAT_TABLES_BY_NAME
from bridge.steps.access.package.temp_buffer import TempBuffer
from bridge.steps.access.package.text import BYTE_ORDER_MARK, dump_json_line, format_csv_line

FOLDER = "portable"
# What the shop noted or the platform worked out; not what the person gave, nor an observation of what the person did.
_WORKED_OUT_COLUMNS = {
    "profile": {"note", "tags", "orders", "amount_spent", "currency"},
    "addresses": {"latitude", "longitude"},
    "orders": {"tags"},
    "draft_orders": {"tags"},
}
PORTABLE_COLUMNS: Mapping[str, tuple[str, ...]] = {
    table.name: tuple(
        column.name for column in table.columns if column.name not in _WORKED_OUT_COLUMNS.get(table.name, ())
    )
    for table in FLAT_TABLES
    if table.portable
}
_CSV_HEADERS = {name: format_csv_line(columns) for name, columns in PORTABLE_COLUMNS.items()}
_README = """What this folder is

It holds the data that you gave to the shop, and what was recorded of what you did there: your profile, addresses,
orders, payments, refunds, returns and consents. You may hand it to another shop or service. It needs no other file of
the copy that it came with.

Each table is there twice, with the same rows: the .csv file for spreadsheets, the .json file for programs (its rows
are under "records"). columns.csv explains every column, schema.json the form of the .json files.

The text is UTF-8. Times have their offset from UTC, amounts their currency in a column of its own. Phone numbers are in
international form and begin with +. In a .csv file a cell that a spreadsheet could run as a formula begins with an
apostrophe, which is not part of the value; the .json files have none.

What the shop or its platform worked out or noted about you is not here: it is in the folder records of the whole copy.
"""


class PortableFiles:
    """The tables of the folder, collected until they are written."""

    def __init__(self, *, csv_bom: bool = False) -> None:
        """Create empty tables: one without rows still has its header."""
        self._json_buffers = {name: TempBuffer() for name in PORTABLE_COLUMNS}
        self._csv_buffers = {name: TempBuffer() for name in PORTABLE_COLUMNS}
        self._counts = dict.fromkeys(PORTABLE_COLUMNS, 0)
        for name, csv_header in _CSV_HEADERS.items():
            self._csv_buffers[name].append_text((BYTE_ORDER_MARK if csv_bom else "") + csv_header)

    def add_row(self, table: str, row: Mapping[str, str], csv_line: str, json_line: str) -> None:
        """Add a row of any table; one that is not portable is left out.

        `csv_line` and `json_line` are the row as `records/` has it, the second empty where it has whole records instead.
        """
        if table not in PORTABLE_COLUMNS:
            return
        if table in _WORKED_OUT_COLUMNS:
            row = {name: row[name] for name in PORTABLE_COLUMNS[table]}
            csv_line, json_line = format_csv_line(row.values()), ""
        self._csv_buffers[table].append_text(csv_line)
        separator = ",\n    " if self._counts[table] else "\n    "
        self._json_buffers[table].append_text(separator + (json_line or dump_json_line(row)))
        self._counts[table] += 1

    def write_files(self, bag: BagItWriter, header: Mapping[str, Any]) -> None:
        """Write the folder: its own explanation, then every table as JSON and CSV."""
        about: dict[str, Any] = {"role": "portability", "portable": True}
        bag.add_payload_file(f"{FOLDER}/README.txt", _README, media_type="text/plain", **about)
        bag.add_payload_file(f"{FOLDER}/columns.csv", render_portable_dictionary(), media_type="text/csv", **about)
        schema = read_package_schema()
        bag.add_payload_file(f"{FOLDER}/schema.json", schema, media_type="application/schema+json", **about)
        for name, count in self._counts.items():
            content = render_records_json(name, count, header, self._json_buffers.pop(name))
            path = f"{FOLDER}/{name}"
            bag.add_payload_file(f"{path}.json", content, media_type="application/json", records=count, **about)
            content = self._csv_buffers.pop(name).drain_chunks()
            bag.add_payload_file(f"{path}.csv", content, media_type="text/csv", records=count, **about)


def render_records_json(name: str, count: int, header: Mapping[str, Any], buffer: TempBuffer) -> Iterator[bytes]:
    """Yield a JSON file of `count` records, one on each line, that the buffer holds with their separators."""
    frame = {**header, "part": "records", "title": name, "count": count, "records": []}
    head, tail = dump_json_line(frame).split('"records": []')  # a quote within a value would be escaped
    yield (head + '"records": [').encode()
    yield from buffer.drain_chunks()
    yield (("\n  ]" if count else "]") + tail + "\n").encode()


@cache
def read_package_schema() -> str:
    """Return the JSON schema of the package's files, which is the same in every package."""
    return (Path(__file__).parents[1] / "schema" / "access-package.schema.json").read_text(encoding="utf-8")


@cache
def render_portable_dictionary() -> str:
    """Return the dictionary of the folder's columns as CSV; it is the same in every package."""
    return "".join(map(format_csv_line, _list_dictionary_rows()))


def _list_dictionary_rows() -> Iterator[tuple[str, ...]]:
    yield ("file", "column", "label", "dpv_term")
    for name, columns in PORTABLE_COLUMNS.items():
        for column in FLAT_TABLES_BY_NAME[name].columns:
            if column.name in columns:
                yield (f"{name}.csv", column.name, column.label, column.dpv_term)
