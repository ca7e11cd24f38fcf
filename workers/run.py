"""The worker process: `python -m workers.run`.

One queue. A job gets a fork, the work-horse, which then takes what else waits, for a few seconds: a warm one
does three jobs in the time that a cold one needs for one. On SIGTERM the running job gets its time to end; what
does not end is taken over when its lease lapses. Keeps nothing of an exception but its type and place.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Collection
from typing import Any

import structlog
from redis import Redis
from rq import Queue as RqQueue
from rq.exceptions import NoSuchJobError, ShutDownImminentException
from rq.job import Job
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty
from rq.worker import HerokuWorker

from bridge import logs
from bridge.bootstrap import make_services, make_store
from bridge.errors import BridgeError, SettingsInvalid, TimeLimitExceeded
from bridge.steps.recovery.ledger_gate import check_ledger_gate
from workers import jobs
from workers.connection import connect_redis
from workers.queues import JOBS, QUEUE, SERIALIZER, RqJobQueue

log = structlog.get_logger()
SHUTDOWN_S = 20  # Heroku kills 30 s after SIGTERM
WARM_S = 8.0  # after so long a work-horse takes no other job: what leaks and what grew ends with it


class JobTimeLimitExceeded(TimeLimitExceeded, JobTimeoutException):
    """RQ's own, by a name that the steps know: they must not take it for a fault of the row they are at."""


class DeathPenalty(UnixSignalDeathPenalty):
    """RQ's alarm; of a job it raises JobTimeUp."""

    def __init__(
        self, timeout: float | None, exception: type[Exception] = JobTimeoutException, **kwargs: Any
    ) -> None:
        """As RQ's."""
        known = JobTimeLimitExceeded if exception is JobTimeoutException else exception
        super().__init__(timeout, known, **kwargs)  # type: ignore[no-untyped-call]


class BridgeWorker(HerokuWorker):
    """A worker that lets nothing personal of an exception reach Redis or a log."""

    imminent_shutdown_delay = SHUTDOWN_S
    is_stopping = False
    death_penalty_class = DeathPenalty
    functions: Collection[str] = frozenset(JOBS.values())

    def perform_job(self, job: Any, queue: Any, execution: Any) -> bool:
        """The job this work-horse was forked for; then others while it is warm."""
        if not self._is_known_job(job):
            self.handle_job_failure(job, queue, execution=execution)
            return False
        until = time.monotonic() + WARM_S
        done = super().perform_job(job, queue, execution)
        while done and not self.is_stopping and time.monotonic() < until:
            job_id = queue.pop_job_id()
            if job_id is None:
                break
            done = self._perform_next_job(job_id)
        return done

    def _perform_next_job(self, job_id: str) -> bool:
        """One more, without RQ's books: a bell that is lost here is rung again by sweep. False after a fault."""
        try:
            job = Job.fetch(job_id, connection=self.connection, serializer=self.serializer)
        except NoSuchJobError:
            return True
        self.connection.delete(job.key)
        if not self._is_known_job(job):
            return True
        try:
            with self.death_penalty_class(job.timeout):
                job.perform()
        except Exception as fault:  # noqa: BLE001 - the database has heard of it; nothing of its text is kept
            self.handle_exception(job, type(fault), fault)
            return False
        return True

    def _is_known_job(self, job: Job) -> bool:
        """Stock RQ runs any function it is named; who can write to Redis would name another than ours."""
        known = job.func_name in self.functions
        if not known:
            log.error("job.not_ours", job=job.id)
        return known

    def request_stop_sigrtmin(self, signum: Any, frame: Any) -> None:
        """The worker was told to stop: this job is the last."""
        self.is_stopping = True
        super().request_stop_sigrtmin(signum, frame)  # type: ignore[no-untyped-call]

    def request_force_stop_sigrtmin(self, signum: Any, _frame: Any) -> None:
        """End the job; the stock handler attaches the frame's local values to what it raises."""
        raise ShutDownImminentException(f"shutdown, signal {signum}", {})  # type: ignore[no-untyped-call]

    def handle_exception(self, job: Any, *exc_info: Any) -> None:
        """Log type and place; the stock handler logs arguments and text."""
        fault = exc_info[1] if len(exc_info) > 1 else None
        told = logs.describe_exception(fault) if isinstance(fault, BaseException) else "unknown"
        log.error("job.crashed", job=job.id, fault=told)

    def handle_job_failure(self, *args: Any, **kwargs: Any) -> Any:
        """Keep the place of the failure only; the stock text is the whole traceback."""
        fault = sys.exc_info()[1]
        kwargs["exc_string"] = logs.describe_exception(fault) if fault else "worker ended"
        return super().handle_job_failure(*args, **kwargs)


def main() -> None:
    """Work until told to stop."""
    try:
        settings = jobs.load_configuration().settings
        connection = connect_redis(settings.redis_url, for_worker=True, tls=settings.redis_tls)
    except SettingsInvalid as invalid:
        sys.exit("\n".join(["The worker cannot start:", *(f"  {fault}" for fault in invalid.faults)]))
    _check_ledger_gate(connection)
    queue = RqQueue(QUEUE, connection=connection, serializer=SERIALIZER)
    worker = BridgeWorker(
        [queue],
        connection=connection,
        serializer=SERIALIZER,
        worker_ttl=60,
        maintenance_interval=60,
        job_monitoring_interval=10,
        log_job_description=False,
    )
    logging.getLogger("rq.worker").handlers = []
    worker.work(logging_level="WARNING")


def _check_ledger_gate(connection: Redis) -> None:
    """Before the first job: is this a restored backup? Nothing that is opened here is shared with a work-horse."""
    store = make_store(jobs.load_configuration().settings)
    services = make_services(jobs.load_configuration(), RqJobQueue(connection), store)
    try:
        check_ledger_gate(services=services)
    except BridgeError as fault:  # the database is away: jobs find out by themselves
        log.warning("gate.not_looked", fault=logs.describe_exception(fault))
    finally:
        store.close()
        services.ledger.close()


if __name__ == "__main__":
    main()
