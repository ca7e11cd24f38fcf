"""Send: what is due of an account's letters: a first one, a reminder, the end of waiting.

A letter is recorded after the mail server took it. Dying between the two sends it again, under the same Message-ID,
by which mail programs know it. Nothing goes to an address that the merchant has not verified, and no letter
leaves while the merchant has not shown that it controls the domain of the Grievance Officer's address.
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
        due = tx.notices.list_notices(account=account, due_at=services.clock.now())
    for notice in due:
        with services.store.transaction() as tx:
            entries = tx.notices.list_items(notice_id=notice.id)
            if not entries:  # all that it listed waits again
                tx.notices.verify_lease(lease)
                tx.notices.withdraw_notice(notice.id)
        if not entries:
            continue
        processor = find_processor(notice.processor, services)
        if notice.state is NoticeState.QUEUED and notice.via is NoticeChannel.API:
            erase_by_api(notice, entries, lease, services)
        elif notice.state in SENT_STATES and notice.reminders >= len(
            services.merchant.instructions.remind_days
        ):
            _expire_notice(notice, entries, lease, services)
        elif why := _find_send_blocker(notice, processor, services):
            again = None if why == "file_by_hand" else services.clock.now() + RECHECK_DELAY
            mark_notice_blocked(notice, why, again, lease=lease, services=services)
        elif processor is not None:
            _send_letter(notice, entries, processor, lease, services)


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
    return _find_mail_blocker(services)


def _find_mail_blocker(services: Services) -> str:
    """Return why no letter can leave at all, '' where one can."""
    if not services.merchant.officer.domain_control_verified:
        return "domain_not_verified"
    return "" if services.mailer.configured else "mail_not_configured"


def _send_letter(
    notice: Notice, items: Sequence[NoticeItem], processor: Processor, lease: Lease, services: Services
) -> None:
    now, terms = services.clock.now(), services.merchant.instructions
    due_at = notice.due_at or now + timedelta(days=terms.answer_days)
    token = secrets.token_urlsafe(32)
    with services.store.transaction() as tx:
        tx.notices.verify_lease(lease)
        tx.notices.save_link_token(notice.id, token, now + timedelta(days=terms.link_days))
    reminder = notice.reminders + 1 if notice.state in SENT_STATES else 0
    mail = build_instruction_letter(
        replace(notice, due_at=due_at), items, processor, token=token, reminder=reminder, services=services
    )
    try:
        services.mailer.send_letter(mail)
    except (ConnectorUnavailable, ConnectorRefused, CredentialRejected) as fault:
        _record_send_failure(notice, items, token, fault, lease, services)
        return
    first = reminder == 0
    sent = replace(
        notice,
        state=NoticeState.SENT if first else NoticeState.REMINDED,
        sent_at=notice.sent_at or now,
        due_at=due_at,
        reminders=reminder,
        attempts=0,
        message_id=mail.message_id,
        body_sha256=hashlib.sha256(mail.text.encode()).hexdigest(),
        last_error="",
    )
    sent = replace(sent, next_at=_find_next_due_at(sent, now, services))
    told = [replace(entry, state=NoticeState.SENT, reason="") for entry in items]
    for left in reversed(
        range(RECORD_ATTEMPTS)
    ):  # a letter that has gone must not go again for a database that was busy
        try:
            _record_sent_letter(notice, sent, told, lease, services)
        except StoreUnavailable:
            if not left:
                raise
        else:
            break
    enqueue_requests(told, services)


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
    terms, sent_at = services.merchant.instructions, notice.sent_at or now
    days = (*terms.remind_days, terms.expire_days)[notice.reminders]
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
    bounced = isinstance(fault, ConnectorRefused)
    after = replace(
        notice,
        state=NoticeState.BOUNCED if bounced else notice.state,
        attempts=attempts,
        last_error=str(fault),
        next_at=None if bounced else now + timedelta(seconds=compute_retry_pause_s(attempts, None)),
    )
    with services.store.transaction() as tx:
        tx.notices.verify_lease(lease)
        tx.notices.delete_link_tokens(notice.id, token)
        if not tx.notices.save_notice(after, expected_state=notice.state) or not bounced:
            return
        tx.notices.wake_requests_of_items(items)
        record_notice_fact(Fact.NOTICE_BOUNCED, items, tx, notice=after, reason=str(fault))
    enqueue_requests(items, services)


def _expire_notice(notice: Notice, items: Sequence[NoticeItem], lease: Lease, services: Services) -> None:
    """Nobody answered in spite of all reminders: a person takes over. Its link stays good for a late answer."""
    now = services.clock.now()
    after = replace(notice, state=NoticeState.EXPIRED, next_at=None, last_error="")
    mail: Letter | None = build_escalation_letter(after, items, services=services)
    blocker = _find_mail_blocker(services) if mail is not None else "no_contact"
    if blocker:
        after = replace(after, last_error=f"not escalated: {blocker}")
    elif mail is not None:
        try:
            services.mailer.send_letter(mail)
        except ConnectorUnavailable as fault:
            again = now + timedelta(seconds=compute_retry_pause_s(notice.attempts + 1, None))
            waits = replace(notice, attempts=notice.attempts + 1, next_at=again, last_error=str(fault))
            with services.store.transaction() as tx:
                tx.notices.verify_lease(lease)
                tx.notices.save_notice(waits, expected_state=notice.state)
            return
        except (ConnectorRefused, CredentialRejected) as fault:
            after = replace(after, last_error=f"not escalated: {fault}")
    with services.store.transaction() as tx:
        tx.notices.verify_lease(lease)
        if not tx.notices.save_notice(after, expected_state=notice.state):
            return
        tx.notices.wake_requests_of_items(items)
        record_notice_fact(Fact.NOTICE_EXPIRED, items, tx, notice=after, escalated=not after.last_error)
    enqueue_requests(items, services)
