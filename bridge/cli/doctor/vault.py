"""What `doctor` looks at of the vault: where it lies, whether it opens, which shops wait for a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.cli.context import CommandContext
from bridge.errors import BridgeError
from bridge.model import CheckResult
from bridge.rules.retention.storage_region import list_region_requirements
from bridge.rules.shops.shop_erasure import ALARM_AFTER, INSTALLED_AGAIN

REQUIRED_REGION = "IN"
REGION_LAW = "Income-tax Rules 2026 r.46(8): daily backup on servers in India"
ATTESTATION_VALID_FOR = timedelta(days=365)
SAMPLE_SIZE = 20


def check_vault(context: CommandContext) -> list[CheckResult]:
    """Lines about the vault and about shops that leave."""
    now = datetime.now(UTC)
    where = (
        _check_storage_region(context, now)
        if context.configuration.retention.vault.mode == "bridge"
        else _check_attestation(context, now)
    )
    try:
        with context.store.transaction() as tx:
            opened, broken = tx.documents.check_random_documents(SAMPLE_SIZE)
            waiting = tx.shop_exits.list_blocked_shop_erasures()
    except BridgeError:
        return [where]
    detail = f"{opened} picked at random open as they were sealed" if opened else "no documents"
    if broken:
        detail = f"{len(broken)} of {opened} do not open as they were sealed: {', '.join(broken)}"
    return [
        where,
        CheckResult(name="vault documents", ok=not broken, detail=detail),
        *(_check_waiting_shop_erasure(row, now) for row in waiting),
    ]


def _check_storage_region(context: CommandContext, now: datetime) -> CheckResult:
    """Where the copies lie, as the setting says: nobody can look."""
    region, wanted = (
        context.configuration.settings.storage_region,
        list_region_requirements(REQUIRED_REGION, context.configuration.retention, now.date()),
    )
    if not wanted or region == REQUIRED_REGION:
        told = f"BRIDGE_STORAGE_REGION says {region}" if region else "no rule in use names a country"
        return CheckResult(name="storage region", ok=True, detail=told)
    said = f"is {region}" if region else "is not set"
    detail = f"BRIDGE_STORAGE_REGION {said}; {', '.join(wanted)} must lie in {REQUIRED_REGION} ({REGION_LAW})"
    return CheckResult(
        name="storage region",
        ok=False if context.configuration.settings.is_production else None,
        detail=detail,
    )


def _check_attestation(context: CommandContext, now: datetime) -> CheckResult:
    """Others keep the books, as somebody said in writing."""
    rules = context.configuration.retention.vault
    said = rules.attested_on
    old = said is None or now.date() - said > ATTESTATION_VALID_FOR
    detail = f"the merchant's accounts keep the books, as {rules.attested_by} said on {said}"
    detail += ": older than 12 months, ask again" if old else ""
    return CheckResult(name="vault attestation", ok=None if old else True, detail=detail)


def _check_waiting_shop_erasure(row: Any, now: datetime) -> CheckResult:
    """A shop whose erasure waits: for the return of its documents, or for a decision."""
    name, back = f"{row['shop']} leaves", row["last_error"] == INSTALLED_AGAIN
    if back:
        detail = f"{row['id']}: the app was installed again, or never left; dsr continue or dsr close"
    else:
        until = f"{row['expected_by']:%d %b %Y}" if row["expected_by"] else "now"
        detail = f"{row['id']}: {row['last_error']}; vault export or vault waive, until {until}"
    late = now >= row["asked_at"] + ALARM_AFTER
    return CheckResult(name=name, ok=False if back or late else None, detail=detail)
