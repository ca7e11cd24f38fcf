"""Record a processor's answer to a notice, from the answer page, the command line or the API, or that its letter came back.

Items, notice and facts are saved in one transaction. An item answered as erased is finished; a carrier that shows
consignees is asked again later. Calls no other system.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bridge.errors import PayloadInvalid
from bridge.model import AnswerRow, Fact, Notice, NoticeChannel, NoticeItem, NoticeState, ProcessorAnswer
from bridge.rules.notices import answers as answer_rules
from bridge.services import Services
from bridge.steps.evidence.record_facts import account_key, enqueue_requests, record_notice_fact, save_notice

if TYPE_CHECKING:
    from bridge.store import Tx

NO_DATA_ANSWERS = (ProcessorAnswer.ERASED, ProcessorAnswer.NOT_FOUND)
BOUNCE_REASON = "delivery status: failed"
MIN_ACKNOWLEDGED_WAIT = timedelta(days=7)  # shortest wait after an acknowledgement, even past the due date


def record_answer(
    notice_id: str,
    answers: Mapping[str, AnswerRow],
    *,
    via: NoticeChannel,
    actor: str,
    services: Services,
    reference: str = "",
) -> Notice:
    """Record the answer to every item of a notice and return the notice as saved.

    `answers` has one row per item id, `reference` is the processor's ticket. Raises PayloadInvalid with
    `notice_unknown`, `already_answered` or a code of `validate_answer`; ConcurrentChange if a reminder or an
    acknowledgement was saved meanwhile: call again.
    """
    now = services.clock.now()
    zone = ZoneInfo(services.retention.calendar.timezone)
    with services.store.transaction() as tx:
        notice = get_unanswered_notice(notice_id, tx)
        items = tx.notice_items.list_items(notice_id=notice_id)
        answer_rules.validate_answer(items, answers, today=now.astimezone(zone).date())
        answered = replace(
            notice,
            state=answer_rules.derive_notice_state([answer.answer for answer in answers.values()]),
            answered_at=now,
            answered_via=via,
            reference=reference[:64] or notice.reference,
            next_at=None,
            last_error="",
        )
        save_notice(answered, notice, tx)
        answered_items = [_answer_item(item, answers[item.id], now, zone, services) for item in items]
        tx.notice_items.save_items(answered_items)
        tx.notices.delete_link_tokens(notice_id)
        tx.notice_items.wake_requests_of_items(answered_items)
        look_times = [item.look_at for item in answered_items if item.look_at is not None]
        if look_times:
            tx.notice_accounts.wake_account(account_key(notice), min(look_times))
        detail = {"actor": actor, "via": via, "reference": reference}
        record_notice_fact(Fact.NOTICE_ANSWERED, answered_items, tx, notice=answered, **detail)
    enqueue_requests(answered_items, services)
    return answered


def record_acknowledgement(
    notice_id: str, *, via: NoticeChannel, actor: str, services: Services, reference: str = ""
) -> Notice:
    """Record that the processor received the notice and works on it; return the notice. Raises as `record_answer`."""
    with services.store.transaction() as tx:
        notice = get_unanswered_notice(notice_id, tx)
        if notice.state is NoticeState.ACKNOWLEDGED:
            return notice
        now = services.clock.now()
        next_at = max(notice.due_at or now, now + MIN_ACKNOWLEDGED_WAIT)
        state, ticket = NoticeState.ACKNOWLEDGED, reference or notice.reference
        acknowledged = replace(notice, state=state, reference=ticket, next_at=next_at, last_error="")
        save_notice(acknowledged, notice, tx)
        items = tx.notice_items.list_items(notice_id=notice_id)
        tx.notice_items.wake_requests_of_items(items)
        tx.notice_accounts.wake_account(account_key(acknowledged), next_at)
        detail = {"actor": actor, "via": via, "reference": reference}
        record_notice_fact(Fact.NOTICE_ACKNOWLEDGED, items, tx, notice=acknowledged, **detail)
    enqueue_requests(items, services)
    return acknowledged


def get_unanswered_notice(notice_id: str, tx: Tx) -> Notice:
    """Return a notice that has no answer yet. Raises PayloadInvalid: `notice_unknown`, `already_answered`."""
    notice = tx.notices.find_notice(notice_id)
    if notice is None:
        raise PayloadInvalid("notice_unknown")
    if notice.state in answer_rules.ANSWERED_NOTICE_STATES:
        raise PayloadInvalid("already_answered")
    return notice


def _answer_item(item: NoticeItem, row: AnswerRow, now: datetime, zone: ZoneInfo, services: Services) -> NoticeItem:
    look_at = until = None
    if row.answer is ProcessorAnswer.RETAINED and row.until is not None:
        look_at = until = datetime.combine(row.until + timedelta(days=1), time.min, zone)
    elif row.answer in NO_DATA_ANSWERS and item.baseline:
        look_at = now + timedelta(hours=services.merchant.instructions.read_back_hours)
    updated = replace(
        item,
        state=answer_rules.NOTICE_STATE_BY_ANSWER[row.answer],
        reason="",
        answer=row.answer,
        answered_at=now,
        law=row.law if row.answer is ProcessorAnswer.RETAINED else "",
        until=row.until if row.answer is ProcessorAnswer.RETAINED else None,
        note=row.note,
        not_before=until,
        look_at=look_at,
    )
    if row.answer in NO_DATA_ANSWERS and look_at is None:  # it is not tracked any more
        updated = replace(updated, reference="")
    return updated


def record_notice_bounce(message_id: str, *, tx: Tx, actor: str) -> Notice | None:
    """Record that the letter with this Message-ID was returned. None where no notice that waits for an answer sent it.

    Links of the letter end: it may have reached somebody else. Raises ConcurrentChange.
    """
    notice = tx.notices.find_notice_by_message_id(message_id)
    if notice is None or notice.state in answer_rules.ANSWERED_NOTICE_STATES or notice.state is NoticeState.BOUNCED:
        return None
    after = replace(notice, state=NoticeState.BOUNCED, next_at=None, last_error=BOUNCE_REASON)
    save_notice(after, notice, tx)
    tx.notices.delete_link_tokens(notice.id)
    items = tx.notice_items.list_items(notice_id=notice.id)
    tx.notice_items.wake_requests_of_items(items)
    record_notice_fact(Fact.NOTICE_BOUNCED, items, tx, notice=after, actor=actor, reason=BOUNCE_REASON)
    return after
