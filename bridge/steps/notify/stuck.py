"""Stuck: a notice that cannot go on without a person waits loudly, with its reason, said once in the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bridge.model import Entry, Fact, Notice
from bridge.ports import Claim, Services
from bridge.steps.concern import nudge, tell


def stuck(
    notice: Notice,
    entries: Sequence[Entry],
    why: str,
    again: datetime | None,
    *,
    claim: Claim,
    services: Services,
) -> None:
    """Record why it waits, and look again at that moment (None: when somebody acted)."""
    with services.store.transaction() as tx:
        tx.notices.hold(claim)
        tx.notices.save(replace(notice, last_error=why, next_at=again), was=notice.state)
        if notice.last_error == why:
            return
        told = [replace(entry, reason=why[:48]) for entry in entries if entry.answer is None]
        tx.notices.save_entries(told)
        tx.notices.touch(told)
        tell(Fact.NOTICE_STUCK, told, tx, notice=notice, reason=why)
    nudge(entries, services)
