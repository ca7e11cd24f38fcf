"""Stuck: a notice that cannot go on without a person waits loudly, with its reason, said once in the evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bridge.model import Fact, Notice
from bridge.ports import Lease, Services
from bridge.steps.evidence.record_facts import enqueue_requests, record_notice_fact


def mark_notice_blocked(
    notice: Notice,
    reason: str,
    retry_at: datetime | None,
    *,
    lease: Lease,
    services: Services,
) -> None:
    """Record why it waits, and look again at that moment (None: when somebody acted)."""
    with services.store.transaction() as tx:
        tx.notices.verify_lease(lease)
        saved = tx.notices.save_notice(
            replace(notice, last_error=reason, next_at=retry_at), expected_state=notice.state
        )
        if not saved or notice.last_error == reason:
            return
        listed = tx.notices.list_items(notice_id=notice.id)
        waiting_items = [replace(item, reason=reason[:48]) for item in listed if item.answer is None]
        tx.notices.save_items(waiting_items)
        tx.notices.wake_requests_of_items(waiting_items)
        record_notice_fact(Fact.NOTICE_BLOCKED, waiting_items, tx, notice=notice, reason=reason)
    enqueue_requests(waiting_items, services)
