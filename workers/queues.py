"""The RQ side of `ports.Queue`: names, one queue, ids only.

A job carries one id as JSON and a fixed description. RQ keeps no result and drops a failure within minutes:
attempts, retry times and dead letters are in the database. There is exactly one queue, so that a killed worker's
job stays in its intermediate list.
"""

from __future__ import annotations

from collections.abc import Sequence

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue as RqQueue
from rq.queue import EnqueueData

QUEUE = "bridge"
JOB_NAMES = ("dispatch", "index", "process", "notify", "reconcile", "fetch_mail", "send_operator_message")
JOBS = {name: f"workers.jobs.{name}" for name in JOB_NAMES}
TIMEOUT_S = 900
FAILURE_TTL_S = 300
INDEX_JOB_INTERVAL_S = 30  # one waiting index job per shop; a lost job is enqueued again after this
SERIALIZER = "json"


class RqJobQueue:
    """`ports.Queue` over RQ. Never raises and never waits long: enqueue_due repeats a job that was lost."""

    def __init__(self, connection: Redis) -> None:
        """Use a client made by `connect_redis`."""
        self._connection = connection
        self._queue = RqQueue(QUEUE, connection=connection, serializer=SERIALIZER)

    def enqueue(self, job: str, row_id: str, *, at_front: bool = False) -> bool:
        """Enqueue one job; return False where Redis cannot be reached."""
        return self.enqueue_all([(job, row_id, at_front)])

    def enqueue_all(self, jobs: Sequence[tuple[str, str, bool]]) -> bool:
        """Enqueue all jobs (name, id, at front) in one round trip; return False where Redis cannot be reached."""
        try:
            reserved = self._reserve_index_jobs([row_id for job, row_id, _ in jobs if job == "index"])
            wanted = [job for job in jobs if job[0] != "index" or job[1] in reserved]
            if wanted:
                self._queue.enqueue_many([self._prepare_job(*job) for job in wanted])
        except RedisError:
            return False
        return True

    @staticmethod
    def _prepare_job(job: str, row_id: str, at_front: bool) -> EnqueueData:
        return RqQueue.prepare_data(
            JOBS[job],
            args=[row_id],
            timeout=TIMEOUT_S,
            result_ttl=0,
            failure_ttl=FAILURE_TTL_S,
            description=job,
            at_front=at_front,
        )

    def _reserve_index_jobs(self, shops: Sequence[str]) -> set[str]:
        """Return the shops without a waiting index job, which they have from now on."""
        if not shops:
            return set()
        pipeline = self._connection.pipeline(transaction=False)
        for shop in shops:
            pipeline.set(_index_job_key(shop), 1, nx=True, ex=INDEX_JOB_INTERVAL_S)
        return {shop for shop, is_reserved in zip(shops, pipeline.execute(), strict=True) if is_reserved}

    def release_index_job(self, shop: str) -> None:
        """Let deliveries from now on enqueue another index job of the shop, since the current one has begun."""
        try:
            self._connection.delete(_index_job_key(shop))
        except RedisError:
            return

    def depth(self) -> int | None:
        """Return how many jobs wait, None where Redis cannot be reached. RQ's registries would run clean-up here."""
        try:
            return int(self._connection.llen(self._queue.key))
        except RedisError:
            return None


def _index_job_key(shop: str) -> str:
    return f"bridge:index-job:{shop}"
