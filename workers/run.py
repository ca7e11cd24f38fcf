"""The worker process: `python -m workers.run`.

One queue, a fork a job. On SIGTERM the running job gets its time to end; what does not end is taken over when
its lease lapses. Keeps nothing of an exception but its type and place.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

from rq import Queue as RqQueue
from rq.exceptions import ShutDownImminentException
from rq.worker import HerokuWorker

from bridge import logs
from bridge.errors import SettingsInvalid
from workers import jobs
from workers.queues import QUEUE, SERIALIZER, connect

SHUTDOWN_S = 20  # Heroku kills 30 s after SIGTERM


class BridgeWorker(HerokuWorker):
    """A worker that lets nothing personal of an exception reach Redis or a log."""

    imminent_shutdown_delay = SHUTDOWN_S

    def request_force_stop_sigrtmin(self, signum: Any, _frame: Any) -> None:
        """End the job; the stock handler attaches the frame's local values to what it raises."""
        raise ShutDownImminentException(f"shutdown, signal {signum}", {})  # type: ignore[no-untyped-call]

    def handle_exception(self, job: Any, *exc_info: Any) -> None:
        """Log type and place; the stock handler logs arguments and text."""
        fault = exc_info[1] if len(exc_info) > 1 else None
        told = logs.place(fault) if isinstance(fault, BaseException) else "unknown"
        self.log.error("job.crashed %s %s", job.id, told)

    def handle_job_failure(self, *args: Any, **kwargs: Any) -> Any:
        """Keep the place of the failure only; the stock text is the whole traceback."""
        fault = sys.exc_info()[1]
        kwargs["exc_string"] = logs.place(fault) if fault else "worker ended"
        return super().handle_job_failure(*args, **kwargs)


def main() -> None:
    """Work until told to stop."""
    try:
        settings = jobs.start().settings
        connection = connect(settings.redis_url, patient=True)
    except SettingsInvalid as invalid:
        sys.exit("\n".join(["The worker cannot start:", *(f"  {fault}" for fault in invalid.faults)]))
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


if __name__ == "__main__":
    main()
