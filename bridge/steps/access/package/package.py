"""The access package from plain values: what goes in, in which order, under which header.

`build` reads the records twice, page by page, first only for the person's names, and writes forward only. Same
values, same bytes, but for the two moments it states. Opens no transaction and knows no store.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bridge.rules.requests import regimes
from bridge.steps.access.package import letter
from bridge.steps.access.package.bag import Bag, File
from bridge.steps.access.package.records import tables
from bridge.steps.access.package.records.files import RecordFiles
from bridge.steps.access.package.records.third_parties import name_of
from bridge.steps.access.package.sections import missing_data as missing
from bridge.steps.access.package.sections import prior_erasures, recipients, retention_section, summary
from bridge.steps.access.package.text import dump_line, dumps, given

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from bridge.model import Finding, Gap, PrivacyRequest, Task
    from bridge.rules.erasure.tombstone import Earlier
    from config.merchant_file.merchant import Merchant
    from config.retention_file.retention import Retention

SCHEMA = "access-package/1"
_JSON = "application/json"


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageInput:
    """All that a package is made of. `records` may be called more than once; each call begins anew.

    `earlier` are the person's earlier erasures, newest first.
    `csv_bom` puts a byte order mark before each table of records, which older spreadsheets want for UTF-8.
    """

    request: PrivacyRequest
    tasks: Sequence[Task]
    records: Callable[[], Iterator[tuple[str, Finding]]]
    merchant: Merchant
    retention: Retention
    prepared_at: datetime
    csv_bom: bool = False
    earlier: Sequence[Earlier] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What was written. `complete` is about the systems; unnamed recipients are told apart from it.

    `texts_masked` is how many notes, attributes and metafields held bank or identity numbers.
    """

    complete: bool
    records: int
    gaps: tuple[Gap, ...]
    unnamed_recipients: tuple[str, ...]
    files: tuple[File, ...]
    manifest_sha256: str
    texts_masked: int = 0

    @property
    def recipients_named(self) -> bool:
        """True where every recipient has a name in the merchant's file."""
        return not self.unnamed_recipients


def build(package: PackageInput, out: IO[bytes]) -> Manifest:
    """Write the package into a stream that need not seek. Returns what it holds."""
    zone = ZoneInfo(package.merchant.clocks.timezone)
    # carriers may come before the shop, and who took a parcel in is judged by what she is called there
    names = {name_of(each.body) for _, each in package.records() if each.kind == "customer"} - {()}
    files = RecordFiles(zone, names=names, rules=package.merchant.attribution, csv_bom=package.csv_bom)
    for system, finding in package.records():
        files.add(system, finding)
    gaps = missing.gaps_of(package.tasks)
    listed, unnamed = recipients.recipients(package.merchant, files.survey)
    contents = letter.Contents(
        request=package.request,
        merchant=package.merchant,
        retention=package.retention,
        survey=files.survey,
        gaps=gaps,
        sources=missing.sources(package.tasks, zone),
        answer=missing.headline(
            complete=not gaps,
            found=files.survey.found,
            identifiable=_names_somebody(package.request),
            sealed=prior_erasures.count(package.earlier),
        ),
        earlier=package.earlier,
        recipients=listed,
        unnamed=unnamed,
        regimes=regimes.regimes(files.survey.countries),
        prepared_at=package.prepared_at,
        as_of=missing.as_of(package.tasks, package.prepared_at),
        zone=zone,
    )
    header = _header(contents)
    with Bag(out) as bag:
        _front(bag, contents, header)
        files.write(bag, header)
        _schema(bag)
        digest = bag.seal(info=_bag_info(contents), manifest_json=_manifest(contents, bag.files))
        return Manifest(
            complete=not gaps,
            records=files.survey.findings,
            gaps=gaps,
            unnamed_recipients=unnamed,
            files=tuple(bag.files),
            manifest_sha256=digest,
            texts_masked=files.survey.masks["bank_detail_in_text_masked"],
        )


def _front(bag: Bag, contents: letter.Contents, header: Mapping[str, Any]) -> None:
    survey, retention, listed = contents.survey, contents.retention, contents.recipients
    today = contents.prepared_at.astimezone(contents.zone).date()

    def part(path: str, role: str, body: Mapping[str, Any]) -> None:
        name = path[3:].removesuffix(".json")
        bag.add(path, dumps({**header, "part": name, **body}) + "\n", role=role, media_type=_JSON)

    html, text = letter.render(contents)
    bag.add("00_letter.html", html, role="plain_language_summary", media_type="text/html")
    bag.add("00_letter.txt", text, role="plain_language_summary", media_type="text/plain")
    sources = [dict(source) for source in contents.sources]
    before = prior_erasures.key(contents.earlier, contents.zone)
    part(
        "01_summary.json",
        "dpdp_s11_1_a_summary",
        {**summary.summary(retention, survey, contents.answer, sources), **before},
    )
    named = recipients.document(listed, contents.unnamed, survey)
    part("02_recipients.json", "dpdp_s11_1_b_recipients", named)
    bag.add("02_recipients.csv", recipients.table(listed), role="recipients", media_type="text/csv")
    grounds = summary.bases(retention, contents.regimes, today)
    part("03_purposes_and_bases.json", "gdpr_15_1_a", grounds)
    part(
        "04_retention.json",
        "gdpr_15_1_d",
        retention_section.document(retention, survey, today, contents.regimes),
    )
    part("05_consents.json", "consent_log", summary.consents(retention, survey))
    part("06_automated_decisions.json", "gdpr_15_1_h", summary.decisions(survey))
    part("07_transfers.json", "gdpr_15_2", recipients.transfers(listed))
    part("08_withheld.json", "withheld_and_why", {**missing.withheld(contents.gaps, survey), **before})


