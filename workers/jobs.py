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
from bridge.steps.index.index_orders import index as index_step
from bridge.steps.notices.notify import notify as notify_step
from bridge.steps.recovery.ledger_gate import barred
from bridge.steps.requests.process import process as process_step
from bridge.steps.webhooks.dispatch import dispatch as dispatch_step
from bridge.steps.webhooks.retry_or_deadletter import setback
from config.load import Start, load_all
from workers.connection import connect
from workers.queues import Bell

log = structlog.get_logger()


class Crashed(BridgeError):
    """A job ended by a fault: type and place, nothing of its text."""


@cache
def start() -> Start:
    """Settings and files, read once; the worker reads them before it forks."""
    loaded = load_all()
    logs.configure(loaded.settings.log_level, loaded.settings.log_format)
    return loaded


@cache
def services() -> Services:
    """The services of this process: opened after the fork, never shared over it."""
    return make_services(start(), bell())


@cache
def bell() -> Bell:
    """The bell of this process."""
    return Bell(connect(start().settings.redis_url, patient=False, tls=start().settings.redis_tls))


def dispatch(delivery_id: str) -> None:
    """A mandatory webhook becomes a privacy request."""
    _run("dispatch", delivery_id, lambda: dispatch_step(delivery_id, services=services()))


def index(shop: str) -> None:
    """A shop's order deliveries teach the index."""
    bell().heard(shop)
    _run("index", shop, lambda: index_step(shop, services=services()))


def process(request_id: str) -> None:
    """Whatever of a request is due is worked on."""
    _run("process", request_id, lambda: process_step(request_id, services=services()))


def notify(account: str) -> None:
    """A processor's account is brought on: looked at, told, reminded."""
    _run("notify", account, lambda: notify_step(account, services=services()))


def _run(job: str, row_id: str, step: Callable[[], object]) -> None:
    try:
        if why := barred(services=services()):  # the row stays due: sweep rings again once it was checked
            log.warning("job.barred", job=job, id=row_id, why=why)
            return
        step()
    except Retryable as fault:
        log.warning("job.later", job=job, id=row_id, fault=logs.place(fault))
    except Exception as fault:  # noqa: BLE001 - whatever it is, the database must hear of it
        error = logs.place(fault)
        log.error("job.failed", job=job, id=row_id, fault=error)  # noqa: TRY400 - the text may hold values
        if job == "dispatch":
            setback(row_id, error, services=services())
        raise Crashed(error) from None
