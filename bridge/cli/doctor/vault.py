"""Check the vault: where it is stored, and whether its documents open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.model import CheckResult
from bridge.rules.retention.holds import list_region_requirements

REQUIRED_REGION = "IN"
REGION_FIX = "store the database in the country that the law names, and set BRIDGE_STORAGE_REGION to it"
REGION_LAW = "Income-tax Rules 2026 r.46(8): daily backup on servers in India"
ATTESTATION_VALID_FOR = timedelta(days=365)
SAMPLE_SIZE = 20


@end_without_database
def check_vault(context: CommandContext) -> Iterator[CheckResult]:
    """Yield where the vault is stored, and whether documents picked at random open."""
    in_bridge = context.configuration.retention.vault.mode == "bridge"
    yield (_check_storage_region if in_bridge else _check_attestation)(context, datetime.now(UTC).date())
    with context.store.transaction() as tx:
        count, broken = tx.documents.check_random_documents(SAMPLE_SIZE)
    detail = f"{count} picked at random open as they were sealed" if count else "no documents"
    if broken:
        detail = f"{len(broken)} of {count} do not open as they were sealed: {', '.join(broken)}"
    yield CheckResult(
        name="vault documents",
        ok=not broken,
        detail=detail,
        fix="restore these documents from a backup: docs/runbooks/vault-broken.md",
    )


def _check_storage_region(context: CommandContext, today: date) -> CheckResult:
    """Return what the setting says of the storage region. The bridge cannot verify it."""
    name, settings = "storage region", context.configuration.settings
    region = settings.storage_region
    requirements = list_region_requirements(REQUIRED_REGION, context.configuration.retention, today)
    if not requirements or region == REQUIRED_REGION:
        detail = f"BRIDGE_STORAGE_REGION is {region}" if region else "no rule in use requires a country"
        return CheckResult(name=name, ok=True, detail=detail)
    value, records = f"is {region}" if region else "is not set", ", ".join(requirements)
    detail = f"BRIDGE_STORAGE_REGION {value}; {records} must be stored in {REQUIRED_REGION} ({REGION_LAW})"
    return CheckResult(
        name=name, ok=False if region and settings.is_production else None, detail=detail, fix=REGION_FIX
    )


def _check_attestation(context: CommandContext, today: date) -> CheckResult:
    """Return whether the merchant attested within a year that its own accounts keep the books."""
    rules = context.configuration.retention.vault
    is_old = rules.attested_on is None or today - rules.attested_on > ATTESTATION_VALID_FOR
    detail = f"the merchant's accounts keep the books, as {rules.attested_by} attested on {rules.attested_on}"
    detail += ": older than 12 months, ask again" if is_old else ""
    return CheckResult(name="vault attestation", ok=None if is_old else True, detail=detail)
