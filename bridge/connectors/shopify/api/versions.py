"""Lists the data that older versions of the Admin API do not have, and checks the version in use. Sends nothing.

Lists only what is lost: a field that an older version has under another name is requested there.
https://shopify.dev/docs/api/usage/versioning
"""

from __future__ import annotations

from datetime import date

from bridge.connectors.shopify.api.answers import SYSTEM
from bridge.model import Absence, CheckResult, Gap
from bridge.rules.requests.deadlines import add_months_to_date
from config.shopify_versions import SUPPORTED_VERSIONS, compute_support_end

__all__ = ["SUPPORTED_VERSIONS", "check_served_version", "check_version", "list_version_gaps"]

WARNING_MONTHS = 3
# The data, and the first version that has it.
FIRST_VERSION_OF_FIELDS = (
    ("tax id of the customer", "2026-07"),
    ("accounts at identity providers", "2026-07"),
    ("WhatsApp marketing consent", "2026-07"),
    ("cart and checkout tokens of orders", "2026-07"),
)


def list_version_gaps(version: str) -> tuple[Gap, ...]:
    """Return the gaps that an export must state for this version."""
    return tuple(
        Gap(system=SYSTEM, absence=Absence.NOT_CONFIGURED, what=what, reason=f"not_in_version_{version}")
        for what, since in FIRST_VERSION_OF_FIELDS
        if version < since
    )


def check_version(version: str, today: date) -> CheckResult:
    """Return until when Shopify supports the version in use: failed once it may be retired, open three months before."""
    name, newest, end = "shopify version", SUPPORTED_VERSIONS[-1], compute_support_end(version)
    if end is None:
        detail = f"{version} changes without notice: set SHOPIFY_API_VERSION to {newest}"
        return CheckResult(name=name, ok=None, detail=detail)
    if today >= end:
        detail = f"{version} was supported until {end} and may be retired: set SHOPIFY_API_VERSION to {newest}"
        return CheckResult(
            name=name, ok=False, detail=detail, fix=f"set SHOPIFY_API_VERSION to {newest}", stops_release=True
        )
    if today >= add_months_to_date(end, -WARNING_MONTHS):
        detail = f"Shopify may retire {version} on {end}: set SHOPIFY_API_VERSION to a newer version before"
        return CheckResult(name=name, ok=None, detail=detail)
    if version > newest:
        detail = f"{version} is newer than this release of the bridge, which sends it the documents of {newest}"
        return CheckResult(name=name, ok=None, detail=detail)
    return CheckResult(name=name, ok=True, detail=f"{version} is supported until {end} at least")


def check_served_version(version: str, served: str) -> list[CheckResult]:
    """Return a line if Shopify answered in another version than it was asked in, as it does for a retired one."""
    if served in ("", version):
        return []
    detail = f"asked in {version}, Shopify answered in {served[:16]}: that version is retired or does not exist yet"
    return [CheckResult(name="shopify version answered", ok=None, detail=detail)]
