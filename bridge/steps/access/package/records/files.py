"""The files under `records/`: every finding goes through once and feeds all of them.

Masks first, so that nothing unmasked reaches a file or a count. Holds compressed text only, never the
findings.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bridge.rules.index.identity import legacy_id
from bridge.steps.access.package.records.mask import masked
from bridge.steps.access.package.records.rows import WHOLE_FILE, rows
from bridge.steps.access.package.records.tables import BY_NAME, TABLES
from bridge.steps.access.package.records.third_parties import hide_strangers
from bridge.steps.access.package.sections.statistics import Survey
from bridge.steps.access.package.temp_buffer import Spool
from bridge.steps.access.package.text import csv_line, dump_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import tzinfo

    from bridge.model import Finding
    from bridge.rules.index.shipping import Rules
    from bridge.steps.access.package.bag import Bag
    from bridge.steps.access.package.records.third_parties import Words

_NOT_A_NAME = re.compile(r"[^a-z0-9_]+")
_LONGEST_NAME = 40
_BOM = "\ufeff"


class RecordFiles:
    """All record files of one package, waiting to be written."""

    def __init__(
        self, zone: tzinfo, *, names: Collection[Words] = (), rules: Rules = (), csv_bom: bool = False
    ) -> None:
        """Begin with empty files: a table without lines still has its header.

        `names` are the person's own, `rules` the merchant's word about whose account a parcel is on.
        """
        self.survey = Survey(zone)
        self._zone = zone
        self._names = names
        self._rules = rules
        self._json: dict[str, Spool] = {table.name: Spool() for table in TABLES}
        self._csv: dict[str, Spool] = {table.name: Spool() for table in TABLES}
        self._counts: dict[str, int] = dict.fromkeys(self._json, 0)
        for table in TABLES:
            header = csv_line(column.name for column in table.columns)
            self._csv[table.name].write((_BOM if csv_bom else "") + header)

    def add(self, system: str, finding: Finding) -> None:
        """Take in one finding."""
        body = masked(finding.body, self.survey.masks)
        hide_strangers(body, self._names, self.survey.masks)
        self.survey.record(system, finding.kind, body)
        record = {
            "system": system,
            "ref": legacy_id(finding.ref) or finding.ref,
            "found_by": finding.matched_by,
            "data": body,
        }
        self._append(_file_of(finding.kind), dump_line(record))
        for table, row in rows(system, finding.kind, body, self._zone, self._rules):
            self.survey.row(system, table, row)
            line = {column.name: row.get(column.name, "") for column in BY_NAME[table].columns}
            self._csv[table].write(csv_line(line.values()))
            if not BY_NAME[table].whole:
                self._append(table, dump_line(line))

    def write(self, bag: Bag, header: Mapping[str, Any]) -> None:
        """Write every file, known tables first, then the kinds that have none."""
        others = sorted(self._json.keys() - BY_NAME.keys())
        for name in [*(table.name for table in TABLES), *others]:
            table = BY_NAME.get(name)
            bag.add(
                f"records/{name}.json",
                self._document(name, header),
                role="copy",
                media_type="application/json",
                portable=bool(table and table.portable),
            )
            if table:
                bag.add(
                    f"records/{name}.csv",
                    self._csv.pop(name).read(),
                    role="copy",
                    media_type="text/csv",
                    portable=table.portable,
                )

    def _append(self, name: str, record: str) -> None:
        spool = self._json.setdefault(name, Spool())
        count = self._counts.get(name, 0)
        self._counts[name] = count + 1
        spool.write((",\n    " if count else "\n    ") + record)

    def _document(self, name: str, header: Mapping[str, Any]) -> Iterator[bytes]:
        count = self._counts[name]
        frame = {**header, "part": "records", "title": name, "count": count, "records": []}
        before, after = dump_line(frame).split('"records": []')  # a quote within a value would be escaped
        yield (before + '"records": [').encode()
        yield from self._json.pop(name).read()
        yield (("\n  ]" if count else "]") + after + "\n").encode()


def _file_of(kind: str) -> str:
    if kind in WHOLE_FILE:
        return WHOLE_FILE[kind]
    name = _NOT_A_NAME.sub("_", kind.casefold()).strip("_")[:_LONGEST_NAME] or "unnamed"
    return f"other_{name}" if name in BY_NAME else name
