"""Write the access package from plain values: which files it has, and in which order.

Reads the records twice, page by page, first only for the persons they name, and writes forward only. The same
values give the same bytes, except for the two times stated. Opens no transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any
from zoneinfo import ZoneInfo

from bridge.model import Gap
from bridge.rules.requests import regimes
from bridge.steps.access.package import letter, plain_language
from bridge.steps.access.package.bag import BagItWriter, PackageFile
from bridge.steps.access.package.manifest import build_bag_info, build_common_header, render_manifest_json
from bridge.steps.access.package.records import tables
from bridge.steps.access.package.records.files import RecordFiles
from bridge.steps.access.package.records.portable import read_package_schema, render_portable_dictionary
from bridge.steps.access.package.records.recorded_persons import collect_recorded_persons
from bridge.steps.access.package.sections import missing_data as missing
from bridge.steps.access.package.sections import own_section, prior_erasures, recipients, retention_section, summary
from bridge.steps.access.package.text import dump_indented_json
from config.merchant_file.access_rules import MASK_THIRD_PERSONS

_JSON_MEDIA_TYPE = "application/json"


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageManifest:
    """The contents of a written package.

    `complete` means that every system answered in full and that every recipient can be named.
    `statements_missing` counts what the merchant's file leaves unsaid, where the letter says 'not stated', and
    `contacts_missing` the blanks of its contact, where the letter says 'not yet published'.
    `texts_masked` counts the notes, attributes and metafields in which a bank or identity number was masked.
    """

    complete: bool
    records: int
    gaps: tuple[Gap, ...]
    unnamed_recipients: tuple[str, ...]
    files: tuple[PackageFile, ...]
    manifest_sha256: str
    texts_masked: int = 0
    statements_missing: int = 0
    contacts_missing: int = 0

    @property
    def recipients_named(self) -> bool:
        """Return True if every recipient has a name in the merchant's file."""
        return not self.unnamed_recipients


def write_access_package(package: letter.PackageInput, out: IO[bytes]) -> PackageManifest:
    """Write the package to `out`, which need not be seekable, and return its contents."""
    zone = ZoneInfo(package.merchant.clocks.timezone)
    # read first: a carrier's record may come before the customer record whose name it is compared with
    persons = collect_recorded_persons((finding for _, finding in package.records()), package.request.principal)
    files = RecordFiles(
        zone,
        persons=persons,
        masks_other_persons=package.merchant.access.third_persons == MASK_THIRD_PERSONS,
        rules=package.merchant.attribution,
        csv_bom=package.csv_bom,
    )
    for system, finding in package.records():
        files.add_finding(system, finding)
    principal, statistics = package.request.principal, files.statistics
    gaps = tuple(dict.fromkeys((*missing.find_gaps(package.tasks), *package.own_gaps)))
    all_recipients, unnamed_recipients = recipients.list_recipients(package.merchant, files.statistics)
    searched = {task.system for task in missing.select_gather_tasks(package.tasks)}
    contents = letter.LetterContents(
        package=package,
        statistics=files.statistics,
        gaps=gaps,
        searched_systems=missing.list_searched_systems(package, gaps, statistics, zone),
        headline_answer=missing.build_headline_answer(
            complete=not gaps,
            # what an earlier erasure left sealed is described in words of its own
            record_count=statistics.found_count if statistics.found_count > statistics.left_by_erasure_count else 0,
            identifiable=bool(principal.customer_id or principal.email or principal.phone or principal.order_ids),
            sealed_count=max(
                prior_erasures.count_sealed_items(package.prior_erasures), statistics.left_by_erasure_count
            ),
            has_request_traces=statistics.rows_by_table["your_requests"] > 1,
        ),
        recipients=all_recipients,
        unnamed_recipients=unnamed_recipients,
        not_searched=own_section.build_not_searched_section(package.merchant, statistics, all_recipients, searched),
        regimes=regimes.list_regimes({*files.statistics.countries, *principal.stated_countries}),
        as_of=missing.find_as_of_time(package.tasks, package.prepared_at),
        zone=zone,
    )
    header = build_common_header(contents)
    with BagItWriter(out) as bag:
        _write_summary_files(bag, contents, header)
        files.write_record_files(bag, header)
        _write_schema_files(bag)
        manifest_json = render_manifest_json(contents, bag.payload_files)
        digest = bag.write_tag_files(info=build_bag_info(contents), manifest_json=manifest_json)
        return PackageManifest(
            complete=contents.is_complete,
            records=statistics.found_count,
            gaps=gaps,
            unnamed_recipients=unnamed_recipients,
            files=tuple(bag.payload_files),
            manifest_sha256=digest,
            statements_missing=len(package.merchant.access.list_missing_statements(package.retention.categories)),
            contacts_missing=len(package.merchant.list_blank_contacts()),
            texts_masked=files.statistics.mask_counts["bank_detail_in_text_masked"],
        )


