"""Send the letters of an account that are due: the instruction, a reminder, or the escalation after the last one.

A letter is recorded after the mail server accepted it. A crash between the two sends it again under the same
Message-ID, by which mail programs recognise it. Never sends to an address that the merchant has not verified, nor
while the merchant has not shown that it controls the domain of the Grievance Officer's address.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bridge.errors import BridgeError, ConnectorRefused, ConnectorUnavailable, CredentialRejected, StoreUnavailable
from bridge.model import Fact, Lease, Notice, NoticeChannel, NoticeItem, NoticeState
from bridge.rules.notices.answers import ANSWERED_NOTICE_STATES, BLOCKING_REASONS
from bridge.services import Services
from bridge.steps.evidence.record_facts import account_key, enqueue_requests, record_notice_fact, save_notice
from bridge.steps.notices.batch import COUNTRY_RESTRICTED, RECHECK_DELAY, find_processor
from bridge.steps.notices.erase_by_api import erase_by_api
from bridge.steps.notices.letter import build_escalation_letter, build_instruction_letter
from bridge.steps.notices.save_outcome import block_notice, save_notice_outcome, schedule_notice_retry
from bridge.steps.rights.read_corrections import read_corrections
from config.merchant_file.processors import Processor

if TYPE_CHECKING:
    from bridge.store import Tx

RECORD_ATTEMPTS = 3
SENT_STATES = (NoticeState.SENT, NoticeState.REMINDED, NoticeState.ACKNOWLEDGED)


def send_due_letters(account: str, lease: Lease, services: Services) -> None:
    """Send, erase by API, escalate or withdraw each due notice of an account. Raises LeaseLost, StoreUnavailable."""
    with services.store.transaction() as tx:
        due_notices = tx.notices.list_notices(account=account, due_at=services.clock.now())
    for notice in due_notices:
        with services.store.transaction() as tx:
            items = tx.notice_items.list_items(notice_id=notice.id)
            if not items:  # all its items went back to waiting
                tx.notice_accounts.verify_lease(lease)
                tx.notices.withdraw_notice(notice.id)
        if not items:
            continue
        processor = find_processor(notice.processor, services)
        is_restricted = bool(services.merchant.find_restricted(notice.processor))
        if notice.state is NoticeState.QUEUED and notice.via is NoticeChannel.API and not is_restricted:
            erase_by_api(notice, items, lease, services)
        elif notice.state in SENT_STATES and notice.reminders >= len(services.merchant.instructions.remind_days):
            _expire_notice(notice, items, lease, services)
        elif blocker := find_send_blocker(notice, processor, services):
            retry_at = None if blocker == "file_by_hand" else services.clock.now() + RECHECK_DELAY
            block_notice(notice, blocker, retry_at, lease=lease, services=services)
        elif processor is not None:
            _send_letter(notice, items, processor, lease, services)


def find_send_blocker(notice: Notice, processor: Processor | None, services: Services) -> str:
    """Return the code of why no letter of this notice can go out now; '' where one can."""
    if processor is None:
        return "processor_not_listed"
    if blocker := _find_recipient_blocker(notice, processor, services):
        return blocker
    if services.settings.is_production and not services.settings.public_url:
        return "public_url_not_set"
    return find_mail_blocker(services)


def _find_recipient_blocker(notice: Notice, processor: Processor, services: Services) -> str:
    """Return why nothing can go to this processor, '' where it can."""
    if services.merchant.find_restricted(processor.id):
        return COUNTRY_RESTRICTED
    if notice.via is NoticeChannel.PORTAL:
        return "file_by_hand"
    if not processor.privacy_contact:
        return "no_contact"
    return "contact_not_verified" if processor.contact_verified_on is None else ""


def find_mail_blocker(services: Services) -> str:
    """Return why no letter can leave at all, '' where one can."""
    if not services.merchant.officer.domain_control_verified:
        return "domain_not_verified"
    if not services.merchant.officer.is_complete:
        return "officer_not_named"
    return "" if services.mailer.configured else "mail_not_configured"


def _send_letter(
    notice: Notice, items: Sequence[NoticeItem], processor: Processor, lease: Lease, services: Services
) -> None:
    now, rules = services.clock.now(), services.merchant.instructions
    due_at = notice.due_at or now + timedelta(days=rules.answer_days)
    token = secrets.token_urlsafe(32)
    with services.store.transaction() as tx:
        tx.notice_accounts.verify_lease(lease)
        tx.notices.save_link_token(notice.id, token, now + timedelta(days=rules.link_days))
        corrections = read_corrections(items, processor, tx)
    reminder = notice.reminders + 1 if notice.state in SENT_STATES else 0
    dated = replace(notice, due_at=due_at)
    letter = build_instruction_letter(
        dated, items, processor, token=token, reminder=reminder, services=services, corrections=corrections
    )
    try:
        services.mailer.send_letter(letter)
    except (ConnectorUnavailable, ConnectorRefused, CredentialRejected) as fault:
        _record_send_failure(notice, items, token, fault, lease, services)
        return
    sent_notice = replace(
        dated,
        state=NoticeState.REMINDED if reminder else NoticeState.SENT,
        sent_at=notice.sent_at or now,
        reminders=reminder,
        attempts=0,
        message_id=letter.message_id,
        body_sha256=hashlib.sha256(letter.text.encode()).hexdigest(),
        last_error="",
    )
    sent_notice = replace(sent_notice, next_at=_find_next_due_at(sent_notice, now, services))
    _save_sent(sent_notice, notice, items, lease, services)


def _save_sent(notice: Notice, previous: Notice, items: Sequence[NoticeItem], lease: Lease, services: Services) -> None:
    """Record a letter that was sent, at the third attempt at the latest: a busy database must not send it twice."""
    sent_items = [replace(item, state=NoticeState.SENT, reason="") for item in items]
    for attempt in range(1, RECORD_ATTEMPTS + 1):
        try:
            save_notice_outcome(
                Fact.NOTICE_REMINDED if notice.reminders else Fact.NOTICE_SENT,
                notice,
                previous,
                sent_items,
                lease,
                services,
                changed_items=sent_items,
                message_id=notice.message_id,
                body_sha256=notice.body_sha256,
                due_at=notice.due_at.isoformat() if notice.due_at else None,
                reminder=notice.reminders,
            )
        except StoreUnavailable:
            if attempt == RECORD_ATTEMPTS:
                raise
        else:
            break
    enqueue_requests(items, services)  # also those of a letter that was answered while it was sent


def _find_next_due_at(notice: Notice, now: datetime, services: Services) -> datetime:
    """Return when the next letter of a sent notice is due: a reminder, or the escalation after the last one."""
    rules, sent_at = services.merchant.instructions, notice.sent_at or now
    days = (*rules.remind_days, rules.expire_days)[notice.reminders]
    return max(sent_at + timedelta(days=days), now)


def _record_send_failure(
    notice: Notice, items: Sequence[NoticeItem], token: str, fault: BridgeError, lease: Lease, services: Services
) -> None:
    """Delete the unsent link; then bounce a refused recipient, block on rejected credentials, or retry."""
    if isinstance(fault, CredentialRejected):
        with services.store.transaction() as tx:
            tx.notices.delete_link_tokens(notice.id, token)
        block_notice(notice, "mail_refuses_us", services.clock.now() + RECHECK_DELAY, lease=lease, services=services)
    elif isinstance(fault, ConnectorRefused):
        reason, attempts = str(fault), notice.attempts + 1
        bounced = replace(notice, state=NoticeState.BOUNCED, attempts=attempts, last_error=reason, next_at=None)
        if save_notice_outcome(
            Fact.NOTICE_BOUNCED, bounced, notice, items, lease, services, unsent_token=token, reason=reason
        ):
            enqueue_requests(items, services)
    else:
        schedule_notice_retry(notice, fault, lease, services, unsent_token=token)


def _expire_notice(notice: Notice, items: Sequence[NoticeItem], lease: Lease, services: Services) -> None:
    """Escalate a notice that stayed unanswered after all reminders. Its link stays valid for a later answer."""
    expired = replace(notice, state=NoticeState.EXPIRED, next_at=None, last_error="")
    letter = build_escalation_letter(expired, items, services=services)
    blocker = find_mail_blocker(services) if letter is not None else "no_contact"
    if blocker:
        expired = replace(expired, last_error=f"not escalated: {blocker}")
    elif letter is not None:
        try:
            services.mailer.send_letter(letter)
        except ConnectorUnavailable as fault:
            schedule_notice_retry(notice, fault, lease, services)
            return
        except (ConnectorRefused, CredentialRejected) as fault:
            expired = replace(expired, last_error=f"not escalated: {fault}")
    escalated = not expired.last_error
    if save_notice_outcome(Fact.NOTICE_EXPIRED, expired, notice, items, lease, services, escalated=escalated):
        enqueue_requests(items, services)


def explain_no_resend(notice: Notice, services: Services, *, is_named: bool, force: bool) -> str:
    """Return why the notice is not sent again; '' where it is.

    A letter that arrived is sent a second time only where the operator named the notice. What still blocks every letter
    is refused, unless forced.
    """
    if notice.state in ANSWERED_NOTICE_STATES:
        return f"it was answered already: {notice.state}"
    if notice.state is NoticeState.QUEUED and not notice.last_error:
        return "it is sent within seconds already"
    if not is_named and notice.state not in (NoticeState.BOUNCED, NoticeState.QUEUED):
        return f"its letter arrived ({notice.state}): only naming it sends a second one"
    is_blocked = notice.last_error in BLOCKING_REASONS and not force
    blocker = find_send_blocker(notice, find_processor(notice.processor, services), services) if is_blocked else ""
    return f"it is still blocked: {blocker} (docs/runbooks/notice-stuck.md)" if blocker else ""


def resend_notice(notice: Notice, tx: Tx, *, actor: str, reason: str, services: Services) -> None:
    """Queue the letter again and record who did it and why. Links of the former letter end. Raises ConcurrentChange."""
    queued = replace(
        notice,
        state=NoticeState.QUEUED,
        sent_at=None,
        due_at=None,
        reminders=0,
        attempts=0,
        last_error="",
        next_at=services.clock.now(),
    )
    save_notice(queued, notice, tx)
    tx.notices.delete_link_tokens(notice.id)  # the first letter may have reached the wrong recipient
    tx.notice_accounts.wake_account(account_key(notice))
    items = tx.notice_items.list_items(notice_id=notice.id)
    tx.notice_items.wake_requests_of_items(items)
    why = {"reason": reason} if reason else {}
    record_notice_fact(Fact.NOTICE_RESENT, items, tx, notice=queued, actor=actor, was=notice.state, **why)
