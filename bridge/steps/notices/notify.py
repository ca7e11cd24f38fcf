"""Process one processor account: track its parcels, open due notices and send due letters.

Holds the account by a lease that it renews; every write verifies it. A sent notice is not finished: answers come
through `record_answer`. A crash ends in a later attempt that `doctor` shows.
"""

from __future__ import annotations

from datetime import timedelta

from bridge.errors import LeaseLost, StoreUnavailable
from bridge.logs import describe_exception
from bridge.rules.requests.lifecycle import compute_retry_pause_s
from bridge.services import Services
from bridge.steps.notices.batch import open_due_notices
from bridge.steps.notices.send import send_due_letters
from bridge.steps.notices.track_parcels import track_account_parcels

__all__ = ["process_notice_account"]


def process_notice_account(account: str, *, services: Services) -> bool:
    """Process one account. Return False if another worker holds it or nothing is due.

    `account` is `shop|processor`. Raises LeaseLost, StoreUnavailable.
    """
    with services.store.transaction() as tx:
        lease = tx.notice_accounts.acquire_lease(account)
        attempts = tx.notice_accounts.count_attempts(account)
    if lease is None:
        return False
    try:
        with services.store.renewing_lease(lease, "notice_accounts"):
            all_systems_answered = track_account_parcels(account, lease, services)
            next_digest_at = open_due_notices(account, lease, services)
            send_due_letters(account, lease, services)
        with services.store.transaction() as tx:
            error = "" if all_systems_answered else "system_down"
            tx.notice_accounts.release_lease(lease, wake_at=next_digest_at, error=error)
    except (LeaseLost, StoreUnavailable):
        raise
    except Exception as fault:
        with services.store.transaction() as tx:
            retry_at = services.clock.now() + timedelta(seconds=compute_retry_pause_s(attempts, None))
            tx.notice_accounts.release_lease(lease, error=describe_exception(fault), not_before=retry_at)
        raise
    return True
