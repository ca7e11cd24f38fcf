"""Check the evidence: who can change it, and whether its head is signed and timestamped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.model import CheckResult, SignedHead
from bridge.rules.retention.statutory_last_days import local_day
from bridge.store.evidence.db_roles import is_append_only

HEAD_OVERDUE_AFTER = timedelta(days=2)
ROLE_DETAILS = {
    True: "append only by role: the database refuses changes",
    False: "the role can change evidence: as the owner, run `migrate --runtime-role` again",
    None: "the role owns the table: only triggers refuse changes",
}
SQLITE_DETAIL = "SQLite has no roles: only triggers refuse changes"


@end_without_database
def check_evidence(context: CommandContext) -> Iterator[CheckResult]:
    """Yield the rights of the database role, the last signed head and its timestamp."""
    append_only = is_append_only(context.store.engine)
    with context.store.transaction() as tx:
        (fact_count, _), heads = tx.evidence.read_head(), tx.signed_heads.list_signed_heads()
    detail = SQLITE_DETAIL if context.store.engine.dialect.name == "sqlite" else ROLE_DETAILS[append_only]
    yield CheckResult(name="evidence", ok=append_only, detail=detail)
    if fact_count:
        now = datetime.now(UTC)
        yield _check_signed_head(heads, local_day(now, context.configuration.retention))
        yield _check_timestamp(heads, context.configuration.settings.tsa_url, now)


def _check_signed_head(heads: list[SignedHead], today: date) -> CheckResult:
    if not heads:
        return CheckResult(name="evidence head", ok=None, detail="none is signed yet: the clock signs one a day")
    last = heads[-1]
    overdue = today - last.day > HEAD_OVERDUE_AFTER
    detail = f"signed for {last.day}, row {last.seq}" + (": is the clock running?" if overdue else "")
    return CheckResult(name="evidence head", ok=not overdue, detail=detail)


def _check_timestamp(heads: list[SignedHead], tsa_url: str, now: datetime) -> CheckResult:
    name = "evidence timestamp"
    if not tsa_url:
        detail = "BRIDGE_TSA_URL is not set: copy the signed heads elsewhere by hand"
        return CheckResult(name=name, ok=None, detail=detail)
    stamped_numbers = [number for number, head in enumerate(heads) if head.anchored_at]
    unstamped = heads[stamped_numbers[-1] + 1 if stamped_numbers else 0 :]
    if unstamped and now - unstamped[0].signed_at > HEAD_OVERDUE_AFTER:
        detail = f"none since the head of {unstamped[0].day}: {unstamped[-1].last_error or 'not asked yet'}"
        return CheckResult(name=name, ok=False, detail=detail)
    last = f"last for {heads[stamped_numbers[-1]].day}" if stamped_numbers else "none yet"
    return CheckResult(name=name, ok=True if stamped_numbers else None, detail=last)
