"""Check the webhook topics: when each was last received, and mandatory webhooks that nobody has acted on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.model import CheckResult
from bridge.rules.webhooks.mandatory_bodies import MANDATORY_TOPICS

NEEDS_ACTION_ADVICE = "`python -m bridge inbox list --needs-action`, then `inbox replay` or `inbox dismiss` each"
NEEDS_ACTION_FIX = "inbox list --needs-action, then inbox replay or inbox dismiss each"
NEVER_SEEN = "never seen: is the app's configuration deployed?"


@end_without_database
def check_topics(context: CommandContext) -> Iterator[CheckResult]:
    """Yield whether mandatory webhooks wait for an operator, and when each topic of each shop was last received."""
    with context.store.transaction() as tx:
        counts = tx.operator_queries.count_mandatory_rejections()
        last_received = tx.operator_queries.list_last_received()
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(counts.items()))
    detail = f"{sum(counts.values())} not acted on ({reasons}): {NEEDS_ACTION_ADVICE}" if counts else "all acted on"
    yield CheckResult(name="mandatory webhooks", ok=not counts, detail=detail, fix=NEEDS_ACTION_FIX)
    now = datetime.now(UTC)
    for shop in context.configuration.merchant.shops or sorted({shop for shop, _ in last_received}):
        received_topics = {topic for owner, topic in last_received if owner == shop}
        for topic in sorted({*MANDATORY_TOPICS, *received_topics}):
            last = last_received.get((shop, topic))
            detail = f"last seen {_format_age(now - last)}" if last else NEVER_SEEN
            yield CheckResult(name=f"{shop} {topic}", ok=True if last else None, detail=detail)


def _format_age(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 2880 else f"{minutes // 1440} days ago"
