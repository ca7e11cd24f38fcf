"""Send: what is due of an account's letters: a first one, a reminder, the end of waiting.

A letter is recorded after the mail server took it. Dying between the two sends it again, under the same Message-ID,
by which mail programs know it. Nothing goes to an address that the merchant has not verified.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.errors import (
    ConnectorRefused,
    ConnectorUnavailable,
    CredentialRejected,
    StoreUnavailable,
)
from bridge.model import Fact, Letter, Notice, NoticeChannel, NoticeItem, NoticeState
from bridge.ports import Lease, Services
from bridge.rules.requests.lifecycle import compute_retry_pause_s
from bridge.steps.evidence.record_facts import enqueue_requests, record_notice_fact
from bridge.steps.notices.batch import RECHECK_DELAY, find_processor
from bridge.steps.notices.erase_by_api import erase_by_api
from bridge.steps.notices.letter import build_escalation_letter, build_instruction_letter
from bridge.steps.notices.mark_blocked import mark_notice_blocked
from config.merchant_file.processors import Processor

RECORD_ATTEMPTS = 3
SENT_STATES = (NoticeState.SENT, NoticeState.REMINDED, NoticeState.ACKNOWLEDGED)


def send_due_letters(account: str, lease: Lease, services: Services) -> None:
    """Do what is due of each notice. Raises ClaimLost and StoreUnavailable."""
    with services.store.transaction() as tx:
        due_notices = tx.notices.list_notices(account=account, due_at=services.clock.now())
    for notice in due_notices:
        with services.store.transaction() as tx:
            items = tx.notices.list_items(notice_id=notice.id)
            if not items:  # all that it listed waits again
                tx.notices.verify_lease(lease)
                tx.notices.withdraw_notice(notice.id)
        if not items:
            continue
        processor = find_processor(notice.processor, services)
        if notice.state is NoticeState.QUEUED and notice.via is NoticeChannel.API:
            erase_by_api(notice, items, lease, services)
        elif notice.state in SENT_STATES and notice.reminders >= len(
            services.merchant.instructions.remind_days
        ):
            _expire_notice(notice, items, lease, services)
        elif blocker := _find_send_blocker(notice, processor, services):
            retry_at = None if blocker == "file_by_hand" else services.clock.now() + RECHECK_DELAY
            mark_notice_blocked(notice, blocker, retry_at, lease=lease, services=services)
        elif processor is not None:
            _send_letter(notice, items, processor, lease, services)


def _find_send_blocker(notice: Notice, processor: Processor | None, services: Services) -> str:
    if processor is None:
        return "processor_not_listed"
    if notice.via is NoticeChannel.PORTAL:
        return "file_by_hand"
    if not processor.privacy_contact:
        return "no_contact"
    if processor.contact_verified_on is None:
        return "contact_not_verified"
    if services.settings.is_production and not services.settings.public_url:
        return "public_url_not_set"
    return "" if services.mailer.configured else "mail_not_configured"


def _send_letter(
    notice: Notice, items: Sequence[NoticeItem], processor: Processor, lease: Lease, services: Services
) -> None:
    now, rules = services.clock.now(), services.merchant.instructions
    due_at = notice.due_at or now + timedelta(days=rules.answer_days)
    token = secrets.token_urlsafe(32)
    with services.store.transaction() as tx:
        tx.notices.verify_lease(lease)
        tx.notices.save_link_token(notice.id, token, now + timedelta(days=rules.link_days))
    reminder = notice.reminders + 1 if notice.state in SENT_STATES else 0
    letter = build_instruction_letter(
        replace(notice, due_at=due_at), items, processor, token=token, reminder=reminder, services=services
    )
    try:
        services.mailer.send_letter(letter)
    except (ConnectorUnavailable, ConnectorRefused, CredentialRejected) as fault:
        _record_send_failure(notice, items, token, fault, lease, services)
        return
    is_first = reminder == 0
    sent_notice = replace(
        notice,
        state=NoticeState.SENT if is_first else NoticeState.REMINDED,
        sent_at=notice.sent_at or now,
        due_at=due_at,
        reminders=reminder,
        attempts=0,
        message_id=letter.message_id,
        body_sha256=hashlib.sha256(letter.text.encode()).hexdigest(),
        last_error="",
    )
    sent_notice = replace(sent_notice, next_at=_find_next_due_at(sent_notice, now, services))
    sent_items = [replace(item, state=NoticeState.SENT, reason="") for item in items]
    for remaining_attempts in reversed(
        range(RECORD_ATTEMPTS)
    ):  # a letter that has gone must not go again for a database that was busy
        try:
            _record_sent_letter(notice, sent_notice, sent_items, lease, services)
        except StoreUnavailable:
            if not remaining_attempts:
                raise
        else:
            break
    enqueue_requests(sent_items, services)


def _record_sent_letter(
    notice: Notice, sent_notice: Notice, items: Sequence[NoticeItem], lease: Lease, services: Services
) -> None:
    with services.store.transaction() as tx:
        tx.notices.verify_lease(lease)
        if not tx.notices.save_notice(sent_notice, expected_state=notice.state):
            return  # it was answered while the letter went: the answer stands
        tx.notices.save_items(items)
        tx.notices.wake_requests_of_items(items)
        record_notice_fact(
            Fact.NOTICE_REMINDED if sent_notice.reminders else Fact.NOTICE_SENT,
            items,
            tx,
            notice=sent_notice,
            message_id=sent_notice.message_id,
            body_sha256=sent_notice.body_sha256,
            due_at=sent_notice.due_at.isoformat() if sent_notice.due_at else None,
            reminder=sent_notice.reminders,
        )


def _find_next_due_at(notice: Notice, now: datetime, services: Services) -> datetime:
    """When something is due of it next: a reminder, or the end of waiting."""
    rules, sent_at = services.merchant.instructions, notice.sent_at or now
    days = (*rules.remind_days, rules.expire_days)[notice.reminders]
    return max(sent_at + timedelta(days=days), now)


def _record_send_failure(
    notice: Notice,
    items: Sequence[NoticeItem],
    token: str,
    fault: ConnectorUnavailable | ConnectorRefused | CredentialRejected,
    lease: Lease,
    services: Services,
) -> None:
    """Refused recipient: bounced, a person mends the address. Anything else is tried again, and shown."""
    now, attempts = services.clock.now(), notice.attempts + 1
    if isinstance(fault, CredentialRejected):
        with services.store.transaction() as tx:
            tx.notices.delete_link_tokens(notice.id, token)
        mark_notice_blocked(notice, "mail_refuses_us", now + RECHECK_DELAY, lease=lease, services=services)
        return
    has_bounced = isinstance(fault, ConnectorRefused)
    changed = replace(
        notice,
        state=NoticeState.BOUNCED if has_bounced else notice.state,
        attempts=attempts,
        last_error=str(fault),
        next_at=None if has_bounced else now + timedelta(seconds=compute_retry_pause_s(attempts, None)),
    )
    with services.store.transaction() as tx:
        tx.notices.verify_lease(lease)
        tx.notices.delete_link_tokens(notice.id, token)
        if not tx.notices.save_notice(changed, expected_state=notice.state) or not has_bounced:
            return
        tx.notices.wake_requests_of_items(items)
        record_notice_fact(Fact.NOTICE_BOUNCED, items, tx, notice=changed, reason=str(fault))
    enqueue_requests(items, services)


def _expire_notice(notice: Notice, items: Sequence[NoticeItem], lease: Lease, services: Services) -> None:
    """Nobody answered in spite of all reminders: a person takes over. Its link stays good for a late answer."""
    now = services.clock.now()
    changed = replace(notice, state=NoticeState.EXPIRED, next_at=None, last_error="")
    letter: Letter | None = build_escalation_letter(changed, items, services=services)
    if letter is not None and services.mailer.configured:
        try:
            services.mailer.send_letter(letter)
        except ConnectorUnavailable as fault:
            retry_at = now + timedelta(seconds=compute_retry_pause_s(notice.attempts + 1, None))
            retrying = replace(notice, attempts=notice.attempts + 1, next_at=retry_at, last_error=str(fault))
            with services.store.transaction() as tx:
                tx.notices.verify_lease(lease)
                tx.notices.save_notice(retrying, expected_state=notice.state)
            return
        except (ConnectorRefused, CredentialRejected) as fault:
            changed = replace(changed, last_error=f"not escalated: {fault}")
    with services.store.transaction() as tx:
        tx.notices.verify_lease(lease)
        if not tx.notices.save_notice(changed, expected_state=notice.state):
            return
        tx.notices.wake_requests_of_items(items)
        record_notice_fact(Fact.NOTICE_EXPIRED, items, tx, notice=changed, escalated=not changed.last_error)
    enqueue_requests(items, services)
