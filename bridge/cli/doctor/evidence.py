"""What `doctor` looks at of the evidence: who could change it, whether its head is signed and timestamped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.cli.context import CommandContext
from bridge.errors import BridgeError
from bridge.model import CheckResult, SignedHead
from bridge.store.evidence.db_roles import is_append_only

HEAD_OVERDUE_AFTER = timedelta(days=2)
ROLE_DETAILS = {
    True: "append only by role: the database refuses changes",
    False: "the role may change evidence: as the owner, run `migrate --runtime-role` again",
    None: "the role owns the table: triggers alone refuse",
}
SQLITE_DETAIL = "SQLite knows no roles: triggers alone refuse"


def check_evidence(context: CommandContext) -> list[CheckResult]:
    """The role's rights, the last signed head, its timestamp."""
    try:
        may = is_append_only(context.store.engine)
        with context.store.transaction() as tx:
            (rows, _), heads = tx.evidence.read_head(), tx.signed_heads.list_signed_heads()
    except BridgeError:
        return []  # said by the database's own check
    told = SQLITE_DETAIL if context.store.engine.dialect.name == "sqlite" else ROLE_DETAILS[may]
    checks = [CheckResult(name="evidence", ok=may, detail=told)]
    if rows:
        zone = ZoneInfo(context.configuration.retention.timezone)
        checks.append(_check_signed_head(heads, datetime.now(UTC), zone))
        checks.append(_check_timestamp(heads, context.configuration.settings.tsa_url, datetime.now(UTC)))
    return checks


def _check_signed_head(heads: list[SignedHead], now: datetime, zone: ZoneInfo) -> CheckResult:
    if not heads:
        return CheckResult(
            name="evidence head", ok=None, detail="none signed yet: the clock does it once a day"
        )
    last = heads[-1]
    late = now.astimezone(zone).date() - last.day > HEAD_OVERDUE_AFTER
    detail = f"signed for {last.day}, row {last.seq}" + (": does the clock run?" if late else "")
    return CheckResult(name="evidence head", ok=not late, detail=detail)


def _check_timestamp(heads: list[SignedHead], tsa_url: str, now: datetime) -> CheckResult:
    name = "evidence timestamp"
    if not tsa_url:
        return CheckResult(
            name=name, ok=None, detail="BRIDGE_TSA_URL is not set: carry heads out of reach by hand"
        )
    stamped = [number for number, head in enumerate(heads) if head.anchored_at]
    since = heads[stamped[-1] + 1 if stamped else 0 :]
    if since and now - since[0].signed_at > HEAD_OVERDUE_AFTER:
        detail = f"none since the head of {since[0].day}: {since[-1].last_error or 'not asked yet'}"
        return CheckResult(name=name, ok=False, detail=detail)
    last = f"last for {heads[stamped[-1]].day}" if stamped else "none yet"
    return CheckResult(name=name, ok=True if stamped else None, detail=last)