def load_unchanging_files() -> None:
    """Load what is the same in every package: a worker does it once, or each of its children would do it anew."""
    read_package_schema()
    render_portable_dictionary()
    tables.render_column_dictionary()


def _write_summary_files(bag: BagItWriter, contents: letter.LetterContents, header: Mapping[str, Any]) -> None:
    statistics, retention, all_recipients = contents.statistics, contents.package.retention, contents.recipients
    today = contents.package.prepared_at.astimezone(contents.zone).date()

    def write_part(path: str, role: str, body: Mapping[str, Any]) -> None:
        name = path[3:].removesuffix(".json")
        content = dump_indented_json({**header, "part": name, **body}) + "\n"
        bag.add_payload_file(path, content, role=role, media_type=_JSON_MEDIA_TYPE)

    html, text = letter.render_access_letter(contents)
    bag.add_payload_file("00_letter.html", html, role="plain_language_summary", media_type="text/html")
    bag.add_payload_file("00_letter.txt", text, role="plain_language_summary", media_type="text/plain")
    prior = prior_erasures.build_prior_erasures_section(contents.package.prior_erasures, contents.zone)
    not_searched = {"not_searched": contents.not_searched}
    searched_systems = [dict(source) for source in contents.searched_systems]
    merchant = contents.package.merchant
    data_held = summary.build_summary_section(
        merchant, retention, statistics, contents.headline_answer, searched_systems
    )
    others = summary.build_other_persons_section(merchant, statistics)
    minor = {"minor": plain_language.MINOR_SENTENCE} if contents.package.is_minor else {}
    write_part("01_summary.json", "summary", {**data_held, **minor, **others, **prior, **not_searched})
    recipients_section = recipients.build_recipients_section(all_recipients, contents.unnamed_recipients)
    write_part("02_recipients.json", "recipients", recipients_section)
    recipients_csv = recipients.render_recipients_csv(all_recipients)
    bag.add_payload_file("02_recipients.csv", recipients_csv, role="recipients", media_type="text/csv")
    legal_bases = summary.build_legal_bases_section(retention, contents.regimes, today)
    write_part("03_purposes_and_bases.json", "purposes_and_bases", legal_bases)
    retention_body = retention_section.build_retention_section(retention, statistics, today, contents.regimes)
    write_part("04_retention.json", "retention", retention_body)
    write_part("05_consents.json", "consent_log", summary.build_consents_section(retention, statistics))
    write_part(
        "06_automated_decisions.json",
        "automated_decisions",
        summary.build_automated_decisions_section(merchant, statistics),
    )
    write_part("07_transfers.json", "transfers", recipients.build_transfers_section(all_recipients))
    withheld = missing.build_withheld_section(contents.gaps, statistics)
    write_part("08_withheld.json", "withheld_and_why", {**withheld, **prior, **not_searched})


def _write_schema_files(bag: BagItWriter) -> None:
    path, media_type = "schema/access-package.schema.json", "application/schema+json"
    bag.add_payload_file(path, read_package_schema(), role="schema", media_type=media_type)
    columns = tables.render_column_dictionary()
    bag.add_payload_file("schema/columns.csv", columns, role="column_dictionary", media_type="text/csv")
