"""The worker process: `python -m workers.run`.

One queue. Each job gets a forked process, RQ's work-horse, which then runs further waiting jobs for a few seconds:
a warm process does three jobs in the time that a new one needs for one. On SIGTERM the running job may finish
within SHUTDOWN_S; another worker takes over an unfinished one when its lease expires. Records nothing of an
exception but its type and place.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Collection
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue as RqQueue
from rq.exceptions import NoSuchJobError, ShutDownImminentException
from rq.job import Job
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty
from rq.worker import HerokuWorker

from bridge import __version__, logs
from bridge.bootstrap import make_services, make_store
from bridge.errors import BridgeError, SettingsInvalid, TimeLimitExceeded
from bridge.rules.operations.causes import describe_redis_error
from bridge.steps.access.package.letter import compile_letter_templates
from bridge.steps.access.package.package import load_unchanging_files
from bridge.steps.erasure.outcome.outcome_letter import TEMPLATES as OUTCOME_TEMPLATES
from bridge.steps.operations.conditions import WORKER
from bridge.steps.recovery.ledger_gate import check_ledger_gate
from bridge.telemetry import flush_telemetry, report_exception, start_telemetry
from workers import jobs
from workers.connection import connect_redis
from workers.loaded_objects import freeze_loaded_objects
from workers.queues import JOBS, QUEUE, SERIALIZER, RqJobQueue

log = structlog.get_logger()
SHUTDOWN_S = 20  # Heroku kills 30 s after SIGTERM
HEARTBEAT_S = 15.0
WARM_S = 8.0  # a work-horse takes no further job after this: its memory growth ends with it


class JobTimeLimitExceeded(TimeLimitExceeded, JobTimeoutException):
    """RQ's timeout as a TimeLimitExceeded, so that steps do not blame the row that they are working on."""


class DeathPenalty(UnixSignalDeathPenalty):
    """RQ's alarm; raises JobTimeLimitExceeded in a job."""

    def __init__(self, timeout: float | None, exception: type[Exception] = JobTimeoutException, **kwargs: Any) -> None:
        """Replace RQ's job timeout by ours."""
        known = JobTimeLimitExceeded if exception is JobTimeoutException else exception
        super().__init__(timeout, known, **kwargs)  # type: ignore[no-untyped-call]


