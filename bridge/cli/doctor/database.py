"""Check the database: whether it answers and whether a migration is missing."""

from __future__ import annotations

from bridge.cli.context import CommandContext
from bridge.errors import BridgeError
from bridge.model import CheckResult
from bridge.store.migrations.upgrade import is_at_newest_revision


def check_database(context: CommandContext) -> list[CheckResult]:
    """Return whether the database answers and is at the newest revision."""
    name = f"database ({context.store.engine.dialect.name})"
    try:
        context.store.ping()
        is_newest = is_at_newest_revision(context.store.engine)
    except BridgeError as fault:
        return [CheckResult(name=name, ok=False, detail=str(fault))]
    detail = "at head" if is_newest else "not at head: run `python -m bridge migrate`"
    return [
        CheckResult(name=name, ok=True, detail="answers"),
        CheckResult(name="migrations", ok=is_newest, detail=detail),
    ]
