"""Check the vault: where it is stored, and whether its documents open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bridge.cli.context import CommandContext
from bridge.errors import BridgeError
from bridge.model import CheckResult
from bridge.rules.retention.holds import list_region_requirements

REQUIRED_REGION = "IN"
REGION_LAW = "Income-tax Rules 2026 r.46(8): daily backup on servers in India"
ATTESTATION_VALID_FOR = timedelta(days=365)
SAMPLE_SIZE = 20


def check_vault(context: CommandContext) -> list[CheckResult]:
    """Return where the vault is stored, and whether documents picked at random open."""
    now = datetime.now(UTC)
    location = (
        _check_storage_region(context, now)
        if context.configuration.retention.vault.mode == "bridge"
        else _check_attestation(context, now)
    )
    try:
        with context.store.transaction() as tx:
            count, broken = tx.documents.check_random_documents(SAMPLE_SIZE)
    except BridgeError:
        return [location]  # the database check reports it
    detail = f"{count} picked at random open as they were sealed" if count else "no documents"
    if broken:
        detail = f"{len(broken)} of {count} do not open as they were sealed: {', '.join(broken)}"
    return [location, CheckResult(name="vault documents", ok=not broken, detail=detail)]


def _check_storage_region(context: CommandContext, now: datetime) -> CheckResult:
    """Return what the setting says of the storage region. The bridge cannot verify it."""
    name, settings = "storage region", context.configuration.settings
    region = settings.storage_region
    requirements = list_region_requirements(REQUIRED_REGION, context.configuration.retention, now.date())
    if not requirements or region == REQUIRED_REGION:
        detail = f"BRIDGE_STORAGE_REGION is {region}" if region else "no rule in use requires a country"
        return CheckResult(name=name, ok=True, detail=detail)
    value = f"is {region}" if region else "is not set"
    detail = f"BRIDGE_STORAGE_REGION {value}; {', '.join(requirements)} must be stored in {REQUIRED_REGION} ({REGION_LAW})"
    return CheckResult(name=name, ok=False if settings.is_production else None, detail=detail)


def _check_attestation(context: CommandContext, now: datetime) -> CheckResult:
    """Return whether the merchant attested within a year that its own accounts keep the books."""
    rules = context.configuration.retention.vault
    attested_on = rules.attested_on
    is_old = attested_on is None or now.date() - attested_on > ATTESTATION_VALID_FOR
    detail = f"the merchant's accounts keep the books, as {rules.attested_by} attested on {attested_on}"
    detail += ": older than 12 months, ask again" if is_old else ""
    return CheckResult(name="vault attestation", ok=None if is_old else True, detail=detail)
