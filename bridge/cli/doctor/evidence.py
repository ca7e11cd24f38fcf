"""What `doctor` looks at of the evidence: who could change it, whether its head is signed and timestamped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.cli.context import Desk
from bridge.errors import BridgeError
from bridge.model import Check, SignedHead
from bridge.store.evidence.db_roles import append_only

LATE = timedelta(days=2)
ROLES = {
    True: "append only by role: the database refuses changes",
    False: "the role may change evidence: as the owner, run `migrate --runtime-role` again",
    None: "the role owns the table: triggers alone refuse",
}
SQLITE = "SQLite knows no roles: triggers alone refuse"


def evidence_checks(at: Desk) -> list[Check]:
    """The role's rights, the last signed head, its timestamp."""
    try:
        may = append_only(at.store.engine)
        with at.store.transaction() as tx:
            (rows, _), heads = tx.evidence.head(), tx.heads.all()
    except BridgeError:
        return []  # said by the database's own check
    told = SQLITE if at.store.engine.dialect.name == "sqlite" else ROLES[may]
    checks = [Check(name="evidence", ok=may, detail=told)]
    if rows:
        zone = ZoneInfo(at.start.retention.timezone)
        checks.append(_signed(heads, datetime.now(UTC), zone))
        checks.append(_stamped(heads, at.start.settings.tsa_url, datetime.now(UTC)))
    return checks


def _signed(heads: list[SignedHead], now: datetime, zone: ZoneInfo) -> Check:
    if not heads:
        return Check(name="evidence head", ok=None, detail="none signed yet: the clock does it once a day")
    last = heads[-1]
    late = now.astimezone(zone).date() - last.day > LATE
    detail = f"signed for {last.day}, row {last.seq}" + (": does the clock run?" if late else "")
    return Check(name="evidence head", ok=not late, detail=detail)


def _stamped(heads: list[SignedHead], url: str, now: datetime) -> Check:
    name = "evidence timestamp"
    if not url:
        return Check(name=name, ok=None, detail="BRIDGE_TSA_URL is not set: carry heads out of reach by hand")
    stamped = [number for number, head in enumerate(heads) if head.anchored_at]
    since = heads[stamped[-1] + 1 if stamped else 0 :]
    if since and now - since[0].signed_at > LATE:
        detail = f"none since the head of {since[0].day}: {since[-1].last_error or 'not asked yet'}"
        return Check(name=name, ok=False, detail=detail)
    last = f"last for {heads[stamped[-1]].day}" if stamped else "none yet"
    return Check(name=name, ok=True if stamped else None, detail=last)
