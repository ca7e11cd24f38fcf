"""Erase a notice's records through the processor's API, one waybill after another. Sends no letter.

Each result is recorded after the call. A crash between the two erases the record again, which is harmless: the
processor then answers that it has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.errors import BridgeError, Retryable
from bridge.model import Fact, Lease, Notice, NoticeChannel, NoticeItem, Outcome, ProcessorAnswer, ReferenceKind
from bridge.ports import Eraser
from bridge.rules.notices.answers import NOTICE_STATE_BY_ANSWER, derive_notice_state
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_requests, record_notice_fact
from bridge.steps.notices.batch import RECHECK_DELAY
from bridge.steps.notices.save_outcome import block_notice, schedule_notice_retry
from bridge.steps.task_results import SYSTEM_ERRORS

ANSWERS_BY_OUTCOME = {Outcome.ERASED: ProcessorAnswer.ERASED, Outcome.ABSENT: ProcessorAnswer.NOT_FOUND}


def erase_by_api(notice: Notice, items: Sequence[NoticeItem], lease: Lease, services: Services) -> None:
    """Erase the records that have no answer yet, then close the notice.

    A fault of the processor's system schedules a retry or blocks the notice. Raises LeaseLost, StoreUnavailable.
    """
    connector = services.connectors.get(notice.processor)
    unanswered = [item for item in items if item.answer is None]
    if not isinstance(connector, Eraser) or not connector.configured:
        block_notice(notice, "api_not_configured", services.clock.now() + RECHECK_DELAY, lease=lease, services=services)
        return
    by_number: dict[str, list[NoticeItem]] = {}
    for item in unanswered:
        if item.names is ReferenceKind.WAYBILL:
            by_number.setdefault(item.reference, []).append(item)
    try:
        for number, outcome in connector.erase_waybills(list(by_number)):
            _record_api_answer(by_number.pop(number), ANSWERS_BY_OUTCOME[outcome], lease, services)
    except SYSTEM_ERRORS as fault:
        _schedule_api_retry(notice, fault, lease, services)
        return
    _close_api_notice(notice, lease, services)


def _record_api_answer(items: Sequence[NoticeItem], answer: ProcessorAnswer, lease: Lease, services: Services) -> None:
    """Record the answer for one waybill, which belongs to several requests if their orders shared the parcel."""
    answered_items = [
        replace(
            item,
            state=NOTICE_STATE_BY_ANSWER[answer],
            answer=answer,
            answered_at=services.clock.now(),
            reason="",
            reference="",
            baseline="",
            # the connector read the record again after erasing it
            read_back="gone" if answer is ProcessorAnswer.ERASED else "",
        )
        for item in items
    ]
    with services.store.transaction() as tx:
        tx.notice_accounts.verify_lease(lease)
        tx.notice_items.save_items(answered_items)


def _close_api_notice(notice: Notice, lease: Lease, services: Services) -> None:
    now = services.clock.now()
    with services.store.transaction() as tx:
        tx.notice_accounts.verify_lease(lease)
        # an item that the API does not accept counts as refused: a person has to ask for it
        listed = tx.notice_items.list_items(notice_id=notice.id)
        refused = [
            replace(
                item,
                state=NOTICE_STATE_BY_ANSWER[ProcessorAnswer.REFUSED],
                answer=ProcessorAnswer.REFUSED,
                reason="not_by_api",
                answered_at=now,
            )
            for item in listed
            if item.answer is None
        ]
        tx.notice_items.save_items(refused)
        closed_items = [*(item for item in listed if item.answer is not None), *refused]
        state = derive_notice_state([item.answer for item in closed_items if item.answer is not None])
        via = NoticeChannel.API
        closed = replace(
            notice, state=state, sent_at=now, answered_at=now, answered_via=via, next_at=None, last_error=""
        )
        tx.notices.save_notice(closed, expected_state=notice.state)
        tx.notice_items.wake_requests_of_items(closed_items)
        record_notice_fact(Fact.NOTICE_ANSWERED, closed_items, tx, notice=closed, via=via)
    enqueue_requests(closed_items, services)


def _schedule_api_retry(notice: Notice, fault: BridgeError, lease: Lease, services: Services) -> None:
    if not isinstance(fault, Retryable):
        block_notice(notice, "api_refuses_us", services.clock.now() + RECHECK_DELAY, lease=lease, services=services)
        return
    schedule_notice_retry(notice, fault, lease, services, retry_after_s=fault.retry_after_s)
