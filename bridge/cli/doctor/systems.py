"""What `doctor` looks at; each returns lines, none raises for what it finds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import redis

from bridge.bootstrap import make_services
from bridge.cli.context import CommandContext
from bridge.cli.null_queue import NullQueue
from bridge.connectors.smtp import SmtpMailer
from bridge.errors import BridgeError
from bridge.model import CheckResult
from bridge.rules.notices.answers import BLOCKING_REASONS, PROBLEM_NOTICE_STATES
from bridge.rules.webhooks.topics import MANDATORY_TOPICS
from bridge.store.migrations.upgrade import is_at_newest_revision
from config.toml_reader import label_file

MAX_NOTICES_CHECKED = 1_000


def check_settings(context: CommandContext) -> list[CheckResult]:
    """What is unset or to be reviewed, and which keys there are."""
    # in development what is missing is told, in production the process would not have come this far
    missing = [CheckResult(name="setting", ok=None, detail=what) for what in context.configuration.missing]
    warned = [CheckResult(name="to review", ok=None, detail=what) for what in context.configuration.warnings]
    ring = ", ".join(key_id for key_id, _ in context.configuration.settings.keys)
    return [*missing, *warned, CheckResult(name="keys", ok=True, detail=f"ring: {ring}; the first seals")]


def check_database(context: CommandContext) -> list[CheckResult]:
    """Whether the database answers and no migration is missing."""
    kind = context.store.engine.dialect.name
    try:
        context.store.ping()
        head = is_at_newest_revision(context.store.engine)
    except BridgeError as fault:
        return [CheckResult(name=f"database ({kind})", ok=False, detail=str(fault))]
    detail = "at head" if head else "not at head: run `python -m bridge migrate`"
    return [
        CheckResult(name=f"database ({kind})", ok=True, detail="answers"),
        CheckResult(name="migrations", ok=head, detail=detail),
    ]


def check_redis(context: CommandContext) -> CheckResult:
    """Whether the bell answers and forgets nothing."""
    url = context.configuration.settings.redis_url
    if not url:
        return CheckResult(
            name="redis", ok=None, detail="REDIS_URL is not set; `serve` starts one of its own"
        )
    try:
        trust: dict[str, Any] = {}
        if context.configuration.settings.redis_tls == "no-verify" and url.startswith("rediss://"):
            trust = {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
        client = redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1, **trust)
        info: Any = client.info("memory")
        client.close()
    except (redis.RedisError, ValueError) as fault:
        return CheckResult(name="redis", ok=False, detail=type(fault).__name__)
    policy = info.get("maxmemory_policy", "unknown")
    evicts = str(policy).startswith("allkeys")
    detail = f"answers; eviction policy {policy}" + (": set noeviction, jobs would vanish" if evicts else "")
    return CheckResult(name="redis", ok=not evicts, detail=detail)


def check_connectors(context: CommandContext) -> list[CheckResult]:
    """What each connector says of itself, for each shop."""
    services = make_services(context.configuration, NullQueue(), context.store)
    checks: list[CheckResult] = []
    for shop in context.configuration.merchant.shops or ("",):
        for connector in services.connectors.values():
            if connector.system == "shopify" and not shop:
                checks.append(CheckResult(name="shopify", ok=None, detail="no shop in the merchant's file"))
            else:
                checks += connector.run_checks(shop)
    return list(dict.fromkeys(checks))


def check_topics(context: CommandContext) -> list[CheckResult]:
    """When each topic of each shop was last seen."""
    try:
        with context.store.transaction() as tx:
            seen = tx.operator_queries.list_last_received()
    except BridgeError:
        return []
    now = datetime.now(UTC)
    checks = []
    for shop in context.configuration.merchant.shops or sorted({shop for shop, _ in seen}):
        for topic in sorted({*MANDATORY_TOPICS, *(topic for owner, topic in seen if owner == shop)}):
            last = seen.get((shop, topic))
            detail = (
                f"last seen {_format_age(now, last)}"
                if last
                else "never seen: is the app's configuration deployed?"
            )
            checks.append(CheckResult(name=f"{shop} {topic}", ok=True if last else None, detail=detail))
    return checks


def check_notices(context: CommandContext) -> list[CheckResult]:
    """Instructions that cannot go on without a person, and those whose answer is overdue; mail, where it is unset."""
    settings = context.configuration.settings
    mailer = SmtpMailer(settings.smtp_url.reveal(), settings.mail_from)
    checks = _check_mail_domain(context)
    if not mailer.configured:
        detail = "SMTP_URL or MAIL_FROM is not set: instructions to processors wait"
        checks.append(CheckResult(name="mail", ok=None, detail=detail))
    try:
        with context.store.transaction() as tx:
            waiting, letters = (
                tx.operator_queries.count_unsent_items(),
                tx.operator_queries.list_notices(is_open=True, limit=MAX_NOTICES_CHECKED),
            )
            refused, troubled = (
                tx.operator_queries.count_refused_items(),
                tx.operator_queries.list_failing_accounts(),
            )
    except BridgeError:
        return checks
    for row in waiting:
        if row["reason"] in BLOCKING_REASONS:
            detail = f"{row['entries']} records wait: {row['reason']}"
            checks.append(CheckResult(name=f"{row['shop']} {row['processor']}", ok=False, detail=detail))
    for row in refused:
        detail = f"{row['entries']} records refused: {row['reason'] or 'by the processor'}"
        checks.append(CheckResult(name=f"{row['shop']} {row['processor']}", ok=None, detail=detail))
    for row in troubled:
        detail = f"{row['last_error']} after {row['attempts']} tries; goes on by itself"
        checks.append(CheckResult(name=f"{row['shop']} {row['processor']}", ok=None, detail=detail))
    now = datetime.now(UTC)
    for notice, entries in letters:
        name = f"notice {notice.id}"
        if notice.state in PROBLEM_NOTICE_STATES or notice.last_error:
            detail = f"{notice.processor}, {entries} records: {notice.last_error or notice.state}"
            checks.append(CheckResult(name=name, ok=False, detail=detail))
        elif notice.due_at and notice.due_at < now:
            detail = f"{notice.processor} owes an answer since {notice.due_at:%d %b %Y}"
            checks.append(CheckResult(name=name, ok=None, detail=detail))
    return checks


def _check_mail_domain(context: CommandContext) -> list[CheckResult]:
    """Return a failed check where letters wait because nobody has verified the domain that they name."""
    settings, officer = context.configuration.settings, context.configuration.merchant.officer
    if officer.domain_control_verified:
        return []
    domain = officer.email.rpartition("@")[2] or "(no e-mail address is set)"
    detail = (
        f"no letter is sent: nobody has verified that the merchant controls {domain}, the domain of the Grievance "
        f"Officer's address. Verify it, then write domain_control_verified = true under [grievance_officer] in "
        f"{label_file(settings.merchant_file)}"
    )
    return [CheckResult(name="mail domain", ok=False if settings.is_production else None, detail=detail)]


def _format_age(now: datetime, then: datetime) -> str:
    minutes = int((now - then).total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 2880 else f"{minutes // 1440} days ago"
