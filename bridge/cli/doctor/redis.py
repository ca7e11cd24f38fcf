"""Check Redis: whether it answers, and whether it may evict jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import redis

from bridge.cli.context import CommandContext
from bridge.model import CheckResult
from bridge.rules.operations.causes import describe_redis_error

REDIS_FIX = "correct REDIS_URL and REDIS_TLS, or start Redis: docs/runbooks/redis-unreachable.md"


def check_redis(context: CommandContext) -> Iterator[CheckResult]:
    """Yield whether Redis answers and evicts no jobs."""
    settings = context.configuration.settings
    url = settings.redis_url
    if not url:
        yield CheckResult(name="redis", ok=None, detail="REDIS_URL is not set; `serve` starts an embedded Redis")
        return
    tls: dict[str, Any] = {}
    if settings.redis_tls == "no-verify" and url.startswith("rediss://"):
        tls = {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    try:
        client = redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1, **tls)
        info: Any = client.info("memory")
        client.close()
    except (redis.RedisError, ValueError) as fault:
        detail = describe_redis_error(fault, url)
        yield CheckResult(name="redis", ok=False, detail=detail, fix=REDIS_FIX, stops_release=True)
        return
    policy = info.get("maxmemory_policy", "unknown")
    evicts = str(policy).startswith("allkeys")
    detail = f"answers; eviction policy {policy}" + (": set noeviction, or jobs are evicted" if evicts else "")
    fix = "set maxmemory-policy of Redis to noeviction"
    yield CheckResult(name="redis", ok=not evicts, detail=detail, fix=fix)
