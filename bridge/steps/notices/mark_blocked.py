"""Stuck: a notice that cannot go on without a person waits loudly, with its reason, said once in the evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bridge.model import Fact, Notice
from bridge.ports import Claim, Services
from bridge.steps.evidence.record_facts import nudge, tell


def stuck(
    notice: Notice,
    why: str,
    again: datetime | None,
    *,
    claim: Claim,
    services: Services,
) -> None:
    """Record why it waits, and look again at that moment (None: when somebody acted)."""
    with services.store.transaction() as tx:
        tx.notices.hold(claim)
        saved = tx.notices.save(replace(notice, last_error=why, next_at=again), was=notice.state)
        if not saved or notice.last_error == why:
            return
        listed = tx.notices.entries(notice_id=notice.id)
        told = [replace(entry, reason=why[:48]) for entry in listed if entry.answer is None]
        tx.notices.save_entries(told)
        tx.notices.touch(told)
        tell(Fact.NOTICE_STUCK, told, tx, notice=notice, reason=why)
    nudge(told, services)
