"""Build and seal the access package: the copy of the data subject's personal data with a letter.

Reads findings page by page and writes the package in the caller's transaction; `write_access_package` builds the
same package from plain values. Never calls another system and never stores a finding or a file in the clear.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bridge.model import Fact
from bridge.steps.access.package.find_prior_erasures import find_prior_erasures
from bridge.steps.access.package.package import PackageInput, PackageManifest, write_access_package
from bridge.steps.index import flag_sensitive_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.model import PrivacyRequest, Task
    from bridge.services import Services
    from bridge.store import Tx

__all__ = ["PackageInput", "PackageManifest", "seal_access_package", "write_access_package"]


def seal_access_package(request: PrivacyRequest, tasks: Sequence[Task], *, tx: Tx, services: Services) -> bool:
    """Seal the request's package and record it. Return True if every system that was asked answered in full.

    A second call builds the package again and replaces the first. Raises StoreUnavailable.
    """
    package = PackageInput(
        request=request,
        tasks=tasks,
        records=partial(tx.findings.read_findings, request.id),
        merchant=services.merchant,
        retention=services.retention,
        prepared_at=services.clock.now(),
        prior_erasures=find_prior_erasures(request, tx=tx, services=services),
    )
    with tx.packages.write_package(request.id) as out:
        manifest = write_access_package(package, out)
    tx.evidence.append_fact(
        Fact.PACKAGE_SEALED,
        shop=request.shop,
        request_id=request.id,
        subject=request.subject,
        files=len(manifest.files),
        records=manifest.records,
        complete=manifest.complete,
        recipients_named=manifest.recipients_named,
        manifest_sha256=manifest.manifest_sha256,
    )
    if manifest.texts_masked:
        tx.reviews.open_review(
            request.shop,
            flag_sensitive_text.BANK_DETAILS_REVIEW_KIND,
            "records of an access request: notes, attributes or metafields",
            request_id=request.id,
        )
    return manifest.complete
