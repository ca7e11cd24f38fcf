"""What `doctor` says of the ledger outside the backup, and of a database that turned out to be a restored one."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

from bridge.bootstrap import make_ledger
from bridge.cli.context import CommandContext
from bridge.errors import BridgeError
from bridge.model import CheckResult
from bridge.steps.recovery.ledger_gate import compare_with_ledger

MAX_LEDGER_DELAY = timedelta(hours=1)
LEDGER_UNSET = "BRIDGE_LEDGER_URL is not set: a restored backup would bring back those who were erased since"


def check_ledger(context: CommandContext) -> list[CheckResult]:
    """Whether there is one, whether it answers and knows everything, and whether it saw this database last."""
    settings = context.configuration.settings
    if not settings.ledger_url:
        return [CheckResult(name="ledger", ok=False if settings.is_production else None, detail=LEDGER_UNSET)]
    if settings.ledger_url == settings.database_url:
        return [
            CheckResult(
                name="ledger", ok=False, detail="is the database itself: both would be restored together"
            )
        ]
    with closing(make_ledger(settings)) as ledger:
        try:
            seen = ledger.read_last_head()
        except BridgeError as fault:
            return [
                CheckResult(
                    name="ledger", ok=False, detail=f"{fault}; what it should know waits in the database"
                )
            ]
    try:
        with context.store.transaction() as tx:
            since = tx.ledger_state.find_oldest_unsynced()
            why = compare_with_ledger(seen, tx)
    except BridgeError:
        return []  # said by the database's own check
    waits = since is not None and context.store.now() - since > MAX_LEDGER_DELAY
    told = f"last told of fact {seen.seq}" if seen else "nothing was told yet"
    late = f"an erasure of {since:%d %b %Y %H:%M} UTC waits to be told: does the clock run?" if since else ""
    found = [CheckResult(name="ledger", ok=not waits, detail=late if waits else f"answers; {told}")]
    if why:
        detail = f"{why}: it is a restored backup, nothing is worked on; run `python -m bridge restore-check`"
        found.append(CheckResult(name="restored", ok=False, detail=detail))
    return found
