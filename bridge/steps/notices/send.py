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
from bridge.model import Entry, Fact, Letter, Notice, NoticeState, Via
from bridge.ports import Claim, Services
from bridge.rules.requests.lifecycle import pause_s
from bridge.steps.evidence.record_facts import nudge, tell
from bridge.steps.notices.batch import LOOK_AGAIN, listed
from bridge.steps.notices.erase_by_api import erase_there
from bridge.steps.notices.letter import escalation, letter
from bridge.steps.notices.mark_blocked import stuck
from config.merchant_file.processors import Processor

TRIES = 3
SENT = (NoticeState.SENT, NoticeState.REMINDED, NoticeState.ACKNOWLEDGED)


def send_due(account: str, claim: Claim, services: Services) -> None:
    """Do what is due of each notice. Raises ClaimLost and StoreUnavailable."""
    with services.store.transaction() as tx:
        due = tx.notices.notices(account=account, due_at=services.clock.now())
    for notice in due:
        with services.store.transaction() as tx:
            entries = tx.notices.entries(notice_id=notice.id)
            if not entries:  # all that it listed waits again
                tx.notices.hold(claim)
                tx.notices.withdraw(notice.id)
        if not entries:
            continue
        processor = listed(notice.processor, services)
        if notice.state is NoticeState.QUEUED and notice.via is Via.API:
            erase_there(notice, entries, claim, services)
        elif notice.state in SENT and notice.reminders >= len(services.merchant.instructions.remind_days):
            _expire(notice, entries, claim, services)
        elif why := _unsendable(notice, processor, services):
            again = None if why == "file_by_hand" else services.clock.now() + LOOK_AGAIN
            stuck(notice, why, again, claim=claim, services=services)
        elif processor is not None:
            _send(notice, entries, processor, claim, services)


def _unsendable(notice: Notice, processor: Processor | None, services: Services) -> str:
    if processor is None:
        return "processor_not_listed"
    if notice.via is Via.PORTAL:
        return "file_by_hand"
    if not processor.privacy_contact:
        return "no_contact"
    if processor.contact_verified_on is None:
        return "contact_not_verified"
    if services.settings.production and not services.settings.public_url:
        return "public_url_not_set"
    return "" if services.mailer.configured else "mail_not_configured"


def _send(
    notice: Notice, entries: Sequence[Entry], processor: Processor, claim: Claim, services: Services
) -> None:
    now, terms = services.clock.now(), services.merchant.instructions
    due_at = notice.due_at or now + timedelta(days=terms.answer_days)
    token = secrets.token_urlsafe(32)
    with services.store.transaction() as tx:
        tx.notices.hold(claim)
        tx.notices.link(notice.id, token, now + timedelta(days=terms.link_days))
    reminder = notice.reminders + 1 if notice.state in SENT else 0
    mail = letter(
        replace(notice, due_at=due_at), entries, processor, token=token, reminder=reminder, services=services
    )
    try:
        services.mailer.send(mail)
    except (ConnectorUnavailable, ConnectorRefused, CredentialRejected) as fault:
        _failed(notice, entries, token, fault, claim, services)
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
    sent = replace(sent, next_at=_next(sent, now, services))
    told = [replace(entry, state=NoticeState.SENT, reason="") for entry in entries]
    for left in reversed(
        range(TRIES)
    ):  # a letter that has gone must not go again for a database that was busy
        try:
            _record(notice, sent, told, claim, services)
        except StoreUnavailable:
            if not left:
                raise
        else:
            break
    nudge(told, services)


def _record(notice: Notice, sent: Notice, told: Sequence[Entry], claim: Claim, services: Services) -> None:
    with services.store.transaction() as tx:
        tx.notices.hold(claim)
        if not tx.notices.save(sent, was=notice.state):
            return  # it was answered while the letter went: the answer stands
        tx.notices.save_entries(told)
        tx.notices.touch(told)
        tell(
            Fact.NOTICE_REMINDED if sent.reminders else Fact.NOTICE_SENT,
            told,
            tx,
            notice=sent,
            message_id=sent.message_id,
            body_sha256=sent.body_sha256,
            due_at=sent.due_at.isoformat() if sent.due_at else None,
            reminder=sent.reminders,
        )


def _next(notice: Notice, now: datetime, services: Services) -> datetime:
    """When something is due of it next: a reminder, or the end of waiting."""
    terms, sent_at = services.merchant.instructions, notice.sent_at or now
    days = (*terms.remind_days, terms.expire_days)[notice.reminders]
    return max(sent_at + timedelta(days=days), now)


def _failed(
    notice: Notice,
    entries: Sequence[Entry],
    token: str,
    fault: ConnectorUnavailable | ConnectorRefused | CredentialRejected,
    claim: Claim,
    services: Services,
) -> None:
    """Refused recipient: bounced, a person mends the address. Anything else is tried again, and shown."""
    now, attempts = services.clock.now(), notice.attempts + 1
    if isinstance(fault, CredentialRejected):
        with services.store.transaction() as tx:
            tx.notices.unlink(notice.id, token)
        stuck(notice, "mail_refuses_us", now + LOOK_AGAIN, claim=claim, services=services)
        return
    bounced = isinstance(fault, ConnectorRefused)
    after = replace(
        notice,
        state=NoticeState.BOUNCED if bounced else notice.state,
        attempts=attempts,
        last_error=str(fault),
        next_at=None if bounced else now + timedelta(seconds=pause_s(attempts, None)),
    )
    with services.store.transaction() as tx:
        tx.notices.hold(claim)
        tx.notices.unlink(notice.id, token)
        if not tx.notices.save(after, was=notice.state) or not bounced:
            return
        tx.notices.touch(entries)
        tell(Fact.NOTICE_BOUNCED, entries, tx, notice=after, reason=str(fault))
    nudge(entries, services)


def _expire(notice: Notice, entries: Sequence[Entry], claim: Claim, services: Services) -> None:
    """Nobody answered in spite of all reminders: a person takes over. Its link stays good for a late answer."""
    now = services.clock.now()
    after = replace(notice, state=NoticeState.EXPIRED, next_at=None, last_error="")
    mail: Letter | None = escalation(after, entries, services=services)
    if mail is not None and services.mailer.configured:
        try:
            services.mailer.send(mail)
        except ConnectorUnavailable as fault:
            again = now + timedelta(seconds=pause_s(notice.attempts + 1, None))
            waits = replace(notice, attempts=notice.attempts + 1, next_at=again, last_error=str(fault))
            with services.store.transaction() as tx:
                tx.notices.hold(claim)
                tx.notices.save(waits, was=notice.state)
            return
        except (ConnectorRefused, CredentialRejected) as fault:
            after = replace(after, last_error=f"not escalated: {fault}")
    with services.store.transaction() as tx:
        tx.notices.hold(claim)
        if not tx.notices.save(after, was=notice.state):
            return
        tx.notices.touch(entries)
        tell(Fact.NOTICE_EXPIRED, entries, tx, notice=after, escalated=not after.last_error)
    nudge(entries, services)
