"""Write the mail that operators get each day, and decide when it is due. Pure. Ids and counts only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bridge.rules.operations.conditions import FoundCondition, describe_age
from bridge.rules.operations.guides import RUNBOOKS

SENT_FROM_HOUR = 8  # where the merchant is
LISTED_IDS = 5


def is_digest_due(last_sent_at: datetime | None, now: datetime, zone: ZoneInfo) -> bool:
    """Return whether today's mail is still to be sent: once each day, from 8 o'clock on where the merchant is."""
    local = now.astimezone(zone)
    return local.hour >= SENT_FROM_HOUR and (
        last_sent_at is None or last_sent_at.astimezone(zone).date() < local.date()
    )


def build_digest_subject(found: Sequence[FoundCondition]) -> str:
    """Return the subject: how much needs somebody."""
    return f"Compliance bridge: {len(found)} need somebody" if found else "Compliance bridge: nothing needs anybody"


def build_digest_text(found: Sequence[FoundCondition], *, now: datetime) -> str:
    """Return the text: each condition with its count, oldest ids, command and page."""
    lines = [f"{now:%d %b %Y %H:%M} UTC. All of it: python -m bridge status", ""]
    for one in found:
        lines.append(describe_condition(one, now))
        if one.ids:
            rest = one.count - LISTED_IDS
            lines.append("  " + ", ".join(one.ids[:LISTED_IDS]) + (f" and {rest} more" if rest > 0 else ""))
        lines += [f"  type: {one.command}", f"  page: {RUNBOOKS}{one.guide.page}.md", ""]
    if not found:
        lines.append("No request is late, incomplete or stuck, and the clock and a worker run.")
    return "\n".join(lines).rstrip() + "\n"


def describe_condition(one: FoundCondition, now: datetime) -> str:
    """Return a condition in one line: how many, what it means, since when."""
    reason = f" ({one.reason})" if one.reason else ""
    systems = f"; {', '.join(one.systems)}" if one.systems else ""
    since = f"; the oldest since {describe_age(now - one.since)}" if one.since else ""
    return f"{one.count}: {one.guide.words}{reason}{systems}{since}"
