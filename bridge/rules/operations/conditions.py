"""Conditions that somebody must end: which there are, what each means, when a silence is one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bridge.model import WaitReason
from bridge.rules.operations.guides import OTHER_SHORTFALL, SHORTFALL_GUIDES, WAIT_GUIDES, Guide

WORKER_SILENT_AFTER = timedelta(seconds=90)  # a worker that waits for jobs is seen every 45 s
CLOCK_SILENT_AFTER = timedelta(seconds=60)
STANDS_STILL_AFTER = timedelta(minutes=10)
MAIL_UNREAD_AFTER = timedelta(hours=12)  # a quarter of the time to acknowledge


class Condition(StrEnum):
    """A condition that lasts until somebody ends it, or what it waits for comes back."""

    CLOCK_SILENT = "clock_silent"
    WORKER_SILENT = "worker_silent"
    ROWS_STAND_STILL = "rows_stand_still"
    REDIS_UNREACHABLE = "redis_unreachable"
    BACKUP_RESTORED = "backup_restored"
    DELIVERY_FAILED = "delivery_failed"
    MANDATORY_WEBHOOK_UNHANDLED = "mandatory_webhook_unhandled"
    REQUEST_FAILED = "request_failed"
    REQUEST_LATE = "request_late"
    CONSENT_NOT_WITHDRAWN = "consent_not_withdrawn"
    DEADLINE_NEAR = "deadline_near"
    DEADLINE_MISSED = "deadline_missed"
    REQUEST_INCOMPLETE = "request_incomplete"
    REQUEST_NEEDS_PERSON = "request_needs_person"
    REQUEST_AWAITS_APPROVAL = "request_awaits_approval"
    NOTICE_NEEDS_PERSON = "notice_needs_person"
    LETTER_WITHHELD = "letter_withheld"
    LETTER_BOUNCED = "letter_bounced"
    ACKNOWLEDGEMENT_OPEN = "acknowledgement_open"
    PROCESSOR_RESTRICTED = "processor_restricted"
    MESSAGE_NOT_SENT = "message_not_sent"
    MAILBOX_UNREADABLE = "mailbox_unreadable"
    MAIL_UNREAD = "mail_unread"


CONDITION_GUIDES: Mapping[Condition, Guide] = {
    Condition.CLOCK_SILENT: Guide(
        words="the clock process has made no turn: nothing is retried, expired or signed",
        command="start the clock process: python -m workers.schedule",
        page="nothing-moves",
        who="host",
    ),
    Condition.WORKER_SILENT: Guide(
        words="no worker process is seen: no request is worked on",
        command="start a worker process: python -m workers.run",
        page="nothing-moves",
        who="host",
    ),
    Condition.ROWS_STAND_STILL: Guide(
        words="rows are due and no worker takes them", command="doctor", page="stuck-inbox", who="host"
    ),
    Condition.REDIS_UNREACHABLE: Guide(
        words="Redis does not answer: webhooks are kept and worked on later",
        command="doctor",
        page="redis-unreachable",
        who="host",
    ),
    Condition.BACKUP_RESTORED: Guide(
        words="the database is a restored backup, and work is stopped", command="restore-check", page="backup-restored"
    ),
    Condition.DELIVERY_FAILED: Guide(
        words="webhooks were given up",
        command="inbox list --state failed, then inbox replay --failed",
        page="failed-delivery",
    ),
    Condition.MANDATORY_WEBHOOK_UNHANDLED: Guide(
        words="mandatory webhooks were not acted on",
        command="inbox list --needs-action, then inbox replay or inbox dismiss each",
        page="mandatory-webhook-rejected",
    ),
    Condition.REQUEST_FAILED: Guide(
        words="requests were given up", command="dsr show {id}, then dsr replay {id}", page="failed-request"
    ),
    Condition.REQUEST_LATE: Guide(
        words="the deadline has passed without an answer", command="dsr show {id}", page="late-request"
    ),
    Condition.CONSENT_NOT_WITHDRAWN: Guide(
        words="a consent that was taken back a day ago still stands at Shopify",
        command="dsr show {id}, then dsr replay {id}",
        page="consent-not-withdrawn",
    ),
    Condition.DEADLINE_NEAR: Guide(
        words="a good part of the time to answer, acknowledge or report is over",
        command="dsr show {id}",
        page="deadline-near",
    ),
    Condition.DEADLINE_MISSED: Guide(
        words="the time to acknowledge or to report a breach has passed", command="dsr show {id}", page="deadline-near"
    ),
    Condition.REQUEST_INCOMPLETE: OTHER_SHORTFALL,
    Condition.REQUEST_NEEDS_PERSON: Guide(
        words="requests wait for a person", command="dsr show {id}", page="waiting-request"
    ),
    Condition.REQUEST_AWAITS_APPROVAL: Guide(
        words="requests await an approval, and are due within days",
        command="dsr plan {id}, then dsr approve {id}",
        page="approval-awaited",
    ),
    Condition.NOTICE_NEEDS_PERSON: Guide(
        words="records cannot be told to a processor", command="notice list", page="notice-stuck"
    ),
    Condition.LETTER_WITHHELD: Guide(
        words="letters to persons cannot leave", command="letter list --unsent", page="letter-not-sent"
    ),
    Condition.LETTER_BOUNCED: Guide(
        words="letters to persons did not arrive",
        command="letter show {id}, then letter resend {id} --to -",
        page="letter-bounced",
    ),
    Condition.ACKNOWLEDGEMENT_OPEN: Guide(
        words="half of the time to acknowledge a request has passed, and its acknowledgement has not left",
        command="letter list --unsent, or write by hand, then dsr acknowledge {id}",
        page="letter-not-sent",
    ),
    Condition.PROCESSOR_RESTRICTED: Guide(
        words="a processor is in a country to which nothing may be sent",
        command="processors",
        page="country-restricted",
    ),
    Condition.MESSAGE_NOT_SENT: Guide(
        words="a message to operators could not be sent", command="doctor", page="operators-not-told", who="host"
    ),
    Condition.MAILBOX_UNREADABLE: Guide(
        words="the mailbox cannot be read: what people write is not seen",
        command="mail fetch",
        page="mailbox-unreadable",
        who="host",
    ),
    Condition.MAIL_UNREAD: Guide(
        words="mail waits for an officer, and its clocks run",
        command="mail show {id}, then mail open or mail dismiss",
        page="mail-unread",
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundCondition:
    """One condition that is there now: ids and counts only.

    `reason` tells apart what one condition can mean: a reason to wait, an outcome, a table. `systems` are those concerned.
    `ids` are the oldest rows, `since` is when the oldest came or the silence began; None: never seen at all.
    """

    condition: Condition
    reason: str = ""
    count: int = 1
    ids: tuple[str, ...] = ()
    since: datetime | None = None
    systems: tuple[str, ...] = ()

    @property
    def guide(self) -> Guide:
        """Return what it means, who must act, what to type, which page to read."""
        if self.condition is Condition.REQUEST_NEEDS_PERSON:
            return WAIT_GUIDES[WaitReason(self.reason)]
        if self.condition is Condition.REQUEST_INCOMPLETE:
            return SHORTFALL_GUIDES.get(self.reason, OTHER_SHORTFALL)
        return CONDITION_GUIDES[self.condition]

    @property
    def command(self) -> str:
        """Return what to type, with the oldest row's id."""
        return self.guide.command.format(id=self.ids[0] if self.ids else "ID")


def is_clock_silent(last_turn_at: datetime | None, now: datetime, interval_s: float) -> bool:
    """Return whether the clock has missed its turns; `interval_s` are the seconds between two of them."""
    limit = max(CLOCK_SILENT_AFTER, timedelta(seconds=3 * interval_s))
    return last_turn_at is None or now - last_turn_at > limit


def is_worker_silent(last_seen_at: datetime | None, now: datetime) -> bool:
    """Return whether no worker was seen for longer than one that waits for jobs is silent."""
    return last_seen_at is None or now - last_seen_at > WORKER_SILENT_AFTER


def describe_age(age: timedelta) -> str:
    """Return an age in words, such as `6 h`."""
    seconds = max(0, int(age.total_seconds()))
    for unit, size in (("days", 172_800), ("h", 7_200), ("min", 120)):
        if seconds >= size:
            return f"{seconds // {'days': 86_400, 'h': 3_600, 'min': 60}[unit]} {unit}"
    return f"{seconds} s"
