"""Describe a package for programs: the header of its JSON files, `bag-info.txt` and `manifest.json`.

Pure. Writes no file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.model import PrivacyRequest
from bridge.steps.access.package.bag import PackageFile
from bridge.steps.access.package.letter import LetterContents
from bridge.steps.access.package.sections.recipients import RECIPIENT_NOT_CONFIGURED
from bridge.steps.access.package.text import dump_json_line, format_setting
from config.merchant_file.merchant import Merchant

PACKAGE_SCHEMA = "access-package/1"


def build_common_header(contents: LetterContents) -> Mapping[str, Any]:
    """Return the fields that begin every JSON file: the request, the time, the rules and the contact."""
    request, merchant, retention = contents.package.request, contents.package.merchant, contents.package.retention
    return {
        "schema": PACKAGE_SCHEMA,
        "request_id": request.id,
        "prepared_at": contents.package.prepared_at.isoformat(),
        "covers_data_as_of": contents.as_of.isoformat(),
        "contact": _build_officer_contact(merchant),
        "policy": {
            "sha256": request.policy_sha256 or merchant.policy_sha256,
            "last_updated": format_setting(merchant.policy_last_updated),
            "url": format_setting(merchant.policy_url),
        },
        "retention": {"policy_id": retention.policy_id, "sha256": request.retention_sha256 or retention.sha256},
    }


def _build_officer_contact(merchant: Merchant) -> Mapping[str, str]:
    officer = merchant.officer
    return {
        "role": "Grievance Officer",
        "organisation": format_setting(merchant.trading_name),
        **{name: format_setting(getattr(officer, name)) for name in ("name", "designation", "email", "phone")},
        "address": format_setting(merchant.address),
    }


def _build_package_id(request: PrivacyRequest) -> str:
    return "pkg_" + request.id.removeprefix("req_")


def build_bag_info(contents: LetterContents) -> Mapping[str, str]:
    """Return the fields of `bag-info.txt` (RFC 8493, section 2.2.2)."""
    contact = _build_officer_contact(contents.package.merchant)
    return {
        "Source-Organization": contact["organisation"],
        "Organization-Address": contact["address"],
        "Contact-Name": contact["name"],
        "Contact-Phone": contact["phone"],
        "Contact-Email": contact["email"],
        "External-Description": "Copy of the personal data held about one person, with a letter",
        "Bagging-Date": contents.package.prepared_at.date().isoformat(),
        "External-Identifier": _build_package_id(contents.package.request),
        "Internal-Sender-Identifier": contents.package.request.id,
        "Bag-Software-Agent": "shopify-compliance-bridge",
    }


def render_manifest_json(contents: LetterContents, files: Sequence[PackageFile]) -> str:
    """Return `manifest.json`: the files with role and hash, and how complete the package is."""
    manifest = {
        **build_common_header(contents),
        "package_id": _build_package_id(contents.package.request),
        "regime": list(contents.regimes),
        "language": ["en"],
        "completeness": {
            "complete": contents.is_complete,
            "gaps": [
                {"source": gap.system, "kind": gap.absence.value, "reason": gap.reason, "what": gap.what}
                for gap in contents.gaps
            ],
            "recipients_named": not contents.unnamed_recipients,
            "recipient_gaps": [
                {"processor": processor_id, "kind": "recipient", "reason": RECIPIENT_NOT_CONFIGURED}
                for processor_id in contents.unnamed_recipients
            ],
        },
        "counts": {
            "records": contents.statistics.found_count,
            "sources": {source["system"]: source["records"] for source in contents.searched_systems},
            "recipients": len(contents.recipients),
        },
        "bagit": {"version": "1.0", "algorithm": "sha256"},
        "files": [_build_file_json(file) for file in files],
        "delivery": {
            "handed_over": False,
            "note": "This file was written before the package was handed over. The record of the request says whether, "
            "when and how it was.",
        },
        "contact_for_questions": _build_officer_contact(contents.package.merchant),
    }
    return dump_json_line(manifest) + "\n"


def _build_file_json(file: PackageFile) -> Mapping[str, Any]:
    optional = [name for name in ("portable", "records") if getattr(file, name) is not None]
    return {
        "bytes": file.size,
        **{name: getattr(file, name) for name in ("path", "role", "media_type", "sha256", *optional)},
    }
