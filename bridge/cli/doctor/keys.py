"""Check the keys: old keys that still seal values, and keys that are missing."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.model import CheckResult
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
        yield CheckResult(name=f"key {key_id}", ok=False, detail=detail)
