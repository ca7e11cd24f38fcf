"""Carry: who was erased and what was destroyed is told to the ledger outside the backup, with the chain's head.

It waits in the database until the ledger has it: a ledger that is away never stops an erasure.
"""

from __future__ import annotations

import structlog

from bridge.errors import BridgeError
from bridge.logs import place
from bridge.model import Head
from bridge.ports import Services

log = structlog.get_logger()
MOST = 500  # of each kind a turn; the next turn takes the rest


def carry(*, services: Services) -> int:
    """Carry what waits. Returns how many keys and ids. Raises StoreUnavailable. Twice is once."""
    if not services.ledger.configured:
        return 0
    with services.store.transaction() as tx:
        tombstones, destroyed = tx.restoring.waiting(MOST)
        if not tombstones and not destroyed:
            return 0
        seq, last = tx.restoring.head()
    head = Head(at=services.clock.now(), seq=seq, hash=last, signature=services.sign(last.encode()))
    try:
        services.ledger.carry(tombstones, destroyed, head)
    except BridgeError as fault:
        log.warning("ledger.not_carried", fault=place(fault))
        return 0
    with services.store.transaction() as tx:
        tx.restoring.carried(tombstones, destroyed)
    return len(tombstones) + len(destroyed)
