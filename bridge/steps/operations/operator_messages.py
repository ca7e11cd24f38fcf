"""Tell operators what needs somebody: an alert when a condition begins and when it ends, and a mail each day.

What was said is in the database, so that a restart repeats nothing and loses nothing. A worker sends; where none is seen,
or Redis does not answer, the clock sends itself: else nobody would hear of just that.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog

from bridge import __version__
from bridge.errors import BridgeError
from bridge.model import Letter
from bridge.rules.operations.alerts import build_alert_body, list_announcements
from bridge.rules.operations.conditions import Condition, is_worker_silent
from bridge.rules.operations.digest import build_digest_subject, build_digest_text, is_digest_due
from bridge.services import Services
from bridge.steps.desk.warn_of_deadlines import warn_of_deadlines
from bridge.steps.operations.conditions import CLOCK, list_conditions, read_liveness

log = structlog.get_logger()

WATCH_INTERVAL = timedelta(seconds=20)
ALERTS, DIGEST = "alerts", "digest"  # channels
UNSENT_ALERTS = (Condition.MESSAGE_NOT_SENT.value, ALERTS)
MESSAGE_JOB = "send_operator_message"
SENDING_S = 180.0  # longer than any mail server may take: two workers never send the same
RETRY_PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))


def watch(holder: str, *, is_stopped: bool = False, services: Services) -> bool:
    """Record that the clock `holder` turns, remember which conditions began or ended, and have messages sent that are due.

    Deadlines are warned of first, unless all work `is_stopped`: a warning may write to a person.
    Does nothing within WATCH_INTERVAL of the last time; return whether it did. Raises StoreUnavailable.
    """
    with services.store.transaction() as tx:
        last = tx.heartbeats.find_last_heartbeat(CLOCK)
        if last is not None and timedelta(0) <= services.clock.now() - last < WATCH_INTERVAL:
            return False
        tx.heartbeats.record_heartbeat(CLOCK, holder, version=__version__)
    if not is_stopped:
        warn_of_deadlines(services=services)
    _remember_conditions(services)
    for channel in _list_due_channels(services):
        is_queued = services.queue.enqueue(MESSAGE_JOB, channel, at_front=True)
        if not is_queued or _is_no_worker_seen(services):
            send_message(channel, services=services)
    return True


def send_message(channel: str, *, services: Services) -> bool:
    """Send what is due on a channel; return whether something was sent. Raises StoreUnavailable."""
    holder = services.store.new_id("msg")
    if not services.store.acquire_named_lock(channel, holder, SENDING_S):
        return False
    try:
        return channel in _list_due_channels(services) and _SENDERS[channel](services)
    except BridgeError as fault:
        _record_failure(channel, fault, services)
        return False
    finally:
        services.store.acquire_named_lock(channel, holder, 0)


def _remember_conditions(services: Services) -> None:
    """Open and end alerts, and log each that began or ended."""
    with services.store.read() as tx:
        listed = list_conditions(tx=tx, services=services)
    # that an alert could not be sent is nothing to send an alert about
    found = {key: one for one in listed if (key := (one.condition.value, one.reason)) != UNSENT_ALERTS}
    with services.store.transaction() as tx:
        known = {(one.condition, one.reason) for one in tx.alerts.list_alerts() if one.cleared_at is None}
        tx.alerts.save_alerts({key: one.count for key, one in found.items()})
    for key in sorted(found.keys() - known):
        one = found[key]
        log.warning("condition.began", condition=key[0], reason=key[1], count=one.count, ids=one.ids, do=one.command)
    for condition, reason in sorted(known - found.keys()):
        log.info("condition.ended", condition=condition, reason=reason)


def _list_due_channels(services: Services) -> list[str]:
    now, zone = services.clock.now(), ZoneInfo(services.merchant.clocks.timezone)
    due = []
    with services.store.read() as tx:
        if services.alert_receiver and tx.alerts.is_message_due(ALERTS) and list_announcements(tx.alerts.list_alerts()):
            due.append(ALERTS)
        has_mail = bool(services.settings.ops_email) and services.mailer.configured
        if has_mail and tx.alerts.is_message_due(DIGEST) and is_digest_due(tx.alerts.find_last_sent(DIGEST), now, zone):
            due.append(DIGEST)
    return due


def _is_no_worker_seen(services: Services) -> bool:
    with services.store.read() as tx:
        return is_worker_silent(read_liveness(tx=tx).worker_awaited_since, services.clock.now())


def _send_alerts(services: Services) -> bool:
    with services.store.read() as tx:
        announcements = list_announcements(tx.alerts.list_alerts())
        found = list_conditions(tx=tx, services=services)
    if services.alert_receiver is None or not announcements:
        return False
    body = build_alert_body(announcements, found, version=__version__, at=services.clock.now())
    services.alert_receiver.post_alert(body)
    with services.store.transaction() as tx:
        tx.alerts.record_announced(announcements)
        tx.alerts.record_sent(ALERTS)
    log.info("alert.sent", alerts=len(announcements))
    return True


def _send_digest(services: Services) -> bool:
    now = services.clock.now()
    with services.store.read() as tx:
        found = list_conditions(tx=tx, services=services)
    text = build_digest_text(found, now=now)
    domain = services.settings.mail_from.rpartition("@")[2].strip("> ")
    letter = Letter(
        to=services.settings.ops_email,
        subject=build_digest_subject(found),
        text=text,
        html=f"<pre>{html.escape(text)}</pre>",
        message_id=f"<{services.store.new_id('dig')}@{domain}>",
    )
    services.mailer.send_letter(letter)
    with services.store.transaction() as tx:
        tx.alerts.record_sent(DIGEST)
    log.info("digest.sent", conditions=len(found))
    return True


_SENDERS: dict[str, Callable[[Services], bool]] = {ALERTS: _send_alerts, DIGEST: _send_digest}


def _record_failure(channel: str, fault: BridgeError, services: Services) -> None:
    """Record and log why a message was not sent, by the code that the error names; it is tried again."""
    with services.store.transaction() as tx:
        attempts, _ = tx.alerts.find_message_failures().get(channel, (0, ""))
        pause = RETRY_PAUSES[min(attempts, len(RETRY_PAUSES) - 1)]
        tx.alerts.record_not_sent(channel, str(fault), services.clock.now() + pause, attempts=attempts + 1)
    log.warning("message.not_sent", channel=channel, fault=type(fault).__name__, why=str(fault))
