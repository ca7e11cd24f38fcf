"""Check the ledger outside the backup, and whether the database is a restored backup."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

from bridge.bootstrap import make_ledger
from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.errors import BridgeError
from bridge.model import CheckResult, LedgerHead
from bridge.steps.recovery.ledger_gate import compare_with_ledger

MAX_LEDGER_DELAY = timedelta(hours=1)
LEDGER_FIX = "make the database of BRIDGE_LEDGER_URL reachable, then doctor"
LEDGER_UNSET = "BRIDGE_LEDGER_URL is not set: a restored backup would bring back data subjects that were erased since"


def check_ledger(context: CommandContext) -> Iterator[CheckResult]:
    """Yield whether the ledger is configured, answers and is up to date, and whether it saw this database last."""
    settings = context.configuration.settings
    if not settings.ledger_url:
        yield CheckResult(name="ledger", ok=None, detail=LEDGER_UNSET)
    elif settings.ledger_url == settings.database_url:
        detail = "is the database itself: a backup would restore both together"
        fix = "set BRIDGE_LEDGER_URL to a database that is in no backup of this one"
        yield CheckResult(name="ledger", ok=False, detail=detail, fix=fix, stops_release=True)
    else:
        with closing(make_ledger(settings)) as ledger:
            try:
                seen = ledger.read_last_head()
            except BridgeError as fault:
                yield CheckResult(
                    name="ledger", ok=False, detail=f"{fault}; its records wait in the database", fix=LEDGER_FIX
                )
                return
        yield from _compare_database(seen, context)


@end_without_database
def _compare_database(seen: LedgerHead | None, context: CommandContext) -> Iterator[CheckResult]:
    with context.store.transaction() as tx:
        oldest_unsynced = tx.ledger_state.find_oldest_unsynced()
        difference = compare_with_ledger(seen, tx)
    detail = f"answers; last recorded fact {seen.seq}" if seen else "answers; nothing was recorded yet"
    overdue = oldest_unsynced is not None and context.store.now() - oldest_unsynced > MAX_LEDGER_DELAY
    if overdue:
        detail = f"an erasure of {oldest_unsynced:%d %b %Y %H:%M} UTC is not recorded yet: is the clock running?"
    yield CheckResult(
        name="ledger", ok=not overdue, detail=detail, fix="start the clock process: python -m workers.schedule"
    )
    if difference:
        detail = f"{difference}: it is a restored backup and work is stopped; run `python -m bridge restore-check`"
        yield CheckResult(name="restored", ok=False, detail=detail, fix="restore-check", stops_release=True)
