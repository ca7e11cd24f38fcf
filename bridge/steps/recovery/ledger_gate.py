"""Gate: while the database is older than the ledger saw it, nothing is worked on, so that nobody who was erased is used.

Webhooks are kept all the same. What was found is noted in the database for all processes. A ledger that does not
answer closes nothing: webhooks and clocks go on, and `doctor` tells.
"""

from __future__ import annotations

import structlog

from bridge.errors import BridgeError
from bridge.logs import place
from bridge.model import Head
from bridge.ports import Services, Tx
from bridge.rules.recovery.restored import verdict

log = structlog.get_logger()


def look(*, services: Services) -> str:
    """Hold the database against the ledger. Returns why nothing may be worked on, '' where all is well.

    Raises StoreUnavailable.
    """
    if not services.ledger.configured:
        return ""
    try:
        seen = services.ledger.last_head()
    except BridgeError as fault:
        log.warning("ledger.unreachable", fault=place(fault))
        return barred(services=services)
    with services.store.transaction() as tx:
        why = standing(seen, tx)
        if why != tx.restoring.barred():
            tx.restoring.bar(why)
    if why:
        log.error("database.restored", why=why, do="python -m bridge restore-check")
    return why


def standing(seen: Head | None, tx: Tx) -> str:
    """Why this is not the database that the ledger saw last; '' where it is."""
    return verdict(seen, tx.restoring.head()[0], tx.restoring.hash_of(seen.seq) if seen else "")


def barred(*, services: Services) -> str:
    """What the last look found; asks the database alone. Raises StoreUnavailable."""
    if not services.ledger.configured:
        return ""
    with services.store.transaction() as tx:
        return tx.restoring.barred()