def _schema(bag: Bag) -> None:
    schema, columns = _explained()
    bag.add("schema/access-package.schema.json", schema, role="schema", media_type="application/schema+json")
    bag.add("schema/columns.csv", columns, role="column_dictionary", media_type="text/csv")


@cache
def _explained() -> tuple[str, str]:
    """Schema and column dictionary: the same in every package."""
    schema = Path(__file__).with_name("schema") / "access-package.schema.json"
    return schema.read_text(encoding="utf-8"), "".join(tables.dictionary())


def _header(contents: letter.Contents) -> Mapping[str, Any]:
    """Say what every JSON file says of itself: whose answer, as of when, under which rules, whom to ask."""
    request, merchant = contents.request, contents.merchant
    return {
        "schema": SCHEMA,
        "request_id": request.id,
        "prepared_at": contents.prepared_at.isoformat(),
        "covers_data_as_of": contents.as_of.isoformat(),
        "contact": _contact(merchant),
        "policy": {
            "sha256": request.policy_sha256 or merchant.policy_sha256,
            "last_updated": given(merchant.policy_last_updated),
            "url": given(merchant.policy_url),
        },
        "retention": {
            "policy_id": contents.retention.policy_id,
            "sha256": request.retention_sha256 or contents.retention.sha256,
        },
    }


def _contact(merchant: Merchant) -> Mapping[str, str]:
    officer = merchant.officer
    return {
        "role": "Grievance Officer",
        "organisation": given(merchant.trading_name),
        "name": given(officer.name),
        "designation": given(officer.designation),
        "email": given(officer.email),
        "phone": given(officer.phone),
        "address": given(merchant.address),
    }


def _package_id(request: PrivacyRequest) -> str:
    return "pkg_" + request.id.removeprefix("req_")


def _bag_info(contents: letter.Contents) -> Mapping[str, str]:
    contact = _contact(contents.merchant)
    return {
        "Source-Organization": contact["organisation"],
        "Organization-Address": contact["address"],
        "Contact-Name": contact["name"],
        "Contact-Phone": contact["phone"],
        "Contact-Email": contact["email"],
        "External-Description": "Copy of the personal data held about one person, with a letter",
        "Bagging-Date": contents.prepared_at.date().isoformat(),
        "External-Identifier": _package_id(contents.request),
        "Internal-Sender-Identifier": contents.request.id,
        "Bag-Software-Agent": "shopify-compliance-bridge",
    }


def _manifest(contents: letter.Contents, files: Sequence[File]) -> str:
    """Write the machine's table of contents, beside BagIt's list of hashes."""
    return (
        dump_line(
            {
                **_header(contents),
                "package_id": _package_id(contents.request),
                "regime": list(contents.regimes),
                "language": ["en"],
                "completeness": {
                    "complete": not contents.gaps,
                    "gaps": [
                        {
                            "source": gap.system,
                            "kind": gap.absence.value,
                            "reason": gap.reason,
                            "what": gap.what,
                        }
                        for gap in contents.gaps
                    ],
                    "recipients_named": not contents.unnamed,
                    "recipient_gaps": [
                        {"processor": each, "kind": "recipient", "reason": recipients.UNNAMED}
                        for each in contents.unnamed
                    ],
                },
                "bagit": {"version": "1.0", "algorithm": "sha256"},
                "files": [_listed(file) for file in files],
                # how it left is known only afterwards: the evidence says so (`package.released`)
                "delivery": {"method": "one_time_link", "to": "verified_contact"},
                "contact_for_questions": _contact(contents.merchant),
            }
        )
        + "\n"
    )


def _listed(file: File) -> Mapping[str, Any]:
    entry = {
        "path": file.path,
        "role": file.role,
        "media_type": file.media_type,
        "sha256": file.sha256,
        "bytes": file.size,
    }
    return entry if file.portable is None else {**entry, "portable": file.portable}


def _names_somebody(request: PrivacyRequest) -> bool:
    who = request.principal
    return bool(who.customer_id or who.email or who.phone or who.order_ids)
