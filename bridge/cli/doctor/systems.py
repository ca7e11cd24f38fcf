"""What `doctor` looks at; each returns lines, none raises for what it finds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import redis

from bridge.bootstrap import make_services
from bridge.cli.context import Desk
from bridge.cli.null_queue import NoBell
from bridge.connectors.smtp import Smtp
from bridge.errors import BridgeError
from bridge.model import Check
from bridge.rules.notices.answers import GRAVE, STUCK
from bridge.rules.webhooks.topics import MANDATORY
from bridge.store.migrations.upgrade import at_head

MOST_LETTERS = 1_000


def settings_checks(at: Desk) -> list[Check]:
    """What is unset or to be reviewed, and which keys there are."""
    # in development what is missing is told, in production the process would not have come this far
    missing = [Check(name="setting", ok=None, detail=what) for what in at.start.missing]
    warned = [Check(name="to review", ok=None, detail=what) for what in at.start.warnings]
    ring = ", ".join(key_id for key_id, _ in at.start.settings.keys)
    return [*missing, *warned, Check(name="keys", ok=True, detail=f"ring: {ring}; the first seals")]


def database_checks(at: Desk) -> list[Check]:
    """Whether the database answers and no migration is missing."""
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


def redis_checks(at: Desk) -> Check:
    """Whether the bell answers and forgets nothing."""
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


def systems_checks(at: Desk) -> list[Check]:
    """What each connector says of itself, for each shop."""
    services = make_services(at.start, NoBell(), at.store)
    checks: list[Check] = []
    for shop in at.start.merchant.shops or ("",):
        for connector in services.connectors.values():
            if connector.system == "shopify" and not shop:
                checks.append(Check(name="shopify", ok=None, detail="no shop in the merchant's file"))
            else:
                checks += connector.check(shop)
    return list(dict.fromkeys(checks))


def topics_checks(at: Desk) -> list[Check]:
    """When each topic of each shop was last seen."""
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


def notices_checks(at: Desk) -> list[Check]:
    """Instructions that cannot go on without a person, and those whose answer is overdue; mail, where it is unset."""
    settings = at.start.settings
    mailer = Smtp(settings.smtp_url.reveal(), settings.mail_from)
    checks = []
    if not mailer.configured:
        detail = "SMTP_URL or MAIL_FROM is not set: instructions to processors wait"
        checks.append(Check(name="mail", ok=None, detail=detail))
    try:
        with at.store.transaction() as tx:
            waiting, letters = tx.listing.waiting(), tx.listing.notices(is_open=True, limit=MOST_LETTERS)
            refused, troubled = tx.listing.refused(), tx.listing.accounts_in_trouble()
    except BridgeError:
        return checks
    for row in waiting:
        if row["reason"] in STUCK:
            detail = f"{row['entries']} records wait: {row['reason']}"
            checks.append(Check(name=f"{row['shop']} {row['processor']}", ok=False, detail=detail))
    for row in refused:
        detail = f"{row['entries']} records refused: {row['reason'] or 'by the processor'}"
        checks.append(Check(name=f"{row['shop']} {row['processor']}", ok=None, detail=detail))
    for row in troubled:
        detail = f"{row['last_error']} after {row['attempts']} tries; goes on by itself"
        checks.append(Check(name=f"{row['shop']} {row['processor']}", ok=None, detail=detail))
    now = datetime.now(UTC)
    for notice, entries in letters:
        name = f"notice {notice.id}"
        if notice.state in GRAVE or notice.last_error:
            detail = f"{notice.processor}, {entries} records: {notice.last_error or notice.state}"
            checks.append(Check(name=name, ok=False, detail=detail))
        elif notice.due_at and notice.due_at < now:
            detail = f"{notice.processor} owes an answer since {notice.due_at:%d %b %Y}"
            checks.append(Check(name=name, ok=None, detail=detail))
    return checks


def _ago(now: datetime, then: datetime) -> str:
    minutes = int((now - then).total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 2880 else f"{minutes // 1440} days ago"
