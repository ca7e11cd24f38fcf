"""The RQ side of `ports.Queue`: names, one queue, ids only.

A job carries one id as JSON and a fixed description. RQ remembers no result and forgets a failure within
minutes: attempts, retry times and dead letters live in the database. Exactly one queue, so that a killed
worker's job stays in its intermediate list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue as RqQueue
from rq.queue import EnqueueData

from bridge.errors import SettingsInvalid

QUEUE = "bridge"
JOBS = {name: f"workers.jobs.{name}" for name in ("dispatch", "index", "process")}
TIMEOUT_S = 900
FAILURE_TTL_S = 300
BELL_TIMEOUT_S = 0.5
ONCE_S = 30  # one waiting index job a shop; a bell that was lost is rung again after this
SERIALIZER = "json"


def connect(url: str, *, patient: bool, tls: str = "verify") -> Redis:
    """A client. `patient` is for workers; the web's gives up after half a second and never retries.

    (The defaults of redis-py 8 would block a webhook for 4 to 58 seconds.) `tls` is REDIS_TLS: hosts such as
    Heroku serve certificates of their own making.
    """
    if not url:
        raise SettingsInvalid(["REDIS_URL is not set: give one, or use `python -m bridge serve`"])
    trust: dict[str, Any] = {}
    if tls == "no-verify" and url.startswith("rediss://"):
        trust = {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    if patient:
        return Redis.from_url(url, **trust)
    return Redis.from_url(
        url,
        **trust,
        socket_connect_timeout=BELL_TIMEOUT_S,
        socket_timeout=BELL_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )


class Bell:
    """`ports.Queue` over RQ. Never raises and never waits long: a bell nobody hears is rung again by sweep."""

    def __init__(self, connection: Redis) -> None:
        """Take a client made by `connect`."""
        self._connection = connection
        self._queue = RqQueue(QUEUE, connection=connection, serializer=SERIALIZER)

    def nudge(self, job: str, row_id: str, *, first: bool = False) -> bool:
        """See ports.Queue."""
        return self.nudge_all([(job, row_id, first)])

    def nudge_all(self, jobs: Sequence[tuple[str, str, bool]]) -> bool:
        """See ports.Queue. One round trip for all."""
        try:
            wanted = [job for job in jobs if job[0] != "index" or self._first_ring(job[1])]
            if wanted:
                self._queue.enqueue_many([self._data(*job) for job in wanted])
        except RedisError:
            return False
        return True

    @staticmethod
    def _data(job: str, row_id: str, first: bool) -> EnqueueData:
        return RqQueue.prepare_data(
            JOBS[job],
            args=[row_id],
            timeout=TIMEOUT_S,
            result_ttl=0,
            failure_ttl=FAILURE_TTL_S,
            description=job,
            at_front=first,
        )

    def _first_ring(self, shop: str) -> bool:
        return bool(self._connection.set(_once(shop), 1, nx=True, ex=ONCE_S))

    def heard(self, shop: str) -> None:
        """The shop's index job has begun: what comes from now on rings again."""
        try:
            self._connection.delete(_once(shop))
        except RedisError:
            return

    def depth(self) -> int | None:
        """See ports.Queue. A plain LLEN: RQ's registries would run clean-up in this process."""
        try:
            return int(self._connection.llen(self._queue.key))
        except RedisError:
            return None


def _once(shop: str) -> str:
    return f"bridge:bell:index:{shop}"
