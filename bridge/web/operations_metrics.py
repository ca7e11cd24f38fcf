"""Gauges of what an alert needs: liveness, conditions, tasks, topics last seen. Ages come from the database: a deploy resets none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily

from bridge.rules.operations.conditions import Condition, FoundCondition
from bridge.rules.webhooks.mandatory_bodies import MANDATORY_TOPICS
from bridge.steps.operations.conditions import Liveness

if TYPE_CHECKING:
    from bridge.store import Tx


def build_liveness_gauges(liveness: Liveness, now: datetime) -> Iterator[GaugeMetricFamily]:
    """Yield how many workers are seen, how long the clock and the workers are silent, and how long the oldest row waits."""
    yield GaugeMetricFamily("bridge_workers_seen", "Worker processes seen in the last 90 s", value=liveness.workers)
    silent = GaugeMetricFamily(
        "bridge_silent_seconds", "Seconds since a process of this kind was last seen", labels=["process"]
    )
    for process, seen_at in (("clock", liveness.last_turn_at), ("worker", liveness.last_worker_at)):
        if seen_at is not None:
            silent.add_metric([process], max(0.0, (now - seen_at).total_seconds()))
    yield silent
    oldest = GaugeMetricFamily(
        "bridge_oldest_seconds", "Seconds for which the oldest due row of a table waits for a worker", labels=["table"]
    )
    for table, since in liveness.oldest_due.items():
        oldest.add_metric([table], max(0.0, (now - since).total_seconds()) if since else 0.0)
    yield oldest


def build_condition_gauge(found: Sequence[FoundCondition]) -> GaugeMetricFamily:
    """Return how many rows each condition concerns; 0 without a reason for those that are not there."""
    gauge = GaugeMetricFamily("bridge_conditions", "What needs somebody, by condition", labels=["condition", "reason"])
    for one in found:
        gauge.add_metric([one.condition, one.reason], one.count)
    present = {one.condition for one in found}
    for condition in Condition:
        if condition not in present:
            gauge.add_metric([condition, ""], 0)
    return gauge


def read_row_gauges(tx: Tx) -> Iterator[GaugeMetricFamily]:
    """Yield tasks by where they stand, and when each topic was last received, of whichever shop it was latest."""
    tasks = GaugeMetricFamily(
        "bridge_tasks", "Tasks by where they stand", labels=["system", "state", "outcome", "wait_reason"]
    )
    for labels, count in sorted(tx.standing_still.count_tasks().items()):
        tasks.add_metric(list(labels), count)
    yield tasks
    awaited = GaugeMetricFamily("bridge_approvals_awaited", "Requests that await an approval", labels=["kind"])
    for kind, count in sorted(Counter(one.kind for one in tx.approvals.list_awaiting_requests()).items()):
        awaited.add_metric([kind], count)
    yield awaited
    last: dict[str, datetime] = {}
    for (_, topic), received_at in tx.operator_queries.list_last_received().items():
        last[topic] = max(received_at, last.get(topic, received_at))
    seen = GaugeMetricFamily(
        "bridge_last_received_timestamp_seconds",
        "When each topic was last received, in seconds since 1970; 0: a mandatory one never was",
        labels=["topic"],
    )
    for topic in sorted({*MANDATORY_TOPICS, *last}):
        seen.add_metric([topic], last[topic].timestamp() if topic in last else 0.0)
    yield seen
