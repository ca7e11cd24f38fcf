"""Check the webhook topics: when a delivery of each topic was last received."""

from __future__ import annotations

from datetime import UTC, datetime

from bridge.cli.context import CommandContext
from bridge.errors import BridgeError
from bridge.model import CheckResult
from bridge.rules.webhooks.topics import MANDATORY_TOPICS


def check_topics(context: CommandContext) -> list[CheckResult]:
    """Return when each topic of each shop was last received."""
    try:
        with context.store.transaction() as tx:
            last_received = tx.operator_queries.list_last_received()
    except BridgeError:
        return []  # the database check reports it
    now = datetime.now(UTC)
    checks = []
    for shop in context.configuration.merchant.shops or sorted({shop for shop, _ in last_received}):
        received_topics = {topic for owner, topic in last_received if owner == shop}
        for topic in sorted({*MANDATORY_TOPICS, *received_topics}):
            last = last_received.get((shop, topic))
            detail = (
                f"last seen {_format_age(now, last)}" if last else "never seen: is the app's configuration deployed?"
            )
            checks.append(CheckResult(name=f"{shop} {topic}", ok=True if last else None, detail=detail))
    return checks


def _format_age(now: datetime, then: datetime) -> str:
    minutes = int((now - then).total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 2880 else f"{minutes // 1440} days ago"
