"""Records that a notice did not arrive: its processor has to be reached by a corrected contact."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model import Fact, Notice, NoticeState
from bridge.rules.notices.answers import ANSWERED_NOTICE_STATES
from bridge.steps.evidence.record_facts import record_notice_fact, save_notice

if TYPE_CHECKING:
    from bridge.store import Tx

BOUNCE_REASON = "delivery status: failed"


def record_notice_bounce(message_id: str, *, tx: Tx, actor: str) -> Notice | None:
    """Record that the letter with this Message-ID was returned. None where no notice that waits for an answer sent it.

    Links of the letter end: it may have reached somebody else. Raises ConcurrentChange.
    """
    notice = tx.notices.find_notice_by_message_id(message_id)
    if notice is None or notice.state in ANSWERED_NOTICE_STATES or notice.state is NoticeState.BOUNCED:
        return None
    after = replace(notice, state=NoticeState.BOUNCED, next_at=None, last_error=BOUNCE_REASON)
    save_notice(after, notice, tx)
    tx.notices.delete_link_tokens(notice.id)
    items = tx.notice_items.list_items(notice_id=notice.id)
    tx.notice_items.wake_requests_of_items(items)
    record_notice_fact(Fact.NOTICE_BOUNCED, items, tx, notice=after, actor=actor, reason=BOUNCE_REASON)
    return after
