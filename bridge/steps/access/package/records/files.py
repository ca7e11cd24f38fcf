"""Build the files under `records/`: each finding is read once and feeds all of them.

Masks first, so that nothing unmasked reaches a file or a count. Holds compressed text only, never the findings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from bridge.model import Finding
from bridge.rules.index.identity import legacy_id
from bridge.rules.index.shipping import AttributionRules
from bridge.steps.access.package.bag import BagItWriter
from bridge.steps.access.package.records.mask import mask_record_body
from bridge.steps.access.package.records.other_persons import THIRD_PERSON_MASKED, OtherPersonMasker
from bridge.steps.access.package.records.portable import PortableFiles, render_records_json
from bridge.steps.access.package.records.recorded_persons import RecordedPersons
from bridge.steps.access.package.records.rows import FILE_NAMES_BY_KIND, build_table_rows
from bridge.steps.access.package.records.tables import COLUMN_NAMES, CSV_HEADERS, FLAT_TABLES, FLAT_TABLES_BY_NAME
from bridge.steps.access.package.records.third_parties import mask_third_parties
from bridge.steps.access.package.sections.statistics import PackageStatistics
from bridge.steps.access.package.temp_buffer import TempBuffer
from bridge.steps.access.package.text import BYTE_ORDER_MARK, dump_json_line, format_csv_line

_NON_FILE_NAME_CHARS = re.compile(r"[^a-z0-9_]+")
_MAX_FILE_NAME_CHARS = 40


class RecordFiles:
    """The record files of one package, collected until they are written."""

    def __init__(
        self,
        zone: tzinfo,
        *,
        persons: RecordedPersons,
        masks_other_persons: bool,
        rules: AttributionRules = (),
        csv_bom: bool = False,
    ) -> None:
        """Create empty files: a table without rows still has its header.

        `persons` are those named in all records, `rules` the merchant's rules for whose account a parcel is on.
        """
        self.statistics = PackageStatistics(zone)
        self._zone = zone
        self._subject_names = persons.own_names
        self._masks_other_persons = masks_other_persons
        self._other_persons = OtherPersonMasker(persons, is_masking=masks_other_persons)
        self._shipping_rules = rules
        self._json_buffers: dict[str, TempBuffer] = {table.name: TempBuffer() for table in FLAT_TABLES}
        self._csv_buffers: dict[str, TempBuffer] = {table.name: TempBuffer() for table in FLAT_TABLES}
        self._record_counts: dict[str, int] = dict.fromkeys(self._json_buffers, 0)
        self._portable = PortableFiles(csv_bom=csv_bom)
        for table, header in CSV_HEADERS.items():
            self._csv_buffers[table].append_text((BYTE_ORDER_MARK if csv_bom else "") + header)

    def add_finding(self, system: str, finding: Finding) -> None:
        """Mask one finding, count it and add it to its files."""
        body = mask_record_body(finding.body, self.statistics.mask_counts)
        self._mask_or_count_other_persons(body)
        mask_third_parties(body, self._subject_names, self.statistics.mask_counts)
        self.statistics.count_finding(system, finding.kind, body)
        ref = legacy_id(finding.ref) or finding.ref
        record = {"system": system, "ref": ref, "found_by": finding.matched_by, "data": body}
        self._append_json_record(_choose_file_name(finding.kind), dump_json_line(record))
        for table, row in build_table_rows(system, finding.kind, body, self._zone, self._shipping_rules):
            self.statistics.count_table_row(system, table, row)
            line = {column: row.get(column, "") for column in COLUMN_NAMES[table]}
            csv_line, json_line = format_csv_line(line.values()), ""
            self._csv_buffers[table].append_text(csv_line)
            if not FLAT_TABLES_BY_NAME[table].holds_whole_records:
                json_line = dump_json_line(line)
                self._append_json_record(table, json_line)
            self._portable.add_row(table, line, csv_line, json_line)

    def _mask_or_count_other_persons(self, body: dict[str, Any]) -> None:
        places = self._other_persons.mask_record(body)
        self.statistics.other_person_places += places
        if places and self._masks_other_persons:
            self.statistics.mask_counts[THIRD_PERSON_MASKED] += places

    def write_record_files(self, bag: BagItWriter, header: Mapping[str, Any]) -> None:
        """Write every file: the flat tables first, then the kinds of records without a table."""
        other_names = sorted(self._json_buffers.keys() - FLAT_TABLES_BY_NAME.keys())
        for name in [*(table.name for table in FLAT_TABLES), *other_names]:
            table, count = FLAT_TABLES_BY_NAME.get(name), self._record_counts[name]
            about: dict[str, Any] = {"role": "copy", "portable": bool(table and table.portable)}
            content, path = render_records_json(name, count, header, self._json_buffers.pop(name)), f"records/{name}"
            bag.add_payload_file(f"{path}.json", content, media_type="application/json", records=count, **about)
            if table:
                rows = self.statistics.rows_by_table[name]
                content = self._csv_buffers.pop(name).drain_chunks()
                bag.add_payload_file(f"{path}.csv", content, media_type="text/csv", records=rows, **about)
        self._portable.write_files(bag, header)

    def _append_json_record(self, name: str, record: str) -> None:
        buffer = self._json_buffers.setdefault(name, TempBuffer())
        count = self._record_counts.get(name, 0)
        self._record_counts[name] = count + 1
        buffer.append_text((",\n    " if count else "\n    ") + record)


def _choose_file_name(kind: str) -> str:
    if kind in FILE_NAMES_BY_KIND:
        return FILE_NAMES_BY_KIND[kind]
    name = _NON_FILE_NAME_CHARS.sub("_", kind.casefold()).strip("_")[:_MAX_FILE_NAME_CHARS] or "unnamed"
    return f"other_{name}" if name in FLAT_TABLES_BY_NAME else name
