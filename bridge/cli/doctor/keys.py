"""What `doctor` says of keys: values under a key that is not the active one, and keys that are missing."""

from __future__ import annotations

from bridge.cli.context import Desk
from bridge.errors import BridgeError
from bridge.model import Check
from bridge.store.key_usage import survey


def keys_checks(at: Desk) -> list[Check]:
    """One line a key that is old and still needed, or missing."""
    try:
        with at.store.transaction() as tx:
            found = survey(tx.session)
    except BridgeError:
        return []  # said by the database's own check
    checks = []
    for key_id, rows in found.rows.items():
        if key_id != found.active and rows:
            detail = (
                f"sealed {sum(rows.values())} values and is not active: run `python -m bridge keys rotate`"
            )
            checks.append(Check(name=f"key {key_id}", ok=None, detail=detail))
    for key_id, rows in found.missing.items():
        detail = f"missing from BRIDGE_KEYS: {sum(rows.values())} values cannot be read; put it back"
        checks.append(Check(name=f"key {key_id}", ok=False, detail=detail))
    return checks
