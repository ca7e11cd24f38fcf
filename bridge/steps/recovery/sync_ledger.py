"""Carry: who was erased and what was destroyed is told to the ledger outside the backup, with the chain's head.

It waits in the database until the ledger has it: a ledger that is away never stops an erasure.
"""

from __future__ import annotations

import structlog

from bridge.errors import BridgeError
from bridge.logs import describe_exception
from bridge.model import LedgerHead
from bridge.ports import Services

log = structlog.get_logger()
MAX_LEDGER_ROWS = 500  # of each kind a turn; the next turn takes the rest


def sync_ledger(*, services: Services) -> int:
    """Carry what waits. Returns how many keys and ids. Raises StoreUnavailable. Twice is once."""
    if not services.ledger.configured:
        return 0
    with services.store.transaction() as tx:
        tombstones, destructions = tx.ledger_state.list_unsynced(MAX_LEDGER_ROWS)
        if not tombstones and not destructions:
            return 0
        seq, head_hash = tx.ledger_state.read_head()
    head = LedgerHead(
        at=services.clock.now(), seq=seq, hash=head_hash, signature=services.sign(head_hash.encode())
    )
    try:
        services.ledger.append_records(tombstones, destructions, head)
    except BridgeError as fault:
        log.warning("ledger.not_carried", fault=describe_exception(fault))
        return 0
    with services.store.transaction() as tx:
        tx.ledger_state.mark_synced(tombstones, destructions)
    return len(tombstones) + len(destructions)
