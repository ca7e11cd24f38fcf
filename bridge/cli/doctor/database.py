"""Check the database: whether it answers and whether a migration is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import wraps
from typing import ParamSpec

from bridge.cli.context import CommandContext
from bridge.errors import BridgeError
from bridge.model import CheckResult
from bridge.store.migrations.revision import is_at_newest_revision

P = ParamSpec("P")

DATABASE_FIX = "correct DATABASE_URL or start the database: docs/runbooks/database-unreachable.md"


def check_database(context: CommandContext) -> Iterator[CheckResult]:
    """Yield whether the database answers and is at the newest revision."""
    name = f"database ({context.store.engine.dialect.name})"
    try:
        context.store.ping()
        is_newest = is_at_newest_revision(context.store.engine)
    except BridgeError as fault:
        yield CheckResult(name=name, ok=False, detail=str(fault), fix=DATABASE_FIX, stops_release=True)
    else:
        yield CheckResult(name=name, ok=True, detail="answers")
        detail = "at head" if is_newest else "not at head: run `python -m bridge migrate`"
        yield CheckResult(name="migrations", ok=is_newest, detail=detail, fix="migrate", stops_release=True)


def end_without_database(check: Callable[P, Iterable[CheckResult]]) -> Callable[P, Iterator[CheckResult]]:
    """Return the check as one that ends where the database does not answer, which `check_database` reports."""

    @wraps(check)
    def run_check(*args: P.args, **kwargs: P.kwargs) -> Iterator[CheckResult]:
        with suppress(BridgeError):
            yield from check(*args, **kwargs)

    return run_check
