"""Notify: one processor's account is brought on: looked at, told, reminded, read back.

Owns the account by a lease that it renews and a fence that every write shows. Sent is not done: what was answered
comes through `answer`. A failure of the machine ends in a later attempt, shown by `doctor`; nothing is forgotten.
"""

from __future__ import annotations

from datetime import timedelta

from bridge.errors import ClaimLost, StoreUnavailable
from bridge.logs import place
from bridge.ports import Services
from bridge.rules.requests.lifecycle import pause_s
from bridge.steps.notices.batch import digest
from bridge.steps.notices.send import send_due
from bridge.steps.notices.track_parcels import look

__all__ = ["notify"]


def notify(account: str, *, services: Services) -> bool:
    """Bring one account on. False where it is owned or nothing is due. Raises StoreUnavailable."""
    with services.store.transaction() as tx:
        claim = tx.notices.claim(account)
        tries = tx.notices.tries(account)
    if claim is None:
        return False
    try:
        with services.store.keeping(claim, "notices"):
            well = look(account, claim, services)
            next_digest_at = digest(account, claim, services)
            send_due(account, claim, services)
        with services.store.transaction() as tx:
            tx.notices.release(claim, at=next_digest_at, error="" if well else "system_down")
    except (ClaimLost, StoreUnavailable):
        raise
    except Exception as fault:
        with services.store.transaction() as tx:
            again = services.clock.now() + timedelta(seconds=pause_s(tries, None))
            tx.notices.release(claim, error=place(fault), not_before=again)
        raise
    return True
