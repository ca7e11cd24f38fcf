"""Check the evidence: who can change it, and whether its head is signed and timestamped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.clock_error import ClockError, read_clock_error
from bridge.connectors.timestamp_authority import TimestampVerifier
from bridge.model import CheckResult, SignedHead
from bridge.rules.retention.statutory_last_days import local_day
from bridge.store.evidence.db_roles import is_append_only
from config.settings import Settings

HEAD_OVERDUE_AFTER = timedelta(days=2)
ROLE_DETAILS = {
    True: "append only by role: the database refuses changes",
    False: "the role can change evidence: as the owner, run `migrate --runtime-role` again",
    None: "the role owns the table: only triggers refuse changes",
}
NO_ROOT_DETAIL = (
    "not verified: store the root certificate that the authority publishes as a file, "
    "and set BRIDGE_TSA_ROOT_FILE to its path"
)
SQLITE_DETAIL = "SQLite has no roles: only triggers refuse changes"


@end_without_database
def check_evidence(context: CommandContext) -> Iterator[CheckResult]:
    """Yield the rights of the database role, the last signed head and its timestamp."""
    append_only = is_append_only(context.store.engine)
    with context.store.transaction() as tx:
        (fact_count, _), heads = tx.evidence.read_head(), tx.signed_heads.list_signed_heads()
    detail = SQLITE_DETAIL if context.store.engine.dialect.name == "sqlite" else ROLE_DETAILS[append_only]
    yield CheckResult(
        name="evidence", ok=append_only, detail=detail, fix="migrate --runtime-role NAME, as the owner of the tables"
    )
    yield check_clock_error(read_clock_error())
    if fact_count:
        now = datetime.now(UTC)
        yield _check_signed_head(heads, local_day(now, context.configuration.retention))
        yield _check_timestamp(heads, context.configuration.settings, now)


def check_clock_error(error: ClockError | None) -> CheckResult:
    """Return whether NTP keeps the clock by which facts are dated."""
    name = "machine clock"
    if error is None:
        return CheckResult(name=name, ok=None, detail="the kernel does not say how far it is off")
    off = f"{error.offset_us / 1000:g} ms off, {error.max_error_us / 1000:g} ms at most"
    if error.is_synchronised:
        return CheckResult(name=name, ok=True, detail=f"kept by NTP: {off}")
    return CheckResult(name=name, ok=None, detail="the kernel knows of no NTP: make sure that the host keeps it")


def _check_signed_head(heads: list[SignedHead], today: date) -> CheckResult:
    if not heads:
        return CheckResult(name="evidence head", ok=None, detail="none is signed yet: the clock signs one a day")
    last = heads[-1]
    overdue = today - last.day > HEAD_OVERDUE_AFTER
    detail = f"signed for {last.day}, row {last.seq}" + (": is the clock running?" if overdue else "")
    return CheckResult(name="evidence head", ok=not overdue, detail=detail, fix="evidence sign-head")


def _check_timestamp(heads: list[SignedHead], settings: Settings, now: datetime) -> CheckResult:
    name, verifier = "evidence timestamp", TimestampVerifier(settings.tsa_roots)
    if not settings.tsa_url:
        detail = "BRIDGE_TSA_URL is not set: copy the signed heads elsewhere by hand"
        return CheckResult(name=name, ok=None, detail=detail)
    stamped_numbers = [number for number, head in enumerate(heads) if head.anchored_at]
    unstamped = heads[stamped_numbers[-1] + 1 if stamped_numbers else 0 :]
    if unstamped and now - unstamped[0].signed_at > HEAD_OVERDUE_AFTER:
        detail = f"none since the head of {unstamped[0].day}: {unstamped[-1].last_error or 'not asked yet'}"
        return CheckResult(name=name, ok=False, detail=detail, fix="check BRIDGE_TSA_URL, then evidence sign-head")
    if verifier.has_roots and (unverified := verifier.find_unverified_heads(heads)):
        detail = f"{len(unverified)} not signed by an authority of BRIDGE_TSA_ROOT_FILE: run `evidence verify`"
        return CheckResult(name=name, ok=False, detail=detail, fix="evidence verify")
    last = f"last for {heads[stamped_numbers[-1]].day}" if stamped_numbers else "none yet"
    if not verifier.has_roots:
        return CheckResult(name=name, ok=None, detail=f"{last}, {NO_ROOT_DETAIL}")
    if unstamped and unstamped[-1].last_error:
        return CheckResult(name=name, ok=None, detail=f"{last}; since then {unstamped[-1].last_error}")
    return CheckResult(
        name=name, ok=True if stamped_numbers else None, detail=last + ", verified" * bool(stamped_numbers)
    )
