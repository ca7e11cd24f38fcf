"""Check the keys: old keys that still seal values, keys that are missing, and remnants of destroyed ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.model import CheckResult
from bridge.store.erasure.remnants import OVERWRITTEN_WITHIN
from bridge.store.key_usage import count_key_usage


@end_without_database
def check_keys(context: CommandContext) -> Iterator[CheckResult]:
    """Yield the keys that are old and still needed, and the keys that are missing."""
    with context.store.transaction() as tx:
        usage = count_key_usage(tx.session)
    for key_id, rows in usage.counts_by_key.items():
        if key_id != usage.active_key_id and rows:
            detail = f"sealed {sum(rows.values())} values and is not active: run `python -m bridge keys rotate`"
            yield CheckResult(name=f"key {key_id}", ok=None, detail=detail)
    for key_id, rows in usage.missing_keys.items():
        detail = f"missing from BRIDGE_KEYS: {sum(rows.values())} values cannot be read; put it back"
        fix = f"put {key_id} back into BRIDGE_KEYS behind the first key, then keys list"
        yield CheckResult(name=f"key {key_id}", ok=False, detail=detail, fix=fix, stops_release=True)


@end_without_database
def check_remnants(context: CommandContext) -> Iterator[CheckResult]:
    """Yield whether the database's files still hold what was destroyed hours ago."""
    with context.store.read() as tx:
        waiting = tx.remnants.list_remnants(lacking=context.store.list_parts())
        overwritten = tx.remnants.list_overwritten(context.store.list_parts())
    due_before = datetime.now(UTC) - OVERWRITTEN_WITHIN
    overdue = [each for each in waiting if each.destroyed_at < due_before]
    detail = f"{len(waiting)} wait for this hour's run" if waiting else "nothing destroyed is in the database's files"
    if overdue:
        detail = (
            f"{len(overdue)} since {overdue[0].destroyed_at:%d %b %Y %H:%M} UTC: run `python -m bridge keys overwrite`"
        )
    yield CheckResult(name="remnants of what was destroyed", ok=not overdue, detail=detail, fix="keys overwrite")
    if old := [each.request_id for each in overwritten if each.destroyed_at < due_before]:
        detail = f"{len(old)} do not say yet that remnants are overwritten, the first of {old[0]}: run `python -m bridge keys overwrite`"
        yield CheckResult(name="certificates to make anew", ok=False, detail=detail, fix="keys overwrite")
