"""One function per job: take one id, open the services, call the step.

A failure is recorded in the database, where operators see it, and as a constant line in the log. The only exception
that leaves here is a `JobFailed` without the original text: RQ would keep whatever an exception says.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeVar

import structlog
from redis import Redis

from bridge import logs
from bridge.bootstrap import make_services, make_store
from bridge.errors import BridgeError, Retryable
from bridge.services import Services
from bridge.steps.identity.answer_submission import answer_submission as submission_step
from bridge.steps.index.index_orders import index_deliveries as index_step
from bridge.steps.index.reconcile.run_reconciliation import run_reconciliation as reconcile_step
from bridge.steps.letters.send_letter import send_due_letter as letter_step
from bridge.steps.mailbox.read_mailbox import read_mailbox
from bridge.steps.notices.notify import process_notice_account as notify_step
from bridge.steps.operations.operator_messages import send_message
from bridge.steps.recovery.ledger_gate import read_ledger_gate
from bridge.steps.requests.process import process_next_request as process_step
from bridge.steps.requests.take_turns import choose_next_delivery
from bridge.steps.webhooks.dispatch import dispatch_delivery as dispatch_step
from bridge.steps.webhooks.retry_or_deadletter import retry_or_deadletter
from bridge.store import SqlStore
from bridge.telemetry import observe, report_exception
from config.load import Configuration, read_configuration
from workers.connection import connect_redis
from workers.queues import RqJobQueue
from workers.shared_limits import RedisCallLimits

log = structlog.get_logger()
Result = TypeVar("Result")


class JobFailed(BridgeError):
    """A job failed; carries the type and place of the fault, never its text."""


@cache
def load_configuration() -> Configuration:
    """Return the settings and files, read once per process; the worker reads them before it forks."""
    loaded = read_configuration()
    logs.configure_logging(loaded.settings.log_level, loaded.settings.log_format)
    return loaded


@cache
def open_store() -> SqlStore:
    """Return the store of this process: opened after the fork, never shared across it."""
    return make_store(load_configuration().settings)


@cache
def open_services() -> Services:
    """Return the services of this process, over `open_store`."""
    return make_services(load_configuration(), open_queue(), open_store(), RedisCallLimits(_open_connection()))


def close_services() -> None:
    """Close the database connections of this process; do nothing where none were opened."""
    if open_services.cache_info().currsize:
        open_services().ledger.close()
        open_services.cache_clear()
    if open_store.cache_info().currsize:
        open_store().close()
        open_store.cache_clear()


@cache
def open_queue() -> RqJobQueue:
    """Return the queue of this process."""
    return RqJobQueue(_open_connection())


@cache
def _open_connection() -> Redis:
    settings = load_configuration().settings
    return connect_redis(settings.redis_url, for_worker=False, tls=settings.redis_tls)


def dispatch(delivery_id: str) -> None:
    """Turn the mandatory webhook whose turn it is into a privacy request, and where none waits this one."""
    chosen = _run_step("choose", delivery_id, lambda: choose_next_delivery(services=open_services())) or delivery_id
    if not _dispatch_delivery(chosen) and chosen != delivery_id:  # another worker chose the same
        _dispatch_delivery(delivery_id)


def _dispatch_delivery(delivery_id: str) -> str | None:
    return _run_step("dispatch", delivery_id, lambda: dispatch_step(delivery_id, services=open_services()))


def index(shop: str) -> None:
    """Add a shop's order deliveries to the index."""
    open_queue().release_index_job(shop)
    _run_step("index", shop, lambda: index_step(shop, services=open_services()))


def process(request_id: str) -> None:
    """Work on whatever tasks are due of the request whose turn it is, and where none waits of this one."""
    _run_step("process", request_id, lambda: process_step(request_id, services=open_services()))


def notify(account: str) -> None:
    """Track a processor's parcels and send what is due to it: notices and reminders."""
    _run_step("notify", account, lambda: notify_step(account, services=open_services()))


def letter(letter_id: str) -> None:
    """Send a letter to the person of a request, if it is due."""
    _run_step("letter", letter_id, lambda: letter_step(letter_id, services=open_services()))


def reconcile(run_id: str) -> None:
    """Compare a part of a shop's orders with the index, and fill the holes."""
    _run_step("reconcile", run_id, lambda: reconcile_step(run_id, services=open_services()))


def submission(submission_id: str) -> None:
    """Send the code to who sent a form on the public page, or open the request of one that needs no code."""
    _run_step("submission", submission_id, lambda: submission_step(submission_id, services=open_services()))


def fetch_mail(mailbox: str) -> None:
    """Read what came into the merchant's mailbox since it was read last."""
    _run_step("fetch_mail", mailbox, lambda: read_mailbox(services=open_services()))


def send_operator_message(channel: str) -> None:
    """Send the alerts or the daily mail to operators, also while a restored backup stops all other work."""
    _run_step("send_operator_message", channel, lambda: send_message(channel, services=open_services()), is_gated=False)


def _run_step(job: str, row_id: str, step: Callable[[], Result], *, is_gated: bool = True) -> Result | None:
    """Run the step and return its result; None where it was postponed. Raises JobFailed."""
    try:
        # the row stays due: enqueue_due finds it again once the database was checked
        if is_gated and (why := read_ledger_gate(services=open_services())):
            log.warning("job.blocked", job=job, id=row_id, why=why)
            return None
        with observe("job.run", job=job, row=row_id):
            return step()
    except Retryable as fault:
        log.warning("job.postponed", job=job, id=row_id, fault=logs.describe_exception(fault))
        return None
    except Exception as fault:  # noqa: BLE001 - every failure must be recorded
        error = logs.describe_exception(fault)
        log.error("job.failed", job=job, id=row_id, fault=error)  # noqa: TRY400 - the text may hold values
        report_exception(fault, job=job, row=row_id)
        if job == "dispatch":
            retry_or_deadletter(row_id, error, services=open_services())
        raise JobFailed(error) from None
