"""Describe a package for programs: the header of its JSON files, `bag-info.txt` and `manifest.json`.

Pure. Writes no file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.steps.access.package.sections.recipients import RECIPIENT_NOT_CONFIGURED
from bridge.steps.access.package.text import dump_json_line, format_setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bridge.model import PrivacyRequest
    from bridge.steps.access.package.bag import PackageFile
    from bridge.steps.access.package.letter import LetterContents
    from config.merchant_file.merchant import Merchant

PACKAGE_SCHEMA = "access-package/1"


def build_common_header(contents: LetterContents) -> Mapping[str, Any]:
    """Return the fields that begin every JSON file: the request, the time, the rules and the contact."""
    request, merchant = contents.request, contents.merchant
    return {
        "schema": PACKAGE_SCHEMA,
        "request_id": request.id,
        "prepared_at": contents.prepared_at.isoformat(),
        "covers_data_as_of": contents.as_of.isoformat(),
        "contact": _build_officer_contact(merchant),
        "policy": {
            "sha256": request.policy_sha256 or merchant.policy_sha256,
            "last_updated": format_setting(merchant.policy_last_updated),
            "url": format_setting(merchant.policy_url),
        },
        "retention": {
            "policy_id": contents.retention.policy_id,
            "sha256": request.retention_sha256 or contents.retention.sha256,
        },
    }


def _build_officer_contact(merchant: Merchant) -> Mapping[str, str]:
    officer = merchant.officer
    return {
        "role": "Grievance Officer",
        "organisation": format_setting(merchant.trading_name),
        "name": format_setting(officer.name),
        "designation": format_setting(officer.designation),
        "email": format_setting(officer.email),
        "phone": format_setting(officer.phone),
        "address": format_setting(merchant.address),
    }


def _build_package_id(request: PrivacyRequest) -> str:
    return "pkg_" + request.id.removeprefix("req_")


def build_bag_info(contents: LetterContents) -> Mapping[str, str]:
    """Return the fields of `bag-info.txt` (RFC 8493, section 2.2.2)."""
    contact = _build_officer_contact(contents.merchant)
    return {
        "Source-Organization": contact["organisation"],
        "Organization-Address": contact["address"],
        "Contact-Name": contact["name"],
        "Contact-Phone": contact["phone"],
        "Contact-Email": contact["email"],
        "External-Description": "Copy of the personal data held about one person, with a letter",
        "Bagging-Date": contents.prepared_at.date().isoformat(),
        "External-Identifier": _build_package_id(contents.request),
        "Internal-Sender-Identifier": contents.request.id,
        "Bag-Software-Agent": "shopify-compliance-bridge",
    }


def render_manifest_json(contents: LetterContents, files: Sequence[PackageFile]) -> str:
    """Return `manifest.json`: the files with role and hash, and how complete the package is."""
    return (
        dump_json_line(
            {
                **build_common_header(contents),
                "package_id": _build_package_id(contents.request),
                "regime": list(contents.regimes),
                "language": ["en"],
                "completeness": {
                    "complete": not contents.gaps,
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
                "bagit": {"version": "1.0", "algorithm": "sha256"},
                "files": [_build_file_json(file) for file in files],
                # how it left is known only afterwards: the evidence says so (`package.released`)
                "delivery": {"method": "one_time_link", "to": "verified_contact"},
                "contact_for_questions": _build_officer_contact(contents.merchant),
            }
        )
        + "\n"
    )


def _build_file_json(file: PackageFile) -> Mapping[str, Any]:
    file_json = {
        "path": file.path,
        "role": file.role,
        "media_type": file.media_type,
        "sha256": file.sha256,
        "bytes": file.size,
    }
    return file_json if file.portable is None else {**file_json, "portable": file.portable}
