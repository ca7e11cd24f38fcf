"""Takes the request or the delivery whose turn it is, and says when a job gives way to others. Works on nothing itself."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bridge.model import Lease
from bridge.rules.requests.turns import MAX_SLICE, PLAIN_TURN, SMALL_RECORDS, choose_next_row
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx

MAX_CHOICES = 8  # other workers may take the same row at the same moment: then the next one is chosen


def lease_next_request(tx: Tx, services: Services) -> Lease | None:
    """Lease the request whose turn it is; None where none waits for a worker."""
    for _ in range(MAX_CHOICES):
        rows = tx.turns.list_waiting_requests()
        served_at = tx.turns.read_turns("process", [row.shop for row in rows])
        is_plain_turn = random.randrange(PLAIN_TURN) == 0  # noqa: S311 - no secret
        chosen = choose_next_row(rows, served_at, services.clock.now(), is_plain_turn=is_plain_turn)
        if chosen is None:
            return None
        if lease := tx.requests.acquire_lease(chosen.id):
            tx.turns.record_turn("process", chosen.shop)
            return lease
    return None


def choose_next_delivery(*, services: Services) -> str:
    """Return the id of the mandatory delivery whose turn it is; '' where none waits. Raises StoreUnavailable."""
    with services.store.read(one_state=False) as tx:
        rows = tx.turns.list_waiting_deliveries()
        served_at = tx.turns.read_turns("dispatch", [row.shop for row in rows])
    chosen = choose_next_row(rows, served_at, services.clock.now(), is_plain_turn=True)
    if chosen is None:
        return ""
    if len(rows) > 1:  # in a transaction of its own: whoever dispatches holds other locks of the shop
        with services.store.transaction() as tx:
            tx.turns.record_turn("dispatch", chosen.shop)
    return chosen.id


def must_give_way(lease: Lease, records: int, services: Services) -> bool:
    """Return whether the job that acquired this lease, and has read so many records, gives way to others now.

    Raises StoreUnavailable.
    """
    now = services.clock.now()
    began_at = lease.acquired_at or now
    return now - began_at >= MAX_SLICE or (records >= SMALL_RECORDS and is_slice_over(began_at, services))


def is_slice_over(began_at: datetime, services: Services) -> bool:
    """Return whether a job that began then had its slice and others wait. Raises StoreUnavailable."""
    if services.clock.now() - began_at < timedelta(seconds=services.settings.gather_slice_s):
        return False
    with services.store.read(one_state=False) as tx:
        return tx.turns.has_waiting_work()
