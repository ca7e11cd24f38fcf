"""Batch the queued items of an account into notices, those to erase at most once per digest interval. Sends nothing.

Items that cannot be sent (the processor is not in the merchant's file or has no channel) are marked as blocked with
the reason and checked again after an hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bridge.model import Fact, Lease, Notice, NoticeChannel, NoticeItem, NoticePurpose, NoticeState
from bridge.rules.index.attribution import UNKNOWN_CARRIER
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_requests, record_notice_fact
from config.merchant_file.processors import Processor

if TYPE_CHECKING:
    from bridge.store import Tx

COUNTRY_RESTRICTED = "country_restricted"
RECHECK_DELAY = timedelta(hours=1)  # the merchant's file may have been corrected meanwhile
MAX_ITEMS_PER_NOTICE = 2_000  # items in one letter: a longer one is more than a clerk can read


def open_due_notices(account: str, lease: Lease, services: Services) -> datetime | None:
    """Open a notice for each batch of queued items.

    Return when to call again if items wait for the next digest or for a correction; None if nothing waits.
    Raises LeaseLost, StoreUnavailable.
    """
    with services.store.transaction() as tx:
        tx.notice_accounts.verify_lease(lease)
        now = services.clock.now()
        items = tx.notice_items.list_items(account=account, states=[NoticeState.QUEUED])
        queued_items = [item for item in items if not item.notice_id]
        if not queued_items:
            return None
        processor = find_processor(queued_items[0].processor, services)
        blocker = _find_batch_blocker(queued_items[0].processor, processor, services)
        if processor is None or blocker:
            blocked_items = [replace(item, reason=blocker) for item in queued_items if item.reason != blocker]
            tx.notice_items.save_items(blocked_items)
            tx.notice_items.wake_requests_of_items(blocked_items)
            record_notice_fact(Fact.NOTICE_BLOCKED, blocked_items, tx, reason=blocker)
            enqueue_requests(blocked_items, services)
            return now + RECHECK_DELAY
        last_opened_at = tx.notices.find_last_opened_at(account)
        next_at = last_opened_at + services.merchant.instructions.digest_interval if last_opened_at else now
        is_digest_due = next_at <= now
        # what a person wants changed or stopped waits for no digest: a parcel may be on its way
        due_items = [item for item in queued_items if is_digest_due or item.purpose is not NoticePurpose.ERASE]
        if not due_items:
            return next_at
        for purpose in NoticePurpose:
            of_purpose = [item for item in due_items if item.purpose is purpose]
            for start in range(0, len(of_purpose), MAX_ITEMS_PER_NOTICE):
                _open_notice(of_purpose[start : start + MAX_ITEMS_PER_NOTICE], processor, now, tx, services)
    enqueue_requests(due_items, services)
    return None if len(due_items) == len(queued_items) else next_at


def _open_notice(items: Sequence[NoticeItem], processor: Processor, now: datetime, tx: Tx, services: Services) -> None:
    via = NoticeChannel(processor.erasure_channel)
    if via is NoticeChannel.API and items[0].purpose is not NoticePurpose.ERASE:
        via = NoticeChannel.EMAIL  # such an interface can erase and nothing else
    notice = Notice(
        id=services.store.new_id("ntc"),
        shop=items[0].shop,
        processor=items[0].processor,
        via=via,
        purpose=items[0].purpose,
        created_at=now,
        next_at=now,
    )
    tx.notices.open_notice(notice, items)
    tx.notice_items.wake_requests_of_items(items)


def find_processor(processor_id: str, services: Services) -> Processor | None:
    """Return the processor of that id in the merchant's file; None if it is not listed."""
    return next((processor for processor in services.merchant.processors if processor.id == processor_id), None)


def _find_batch_blocker(processor_id: str, processor: Processor | None, services: Services) -> str:
    if processor_id == UNKNOWN_CARRIER:
        return "carrier_unknown"
    if processor is None:
        return "processor_not_listed"
    if services.merchant.find_restricted(processor.id):
        return COUNTRY_RESTRICTED
    return "" if processor.is_notice_recipient else "no_channel"
