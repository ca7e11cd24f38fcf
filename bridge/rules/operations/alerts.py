"""Decide which alerts are still to be announced, and in which words. Pure. Ids and counts only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.rules.operations.conditions import Condition, FoundCondition
from bridge.rules.operations.guides import RUNBOOKS


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """A condition as it is remembered: since when, whether it has ended, whether its beginning was announced."""

    condition: str
    reason: str
    count: int
    raised_at: datetime
    cleared_at: datetime | None
    announced_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """One thing to say: an alert began, or ended."""

    condition: str
    reason: str
    count: int
    since: datetime
    has_ended: bool


def list_announcements(alerts: Iterable[Alert]) -> list[Announcement]:
    """Return what was not announced yet: each beginning once, and each end of an announced one once."""
    return [
        Announcement(
            condition=one.condition,
            reason=one.reason,
            count=one.count,
            since=one.raised_at,
            has_ended=one.cleared_at is not None,
        )
        for one in alerts
        if (one.announced_at is None) == (one.cleared_at is None)
    ]


def build_alert_body(
    announcements: Sequence[Announcement], found: Iterable[FoundCondition], *, version: str, at: datetime
) -> Mapping[str, Any]:
    """Return the JSON document of an alert. `text` is for services that show a line, such as a chat."""
    present = {(one.condition.value, one.reason): one for one in found}
    rows = [_describe_announcement(each, present.get((each.condition, each.reason))) for each in announcements]
    lines = [f"{row['status']}: {row['condition']} {row['reason']}".rstrip() + f" ({row['count']})" for row in rows]
    text = "Compliance bridge: " + "; ".join(lines)
    return {
        "source": "shopify-compliance-bridge",
        "version": version,
        "at": at.isoformat(),
        "text": text,
        "alerts": rows,
    }


def _describe_announcement(each: Announcement, now_found: FoundCondition | None) -> dict[str, Any]:
    found = now_found or FoundCondition(condition=Condition(each.condition), reason=each.reason)
    return {
        "condition": each.condition,
        "reason": each.reason,
        "status": "recovered" if each.has_ended else "raised",
        "count": each.count,
        "ids": list(found.ids),
        "since": each.since.isoformat(),
        "meaning": found.guide.words,
        "command": found.command,
        "page": f"{RUNBOOKS}{found.guide.page}.md",
    }