class BridgeWorker(HerokuWorker):
    """A worker that keeps the text of exceptions out of Redis and the logs, since it may be personal data."""

    imminent_shutdown_delay = SHUTDOWN_S
    is_stopping = False
    next_heartbeat = 0.0
    death_penalty_class = DeathPenalty
    functions: Collection[str] = frozenset(JOBS.values())

    def perform_job(self, job: Any, queue: Any, execution: Any) -> bool:
        """Run the assigned job, then further waiting jobs for up to WARM_S, then close the services."""
        try:
            return self._perform_jobs(job, queue, execution)
        finally:
            jobs.close_services()
            flush_telemetry()

    def _perform_jobs(self, job: Any, queue: Any, execution: Any) -> bool:
        if not self._is_known_job(job):
            self.handle_job_failure(job, queue, execution=execution)
            return False
        until = time.monotonic() + WARM_S
        done = super().perform_job(job, queue, execution)
        while done and not self.is_stopping and time.monotonic() < until:
            # RQ's own method fails where nothing waits, and the work-horse would end as if it had crashed
            job_id: Any = self.connection.lpop(queue.key)
            if job_id is None:
                break
            done = self._perform_next_job(job_id.decode())
        return done

    def _perform_next_job(self, job_id: str) -> bool:
        """Run one more job without RQ's bookkeeping; return False after a fault. enqueue_due repeats a lost job."""
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
        except Exception as fault:  # noqa: BLE001 - the job has recorded it in the database; its text is dropped
            self.handle_exception(job, type(fault), fault)
            return False
        return True

    def _is_known_job(self, job: Job) -> bool:
        """Return whether the job names one of our functions. RQ would run any, and others may write to Redis."""
        known = job.func_name in self.functions
        if not known:
            log.error("job.unknown", job=job.id)
        return known

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Tell Redis that this worker lives, and the database at most each HEARTBEAT_S: a work-horse does not."""
        super().heartbeat(timeout, pipeline)
        if not self.is_horse and time.monotonic() >= self.next_heartbeat:
            self.next_heartbeat = time.monotonic() + HEARTBEAT_S
            _record_heartbeat(self.name)

    def wait_for_horse(self) -> tuple[int | None, int | None, Any]:
        """Wait for the work-horse; log one that ended without a word: killed, out of memory.

        Its row is free when the lease ends. RQ itself says nothing where the work-horse was at a later job than its first.
        """
        pid, status, usage = super().wait_for_horse()
        if status is not None and os.WIFSIGNALED(status):
            log.error("work_horse.lost", pid=pid, signal=os.WTERMSIG(status))
        return pid, status, usage

    def request_stop_sigrtmin(self, signum: Any, frame: Any) -> None:
        """Make the running job the last one."""
        self.is_stopping = True
        super().request_stop_sigrtmin(signum, frame)  # type: ignore[no-untyped-call]

    def request_force_stop_sigrtmin(self, signum: Any, _frame: Any) -> None:
        """End the job. RQ's own handler would attach the frame's local values to the exception."""
        raise ShutDownImminentException(f"shutdown, signal {signum}", {})  # type: ignore[no-untyped-call]

    def handle_exception(self, job: Any, *exc_info: Any) -> None:
        """Log type and place only; RQ's own handler logs arguments and text."""
        fault = exc_info[1] if len(exc_info) > 1 else None
        place = logs.describe_exception(fault) if isinstance(fault, BaseException) else "unknown"
        log.error("job.crashed", job=job.id, fault=place)
        # a job has reported what it failed by; the end of the worker is no fault
        if isinstance(fault, Exception) and not isinstance(fault, jobs.JobFailed | ShutDownImminentException):
            report_exception(fault)

    def handle_job_failure(self, *args: Any, **kwargs: Any) -> Any:
        """Record type and place of the failure only; RQ would store the whole traceback."""
        fault = sys.exc_info()[1]
        kwargs["exc_string"] = logs.describe_exception(fault) if fault else "worker ended"
        return super().handle_job_failure(*args, **kwargs)


def main() -> None:
    """Run the worker until a signal stops it."""
    try:
        settings = jobs.load_configuration().settings
        connection = connect_redis(settings.redis_url, for_worker=True, tls=settings.redis_tls)
        start_telemetry("worker", settings)
    except SettingsInvalid as invalid:
        sys.exit("\n".join(["The worker cannot start:", *(f"  {fault}" for fault in invalid.faults)]))
    logs.log_start("worker")
    try:
        _run_worker(connection)
    except RedisError as fault:
        why = describe_redis_error(fault, settings.redis_url)
        log.error("worker.stopped", why=why, do="python -m bridge doctor")  # noqa: TRY400 - its text may hold values
        sys.exit(1)


def _run_worker(connection: Redis) -> None:
    _check_ledger_gate(connection)
    compile_letter_templates()
    compile_letter_templates(OUTCOME_TEMPLATES)
    load_unchanging_files()
    freeze_loaded_objects()
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


def _record_heartbeat(name: str) -> None:
    """Record in the database that this worker works. Share nothing with a work-horse; leave it where the database is away."""
    store = make_store(jobs.load_configuration().settings)
    try:
        with store.transaction() as tx:
            tx.heartbeats.record_heartbeat(WORKER, name, version=__version__)
    except BridgeError as fault:
        log.warning("heartbeat.not_recorded", fault=logs.describe_exception(fault))
    finally:
        store.close()


def _check_ledger_gate(connection: Redis) -> None:
    """Check before the first job whether the database is a restored backup. Share nothing with a work-horse."""
    store = make_store(jobs.load_configuration().settings)
    services = make_services(jobs.load_configuration(), RqJobQueue(connection), store)
    try:
        check_ledger_gate(services=services)
    except BridgeError as fault:  # the database is unavailable: each job checks again
        log.warning("ledger_gate.not_checked", fault=logs.describe_exception(fault))
    finally:
        store.close()
        services.ledger.close()


if __name__ == "__main__":
    main()
