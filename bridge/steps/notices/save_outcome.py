"""Save what became of a notice: its outcome, a later attempt, or the reason why it is blocked. Sends nothing.

Each function is one transaction under the account's lease. A notice that was answered since it was read stays as
it is: the answer stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bridge.errors import BridgeError
from bridge.model import Fact, Lease, Notice, NoticeItem
from bridge.rules.requests.lifecycle import compute_retry_pause_s
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_requests, record_notice_fact


def save_notice_outcome(
    fact: Fact,
    notice: Notice,
    previous: Notice,
    items: Sequence[NoticeItem],
    lease: Lease,
    services: Services,
    *,
    changed_items: Sequence[NoticeItem] = (),
    unsent_token: str = "",
    **detail: Any,
) -> bool:
    """Save a notice in its new state, record the fact for each request of its items; return whether it was saved.

    `items` are all items of the notice, `changed_items` those to be written; the link of `unsent_token` is deleted
    in any case. The caller enqueues the requests. Raises LeaseLost, StoreUnavailable.
    """
    with services.store.transaction() as tx:
        tx.notice_accounts.verify_lease(lease)
        if unsent_token:
            tx.notices.delete_link_tokens(notice.id, unsent_token)
        saved = tx.notices.save_notice(notice, expected_state=previous.state)
        if saved:
            tx.notice_items.save_items(changed_items)
            tx.notice_items.wake_requests_of_items(items)
            record_notice_fact(fact, items, tx, notice=notice, **detail)
    return saved


def schedule_notice_retry(
    notice: Notice,
    fault: BridgeError,
    lease: Lease,
    services: Services,
    *,
    retry_after_s: float | None = None,
    unsent_token: str = "",
) -> None:
    """Save a failed attempt and the time of the next one, at the earliest after `retry_after_s` seconds.

    The link of `unsent_token` is deleted too. Raises LeaseLost, StoreUnavailable.
    """
    attempts = notice.attempts + 1
    retry_at = services.clock.now() + timedelta(seconds=compute_retry_pause_s(attempts, retry_after_s))
    retrying = replace(notice, attempts=attempts, next_at=retry_at, last_error=str(fault))
    with services.store.transaction() as tx:
        tx.notice_accounts.verify_lease(lease)
        if unsent_token:
            tx.notices.delete_link_tokens(notice.id, unsent_token)
        tx.notices.save_notice(retrying, expected_state=notice.state)


def block_notice(notice: Notice, reason: str, retry_at: datetime | None, *, lease: Lease, services: Services) -> None:
    """Record why a notice cannot go on without a person; the same reason is recorded once.

    `retry_at` is the time of the next check, None if only an operator's action starts it again.
    Raises LeaseLost, StoreUnavailable.
    """
    with services.store.transaction() as tx:
        tx.notice_accounts.verify_lease(lease)
        blocked = replace(notice, last_error=reason, next_at=retry_at)
        if not tx.notices.save_notice(blocked, expected_state=notice.state) or notice.last_error == reason:
            return
        items = tx.notice_items.list_items(notice_id=notice.id)
        waiting_items = [replace(item, reason=reason[:48]) for item in items if item.answer is None]
        tx.notice_items.save_items(waiting_items)
        tx.notice_items.wake_requests_of_items(waiting_items)
        record_notice_fact(Fact.NOTICE_BLOCKED, waiting_items, tx, notice=notice, reason=reason)
    enqueue_requests(waiting_items, services)
