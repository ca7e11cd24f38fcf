"""Digest: what became due of an account goes into one letter, at most one in so many hours.

What cannot be told to anybody (no such processor in the merchant's file, no channel) waits loudly, with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.model import Entry, Fact, Notice, NoticeState, Via
from bridge.ports import Claim, Services, Tx
from bridge.rules.index.attribution import UNKNOWN
from bridge.steps.evidence.record_facts import nudge, tell
from config.merchant_file.processors import Processor

LOOK_AGAIN = timedelta(hours=1)  # the merchant's file may have been mended meanwhile
MOST_ENTRIES = 2_000  # of one letter: a longer one is more than a clerk can read


def digest(account: str, claim: Claim, services: Services) -> datetime | None:
    """Open the notices that are due. Returns when the next digest is, where something waits for it."""
    with services.store.transaction() as tx:
        tx.notices.hold(claim)
        now = services.clock.now()
        queued = [
            entry
            for entry in tx.notices.entries(account=account, states=[NoticeState.QUEUED])
            if not entry.notice_id
        ]
        if not queued:
            return None
        processor = listed(queued[0].processor, services)
        why = _untellable(queued[0].processor, processor)
        if processor is None or why:
            stuck = [replace(entry, reason=why) for entry in queued if entry.reason != why]
            tx.notices.save_entries(stuck)
            tx.notices.touch(stuck)
            tell(Fact.NOTICE_STUCK, stuck, tx, reason=why)
            nudge(stuck, services)
            return now + LOOK_AGAIN
        last = tx.notices.last_opened_at(account)
        next_at = last + services.merchant.instructions.digest if last else now
        if next_at > now:
            return next_at
        for start in range(0, len(queued), MOST_ENTRIES):
            _open(queued[start : start + MOST_ENTRIES], processor, now, tx, services)
    nudge(queued, services)
    return None


def _open(entries: Sequence[Entry], processor: Processor, now: datetime, tx: Tx, services: Services) -> None:
    notice = Notice(
        id=services.store.new_id("ntc"),
        shop=entries[0].shop,
        processor=entries[0].processor,
        via=Via(processor.erasure_channel),
        created_at=now,
        next_at=now,
    )
    tx.notices.open(notice, entries)
    tx.notices.touch(entries)


def listed(processor_id: str, services: Services) -> Processor | None:
    """The processor as the merchant's file has it."""
    return next((each for each in services.merchant.processors if each.id == processor_id), None)


def _untellable(processor_id: str, processor: Processor | None) -> str:
    if processor_id == UNKNOWN:
        return "carrier_unknown"
    if processor is None:
        return "processor_not_listed"
    return "" if processor.is_told else "no_channel"
