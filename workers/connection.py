"""Makes the Redis client: with library timeouts for workers, with half a second and no retry for the web."""

from __future__ import annotations

from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bridge.errors import SettingsInvalid

ENQUEUE_TIMEOUT_S = 0.5


def connect_redis(url: str, *, for_worker: bool, tls: str = "verify") -> Redis:
    """Return a client. Without `for_worker` it gives up after ENQUEUE_TIMEOUT_S and never retries.

    The defaults of redis-py 8 would block a webhook for 4 to 58 seconds. `tls` is REDIS_TLS: hosts such as
    Heroku serve self-signed certificates. Raises SettingsInvalid where `url` is empty.
    """
    if not url:
        raise SettingsInvalid(["REDIS_URL is not set: give one, or use `bridge serve`"])
    trust: dict[str, Any] = {}
    if tls == "no-verify" and url.startswith("rediss://"):
        trust = {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    if for_worker:
        return Redis.from_url(url, **trust)
    return Redis.from_url(
        url,
        **trust,
        socket_connect_timeout=ENQUEUE_TIMEOUT_S,
        socket_timeout=ENQUEUE_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
