"""`doctor`: what is unset, unreachable, expired or unscoped; which topic was last seen when."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click
import redis

from bridge.bootstrap import make_services
from bridge.cli.desk import AS_JSON, Desk, desk, emit
from bridge.cli.nobell import NoBell
from bridge.errors import BridgeError
from bridge.model import Check
from bridge.rules.topics import MANDATORY
from bridge.store.migrate import at_head

MARKS = {True: "ok  ", False: "FAIL", None: "?   "}


@click.command()
@click.option("--offline", is_flag=True, help="Ask no other system.")
@AS_JSON
def doctor(offline: bool, as_json: bool) -> None:
    """Look at everything the bridge needs. Exit 1 where something is wrong."""
    with desk(migrated=False) as at:
        checks = [
            *_settings(at),
            *_database(at),
            _redis(at),
            *(() if offline else _systems(at)),
            *_topics(at),
        ]
    failed = [check for check in checks if check.ok is False]
    if as_json:
        emit({"ok": not failed, "checks": [{"name": c.name, "ok": c.ok, "detail": c.detail} for c in checks]})
    else:
        for check in checks:
            click.echo(f"{MARKS[check.ok]}  {check.name:42} {check.detail}")
        click.echo(
            f"\n{len(failed)} of {len(checks)} checks failed."
            if failed
            else f"\nAll {len(checks)} checks passed or could not be looked at."
        )
    if failed:
        sys.exit(1)


def _settings(at: Desk) -> list[Check]:
    # in development what is missing is told, in production the process would not have come this far
    missing = [Check(name="setting", ok=None, detail=what) for what in at.start.missing]
    warned = [Check(name="to review", ok=None, detail=what) for what in at.start.warnings]
    ring = ", ".join(key_id for key_id, _ in at.start.settings.keys)
    return [*missing, *warned, Check(name="keys", ok=True, detail=f"ring: {ring}; the first seals")]


def _database(at: Desk) -> list[Check]:
    kind = at.store.engine.dialect.name
    try:
        at.store.check()
        head = at_head(at.store.engine)
    except BridgeError as fault:
        return [Check(name=f"database ({kind})", ok=False, detail=str(fault))]
    detail = "at head" if head else "not at head: run `python -m bridge migrate`"
    return [
        Check(name=f"database ({kind})", ok=True, detail="answers"),
        Check(name="migrations", ok=head, detail=detail),
    ]


def _redis(at: Desk) -> Check:
    url = at.start.settings.redis_url
    if not url:
        return Check(name="redis", ok=None, detail="REDIS_URL is not set; `serve` starts one of its own")
    try:
        trust: dict[str, Any] = {}
        if at.start.settings.redis_tls == "no-verify" and url.startswith("rediss://"):
            trust = {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
        client = redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1, **trust)
        info: Any = client.info("memory")
        client.close()
    except (redis.RedisError, ValueError) as fault:
        return Check(name="redis", ok=False, detail=type(fault).__name__)
    policy = info.get("maxmemory_policy", "unknown")
    evicts = str(policy).startswith("allkeys")
    detail = f"answers; eviction policy {policy}" + (": set noeviction, jobs would vanish" if evicts else "")
    return Check(name="redis", ok=not evicts, detail=detail)


def _systems(at: Desk) -> list[Check]:
    services = make_services(at.start, NoBell(), at.store)
    checks: list[Check] = []
    for shop in at.start.merchant.shops or ("",):
        for connector in services.connectors.values():
            if connector.system == "shopify" and not shop:
                checks.append(Check(name="shopify", ok=None, detail="no shop in the merchant's file"))
            else:
                checks += connector.check(shop)
    return list(dict.fromkeys(checks))


def _topics(at: Desk) -> list[Check]:
    try:
        with at.store.transaction() as tx:
            seen = tx.listing.last_seen()
    except BridgeError:
        return []
    now = datetime.now(UTC)
    checks = []
    for shop in at.start.merchant.shops or sorted({shop for shop, _ in seen}):
        for topic in sorted({*MANDATORY, *(topic for owner, topic in seen if owner == shop)}):
            last = seen.get((shop, topic))
            detail = (
                f"last seen {_ago(now, last)}" if last else "never seen: is the app's configuration deployed?"
            )
            checks.append(Check(name=f"{shop} {topic}", ok=True if last else None, detail=detail))
    return checks


def _ago(now: datetime, then: datetime) -> str:
    minutes = int((now - then).total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 2880 else f"{minutes // 1440} days ago"
