"""One function a job: take one id, open the services, call the step.

A failure ends in the database, where ops see it, and as a constant line in the log. Nothing leaves here but a
`Crashed` without text: RQ would keep whatever an exception says.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import structlog

from bridge import logs
from bridge.bootstrap import make_services
from bridge.errors import BridgeError, Retryable
from bridge.ports import Services
from bridge.steps.index.index_orders import index_deliveries as index_step
from bridge.steps.notices.notify import process_notice_account as notify_step
from bridge.steps.recovery.ledger_gate import read_ledger_gate
from bridge.steps.requests.process import process_request as process_step
from bridge.steps.webhooks.dispatch import dispatch_delivery as dispatch_step
from bridge.steps.webhooks.retry_or_deadletter import retry_or_deadletter
from config.load import Configuration, read_configuration
from workers.connection import connect_redis
from workers.queues import RqJobQueue

log = structlog.get_logger()


class JobFailed(BridgeError):
    """A job ended by a fault: type and place, nothing of its text."""


@cache
def load_configuration() -> Configuration:
    """Settings and files, read once; the worker reads them before it forks."""
    loaded = read_configuration()
    logs.configure_logging(loaded.settings.log_level, loaded.settings.log_format)
    return loaded


@cache
def open_services() -> Services:
    """The services of this process: opened after the fork, never shared over it."""
    return make_services(load_configuration(), open_queue())


@cache
def open_queue() -> RqJobQueue:
    """The bell of this process."""
    return RqJobQueue(
        connect_redis(
            load_configuration().settings.redis_url,
            for_worker=False,
            tls=load_configuration().settings.redis_tls,
        )
    )


def dispatch(delivery_id: str) -> None:
    """A mandatory webhook becomes a privacy request."""
    _run_step("dispatch", delivery_id, lambda: dispatch_step(delivery_id, services=open_services()))


def index(shop: str) -> None:
    """A shop's order deliveries teach the index."""
    open_queue().release_index_job(shop)
    _run_step("index", shop, lambda: index_step(shop, services=open_services()))


def process(request_id: str) -> None:
    """Whatever of a request is due is worked on."""
    _run_step("process", request_id, lambda: process_step(request_id, services=open_services()))


def notify(account: str) -> None:
    """A processor's account is brought on: looked at, told, reminded."""
    _run_step("notify", account, lambda: notify_step(account, services=open_services()))


def _run_step(job: str, row_id: str, step: Callable[[], object]) -> None:
    try:
        if why := read_ledger_gate(
            services=open_services()
        ):  # the row stays due: sweep rings again once it was checked
            log.warning("job.barred", job=job, id=row_id, why=why)
            return
        step()
    except Retryable as fault:
        log.warning("job.later", job=job, id=row_id, fault=logs.describe_exception(fault))
    except Exception as fault:  # noqa: BLE001 - whatever it is, the database must hear of it
        error = logs.describe_exception(fault)
        log.error("job.failed", job=job, id=row_id, fault=error)  # noqa: TRY400 - the text may hold values
        if job == "dispatch":
            retry_or_deadletter(row_id, error, services=open_services())
        raise JobFailed(error) from None
