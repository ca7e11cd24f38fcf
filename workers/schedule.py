"""The clock process: `python -m workers.schedule`.

Every few seconds it destroys what waited on the public page for too long, and enqueues due rows that no worker holds. Three times a minute it records that it works, has
operators told what needs somebody, and warns of deadlines. Every hour it destroys what has expired: bodies and
packages, documents whose last day has passed, bank details of settled refunds, records that reached their maximum
age; it overwrites what they left in the database's files, counts rows for SQLite's plans, writes to persons whose request is late, logs the answers that are about to be lost or late and the holds
whose day has passed, signs today's head of the evidence chain, and begins the nightly comparison of each shop's orders. Two clocks may run at once, since deployments overlap: the one that holds the lock in
the database does the work.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import threading
from datetime import datetime, timedelta

import structlog

from bridge import logs
from bridge.bootstrap import make_services, make_store
from bridge.errors import BridgeError, SettingsInvalid
from bridge.services import Services
from bridge.steps.evidence.sign_head import sign_head
from bridge.steps.identity.answer_submission import expire_submissions
from bridge.steps.index.reconcile.open_reconciliation import start_nightly_reconciliations
from bridge.steps.letters.queue_answers import queue_late_letters
from bridge.steps.mailbox.read_mailbox import ensure_mailbox
from bridge.steps.operations.operator_messages import watch
from bridge.steps.operators.expire_api_access import expire_api_access
from bridge.steps.recovery.ledger_gate import check_ledger_gate
from bridge.steps.recovery.sync_ledger import sync_ledger
from bridge.steps.refunds.erase_settled import erase_settled_bank_details
from bridge.steps.requests.answer_warnings import log_urgent_answers
from bridge.steps.requests.held_requests import log_overdue_holds
from bridge.steps.retention.expire import expire_aged_records
from bridge.steps.retention.expire_bodies import expire_bodies_and_packages
from bridge.steps.retention.expire_documents import DocumentExpiryResult, expire_documents
from bridge.steps.retention.overwrite_remnants import overwrite_remnants
from bridge.steps.webhooks.enqueue_due import enqueue_due
from bridge.telemetry import flush_telemetry, report_exception, start_telemetry
from config.load import read_configuration
from workers.connection import connect_redis
from workers.loaded_objects import freeze_loaded_objects
from workers.queues import RqJobQueue

log = structlog.get_logger()
EXPIRE_INTERVAL = timedelta(hours=1)
LOCK_FACTOR = 3  # the lock outlives a few missed ticks, then another clock takes over


def main() -> None:
    """Run ticks until a signal stops the process."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    try:
        loaded = read_configuration()
        logs.configure_logging(loaded.settings.log_level, loaded.settings.log_format)
        store = make_store(loaded.settings)
        queue = RqJobQueue(connect_redis(loaded.settings.redis_url, for_worker=False, tls=loaded.settings.redis_tls))
        services = make_services(loaded, queue, store)
        start_telemetry("clock", loaded.settings)
    except (SettingsInvalid, BridgeError) as fault:
        faults = fault.faults if isinstance(fault, SettingsInvalid) else [str(fault)]
        sys.exit("\n".join(["The clock cannot start:", *(f"  {line}" for line in faults)]))
    logs.log_start("clock")
    freeze_loaded_objects()
    holder = f"{os.getpid()}-{secrets.token_hex(4)}"
    interval_s = loaded.settings.sweep_every_s
    last_expired_at: datetime | None = None
    try:
        while not stop.is_set():
            last_expired_at = tick(services, holder, interval_s, last_expired_at)
            stop.wait(interval_s)
    finally:
        store.close()
        services.ledger.close()
        flush_telemetry()


def tick(services: Services, holder: str, interval_s: float, last_expired_at: datetime | None) -> datetime | None:
    """Do one tick; return when the hourly steps last finished. Never raises: the next tick tries again."""
    try:
        if not services.store.acquire_named_lock("clock", holder, max(LOCK_FACTOR * interval_s, 5.0)):
            return last_expired_at
        # a restored backup: no work until an operator has checked it
        is_blocked = bool(check_ledger_gate(services=services))
        if not is_blocked:
            expire_submissions(services=services)
            ensure_mailbox(services=services)
            enqueue_due(services=services)
            sync_ledger(services=services)
        watch(holder, is_stopped=is_blocked, services=services)
        if is_blocked:
            return last_expired_at
        now = services.clock.now()
        if last_expired_at is None or now - last_expired_at >= EXPIRE_INTERVAL:
            return now if run_hourly_steps(services=services) else last_expired_at
    except Exception as fault:  # noqa: BLE001 - a clock that ends after one bad tick would stop all retries
        log.warning("clock.turn_failed", fault=logs.describe_exception(fault))
        report_exception(fault)
    return last_expired_at


def run_hourly_steps(*, services: Services) -> bool:
    """Destroy what has expired, each kind even if another fails; return False where more is due at once."""
    more = False
    for step in (
        expire_bodies_and_packages,
        expire_documents,
        erase_settled_bank_details,
        expire_aged_records,
        expire_api_access,
        queue_late_letters,
        log_urgent_answers,
        log_overdue_holds,
        overwrite_remnants,
        count_rows_for_plans,
        sign_head,
        start_nightly_reconciliations,
    ):
        try:
            done = step(services=services)
        except Exception as fault:  # noqa: BLE001 - one step that fails must not block the others
            log.warning("clock.step_failed", step=step.__name__, fault=logs.describe_exception(fault))
            report_exception(fault, step=step.__name__)
        else:
            more |= isinstance(done, DocumentExpiryResult) and done.has_more
    return not more


def count_rows_for_plans(*, services: Services) -> None:
    """Keep what SQLite knows of its tables' sizes up to date, so that it goes on to choose the right index."""
    services.store.count_rows_for_plans()


if __name__ == "__main__":
    main()
