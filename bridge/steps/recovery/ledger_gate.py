"""Check the ledger gate: no job runs while the database is older than the ledger saw it.

Else data of erased data subjects would be used again. Webhooks are still received. The result is stored in the
database for all processes. A ledger that does not answer leaves the gate as it is, and `doctor` reports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bridge.errors import BridgeError
from bridge.logs import describe_exception
from bridge.model import LedgerHead
from bridge.rules.recovery.restored import compare_with_ledger_head
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx

log = structlog.get_logger()


def check_ledger_gate(*, services: Services) -> str:
    """Compare the database with the ledger and store the result. Return why the gate is closed, '' if it is open.

    Raises StoreUnavailable.
    """
    if not services.ledger.configured:
        return ""
    try:
        ledger_head = services.ledger.read_last_head()
    except BridgeError as fault:
        log.warning("ledger.unreachable", fault=describe_exception(fault))
        return read_ledger_gate(services=services)
    with services.store.transaction() as tx:
        reason = compare_with_ledger(ledger_head, tx)
        if reason != tx.ledger_state.read_gate_reason():
            tx.ledger_state.set_gate_reason(reason)
    if reason:
        log.error("database.restored", why=reason, do="python -m bridge restore-check")
    return reason


def compare_with_ledger(ledger_head: LedgerHead | None, tx: Tx) -> str:
    """Return why this is not the database that the ledger saw last; '' if it is."""
    seq = tx.ledger_state.read_head()[0]
    fact_hash = tx.ledger_state.read_fact_hash(ledger_head.seq) if ledger_head else ""
    return compare_with_ledger_head(ledger_head, seq, fact_hash)


def read_ledger_gate(*, services: Services) -> str:
    """Return the result of the last check from the database, without asking the ledger. Raises StoreUnavailable."""
    if not services.ledger.configured:
        return ""
    with services.store.transaction() as tx:
        return tx.ledger_state.read_gate_reason()
