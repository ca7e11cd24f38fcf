"""Send tombstones and destructions to the ledger outside the backup, with the head of the evidence chain.

They wait in the database until the ledger has them: a ledger that does not answer never stops an erasure.
"""

from __future__ import annotations

import structlog

from bridge.errors import BridgeError
from bridge.logs import describe_exception
from bridge.services import Services
from bridge.steps.evidence.sign_head import build_ledger_head

log = structlog.get_logger()
MAX_LEDGER_ROWS = 500  # of each kind per run; the next run sends more


def sync_ledger(*, services: Services) -> int:
    """Send what the ledger does not have yet. Return how many records were sent; 0 if it does not answer.

    Safe to repeat. Raises StoreUnavailable.
    """
    if not services.ledger.configured:
        return 0
    with services.store.transaction() as tx:
        tombstones, destructions = tx.ledger_state.list_unsynced(MAX_LEDGER_ROWS)
        if not tombstones and not destructions:
            return 0
        seq, head_hash = tx.ledger_state.read_head()
    head = build_ledger_head(seq, head_hash, services)
    try:
        services.ledger.append_records(tombstones, destructions, head)
    except BridgeError as fault:
        log.warning("ledger.sync_failed", fault=describe_exception(fault))
        return 0
    with services.store.transaction() as tx:
        tx.ledger_state.mark_synced(tombstones, destructions)
    return len(tombstones) + len(destructions)
