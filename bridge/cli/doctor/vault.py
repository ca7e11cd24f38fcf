"""What `doctor` looks at of the vault: where it lies, whether it opens, which shops wait for a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.cli.context import Desk
from bridge.errors import BridgeError
from bridge.model import Check
from bridge.rules.retention.storage_region import kept_in
from bridge.rules.shops.shop_erasure import ALARM_AFTER, INSTALLED_AGAIN

REGION = "IN"
LAW = "Income-tax Rules 2026 r.46(8): daily backup on servers in India"
ATTESTED_FOR = timedelta(days=365)
SAMPLE = 20


def vault_checks(at: Desk) -> list[Check]:
    """Lines about the vault and about shops that leave."""
    now = datetime.now(UTC)
    where = _where(at, now) if at.start.retention.vault.mode == "bridge" else _attested(at, now)
    try:
        with at.store.transaction() as tx:
            opened, broken = tx.documents.broken(SAMPLE)
            waiting = tx.endings.held_back()
    except BridgeError:
        return [where]
    detail = f"{opened} picked at random open as they were sealed" if opened else "no documents"
    if broken:
        detail = f"{len(broken)} of {opened} do not open as they were sealed: {', '.join(broken)}"
    return [
        where,
        Check(name="vault documents", ok=not broken, detail=detail),
        *(_waits(row, now) for row in waiting),
    ]


def _where(at: Desk, now: datetime) -> Check:
    """Where the copies lie, as the setting says: nobody can look."""
    region, wanted = at.start.settings.storage_region, kept_in(REGION, at.start.retention, now.date())
    if not wanted or region == REGION:
        told = f"BRIDGE_STORAGE_REGION says {region}" if region else "no rule in use names a country"
        return Check(name="storage region", ok=True, detail=told)
    said = f"is {region}" if region else "is not set"
    detail = f"BRIDGE_STORAGE_REGION {said}; {', '.join(wanted)} must lie in {REGION} ({LAW})"
    return Check(name="storage region", ok=False if at.start.settings.production else None, detail=detail)


def _attested(at: Desk, now: datetime) -> Check:
    """Others keep the books, as somebody said in writing."""
    said = at.start.retention.vault.attested_on
    old = said is None or now.date() - said > ATTESTED_FOR
    detail = f"the merchant's accounts keep the books, as was said on {said}"
    detail += ": older than 12 months, ask again" if old else ""
    return Check(name="vault attestation", ok=None if old else True, detail=detail)


def _waits(row: Any, now: datetime) -> Check:
    """A shop whose erasure waits: for the return of its documents, or for a decision."""
    name, back = f"{row['shop']} leaves", row["last_error"] == INSTALLED_AGAIN
    if back:
        detail = f"{row['id']}: the app was installed again, or never left; dsr continue or dsr close"
    else:
        until = f"{row['expected_by']:%d %b %Y}" if row["expected_by"] else "now"
        detail = f"{row['id']}: {row['last_error']}; vault export or vault waive, until {until}"
    late = now >= row["asked_at"] + ALARM_AFTER
    return Check(name=name, ok=False if back or late else None, detail=detail)
