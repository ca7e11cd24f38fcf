"""Check the keys: old keys that still seal values, and keys that are missing."""

from __future__ import annotations

from bridge.cli.context import CommandContext
from bridge.errors import BridgeError
from bridge.model import CheckResult
from bridge.store.key_usage import count_key_usage


def check_keys(context: CommandContext) -> list[CheckResult]:
    """Return the keys that are old and still needed, and the keys that are missing."""
    try:
        with context.store.transaction() as tx:
            usage = count_key_usage(tx.session)
    except BridgeError:
        return []  # the database check reports it
    checks = []
    for key_id, rows in usage.counts_by_key.items():
        if key_id != usage.active_key_id and rows:
            detail = f"sealed {sum(rows.values())} values and is not active: run `python -m bridge keys rotate`"
            checks.append(CheckResult(name=f"key {key_id}", ok=None, detail=detail))
    for key_id, rows in usage.missing_keys.items():
        detail = f"missing from BRIDGE_KEYS: {sum(rows.values())} values cannot be read; put it back"
        checks.append(CheckResult(name=f"key {key_id}", ok=False, detail=detail))
    return checks
