"""Record a processor's answer to a notice, from the answer page, the command line or the API.

Items, notice and facts are saved in one transaction. An item answered as erased is finished; a carrier that shows
consignees is asked again later. Calls no other system.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bridge.errors import PayloadInvalid
from bridge.model import AnswerRow, Fact, Notice, NoticeChannel, NoticeItem, NoticeState, ProcessorAnswer
from bridge.rules.notices.answers import (
    ANSWERED_NOTICE_STATES,
    NOTICE_STATE_BY_ANSWER,
    derive_notice_state,
    validate_answer,
)
from bridge.services import Services
from bridge.steps.evidence.record_facts import account_key, enqueue_requests, record_notice_fact, save_notice

if TYPE_CHECKING:
    from bridge.store import Tx

NO_DATA_ANSWERS = (ProcessorAnswer.ERASED, ProcessorAnswer.NOT_FOUND)
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
        validate_answer(items, answers, today=now.astimezone(zone).date())
        answered = replace(
            notice,
            state=derive_notice_state([row.answer for row in answers.values()]),
            answered_at=now,
            answered_via=via,
            reference=reference[:64] or notice.reference,
            next_at=None,
            last_error="",
        )
        save_notice(answered, notice, tx)
        updated_items = [_apply_answer(item, answers[item.id], now, zone, services) for item in items]
        tx.notice_items.save_items(updated_items)
        tx.notices.delete_link_tokens(notice_id)
        tx.notice_items.wake_requests_of_items(updated_items)
        look_times = [item.look_at for item in updated_items if item.look_at is not None]
        if look_times:
            tx.notice_accounts.wake_account(account_key(notice), min(look_times))
        record_notice_fact(
            Fact.NOTICE_ANSWERED, updated_items, tx, notice=answered, actor=actor, via=via, reference=reference
        )
    enqueue_requests(updated_items, services)
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
        acknowledged = replace(
            notice,
            state=NoticeState.ACKNOWLEDGED,
            reference=reference or notice.reference,
            next_at=next_at,
            last_error="",
        )
        save_notice(acknowledged, notice, tx)
        items = tx.notice_items.list_items(notice_id=notice_id)
        tx.notice_items.wake_requests_of_items(items)
        tx.notice_accounts.wake_account(account_key(acknowledged), next_at)
        record_notice_fact(
            Fact.NOTICE_ACKNOWLEDGED, items, tx, notice=acknowledged, actor=actor, via=via, reference=reference
        )
    enqueue_requests(items, services)
    return acknowledged


def get_unanswered_notice(notice_id: str, tx: Tx) -> Notice:
    """Return a notice that has no answer yet. Raises PayloadInvalid: `notice_unknown`, `already_answered`."""
    notice = tx.notices.find_notice(notice_id)
    if notice is None:
        raise PayloadInvalid("notice_unknown")
    if notice.state in ANSWERED_NOTICE_STATES:
        raise PayloadInvalid("already_answered")
    return notice


def _apply_answer(
    item: NoticeItem, answer_row: AnswerRow, now: datetime, zone: ZoneInfo, services: Services
) -> NoticeItem:
    look_at, until = None, None
    if answer_row.answer is ProcessorAnswer.RETAINED and answer_row.until is not None:
        until = _next_local_midnight(answer_row.until, zone)
        look_at = until
    elif answer_row.answer in NO_DATA_ANSWERS and item.baseline:
        look_at = now + timedelta(hours=services.merchant.instructions.read_back_hours)
    updated = replace(
        item,
        state=NOTICE_STATE_BY_ANSWER[answer_row.answer],
        reason="",
        answer=answer_row.answer,
        answered_at=now,
        law=answer_row.law if answer_row.answer is ProcessorAnswer.RETAINED else "",
        until=answer_row.until if answer_row.answer is ProcessorAnswer.RETAINED else None,
        note=answer_row.note,
        not_before=until,
        look_at=look_at,
    )
    if answer_row.answer in NO_DATA_ANSWERS and look_at is None:  # it is not tracked any more
        updated = replace(updated, reference="")
    return updated


def _next_local_midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, zone)
