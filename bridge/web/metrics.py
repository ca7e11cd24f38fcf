"""Prometheus metrics: deliveries, rows per state, waiting jobs. Labels are closed sets, never a sender's text."""

from __future__ import annotations

import hmac
from collections import Counter as Counts
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from bridge.clock_error import read_clock_error
from bridge.errors import BridgeError
from bridge.model import DeliveryState
from bridge.rules.webhooks.mandatory_bodies import MANDATORY_TOPICS
from bridge.rules.webhooks.topics import INDEXED_TOPIC_PREFIXES
from bridge.services import Services
from bridge.steps.index.reconcile.open_reconciliation import list_reconciled_shops
from bridge.steps.operations.conditions import list_conditions, read_liveness
from bridge.steps.requests.answer_warnings import AnswerEnd, list_answer_warnings
from bridge.steps.requests.held_requests import HeldRequest, list_held_requests
from bridge.steps.webhooks.receive import WebhookReceipt
from bridge.store import SqlStore, Tx
from bridge.web.operations_metrics import build_condition_gauge, build_liveness_gauges, read_row_gauges

DAY_S = 86_400
HOLE_KINDS = ("missing", "outdated", "parcels", "documents")
DELIVERY_COUNTER = Counter("bridge_deliveries", "Webhooks with a good signature", ["topic", "state", "new"])
MANDATORY_REJECTION_COUNTER = Counter(
    "bridge_mandatory_webhooks_rejected", "Mandatory webhooks that could not be acted on", ["topic", "reason"]
)


def count_delivery(received: WebhookReceipt) -> None:
    """Count one delivery, under its own topic only if it was not rejected."""
    topic = received.topic
    if received.reason and received.is_new:
        MANDATORY_REJECTION_COUNTER.labels(topic if topic in MANDATORY_TOPICS else "other", received.reason).inc()
    _find_delivery_counter(name_topic(received), received.state, received.is_new).inc()


def name_topic(received: WebhookReceipt) -> str:
    """Return the topic of a delivery that was not rejected, if it is one that the bridge knows, else `other`."""
    topic, is_rejected = received.topic, received.state is DeliveryState.REJECTED
    is_known = topic in MANDATORY_TOPICS or topic.startswith(INDEXED_TOPIC_PREFIXES)
    return topic if is_known and not is_rejected else "other"


@lru_cache(maxsize=256)
def _find_delivery_counter(topic: str, state: DeliveryState, is_new: bool) -> Counter:
    return DELIVERY_COUNTER.labels(topic, state, str(is_new).lower())


class ProcessCounters(MultiProcessCollector):
    """Adds up the counters of all web processes. The file of one that has just begun is empty, and holds none yet."""

    def collect(self) -> Iterable[Metric]:
        """Return the sums."""
        return self.merge([path for path in Path(self._path).glob("*.db") if path.stat().st_size])  # type: ignore[no-untyped-call, no-any-return]


class _RowCollector:
    """Reads the rows per state at each request for metrics."""

    def __init__(self, services: Services, store: SqlStore) -> None:
        self._services, self._store = services, store

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield gauges of the database and of the queue; none of what cannot be reached."""
        rows = GaugeMetricFamily("bridge_rows", "Rows per table and state", labels=["table", "state"])
        try:
            shops = list_reconciled_shops(self._services)
            with self._store.read() as tx:
                for table, states in tx.operator_queries.count_by_state().items():
                    for state, number in states.items():
                        rows.add_metric([table, state], number)
                waiting = tx.operator_queries.count_mandatory_rejections()
                warnings = list_answer_warnings(tx=tx, services=self._services)
                held = list_held_requests(tx=tx, services=self._services)
                operations = list(_read_operations(tx, self._services))
                compared_at = tx.reconciliations.find_oldest_comparison(shops)
                counts = tx.reconciliations.sum_counts()
        except BridgeError:
            yield _build_up_gauge("bridge_database_up", is_up=False)
            yield from self._measure_queue()
            return
        yield _build_up_gauge("bridge_database_up", is_up=True)
        yield rows
        yield from operations
        answers = GaugeMetricFamily("bridge_answers", "Answers on their way, by what ends", labels=["end", "urgent"])
        found = Counts((warning.end, warning.is_urgent) for warning in warnings)
        for end in AnswerEnd:
            for urgent in (False, True):
                answers.add_metric([end, str(urgent).lower()], found[end, urgent])
        yield answers
        yield from _build_hold_gauges(held, self._services.clock.now())
        yield from _build_comparison_gauges(counts, compared_at, self._services.clock.now())
        yield GaugeMetricFamily(
            "bridge_mandatory_webhooks_waiting",
            "Mandatory webhooks that nobody has acted on",
            value=sum(waiting.values()),
        )
        if (error := read_clock_error()) is not None:
            yield GaugeMetricFamily(
                "bridge_clock_synchronised", "Whether NTP keeps the machine's clock", value=error.is_synchronised
            )
            yield GaugeMetricFamily(
                "bridge_clock_max_error_seconds",
                "Largest error of the machine's clock, as its kernel says",
                value=error.max_error_us / 1_000_000,
            )
        yield from self._measure_queue()

    def _measure_queue(self) -> Iterator[GaugeMetricFamily]:
        """Yield whether Redis answers, and how many jobs wait. It says nothing of the database."""
        depth = self._services.queue.depth()
        yield _build_up_gauge("bridge_redis_up", is_up=depth is not None)
        if depth is not None:
            yield GaugeMetricFamily("bridge_queue_depth", "Jobs that wait", value=depth)


def _build_up_gauge(name: str, *, is_up: bool) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, "Whether it answers", value=is_up)


def _read_operations(tx: Tx, services: Services) -> Iterator[GaugeMetricFamily]:
    yield from build_liveness_gauges(read_liveness(tx=tx), services.clock.now())
    yield build_condition_gauge(list_conditions(tx=tx, services=services))
    yield from read_row_gauges(tx)


def _build_hold_gauges(held: Sequence[HeldRequest], now: datetime) -> Iterator[GaugeMetricFamily]:
    """Yield what waits because a law holds data, by hold of the retention file: how many, the next end, the oldest."""
    waiting = GaugeMetricFamily(
        "bridge_held_requests", "Requests that a law holds, by their end", labels=["hold", "end"]
    )
    next_end = GaugeMetricFamily("bridge_held_next_end_days", "Days until the next of them ends", labels=["hold"])
    oldest = GaugeMetricFamily("bridge_held_oldest_days", "Days since the oldest of them came", labels=["hold"])
    for hold in sorted({hold for one in held for hold in one.holds}):
        found = [one for one in held if hold in one.holds]
        ends = {"overdue": [one for one in found if one.is_overdue]}
        calm = [one for one in found if not one.is_overdue]
        ends |= {"known": [one for one in calm if one.ends_at], "open": [one for one in calm if not one.ends_at]}
        for end, ending in ends.items():
            waiting.add_metric([hold, end], len(ending))
        if days := [(one.ends_at - now).total_seconds() / DAY_S for one in found if one.ends_at]:
            next_end.add_metric([hold], min(days))
        oldest.add_metric([hold], max((now - one.received_at).total_seconds() / DAY_S for one in found))
    yield from (waiting, next_end, oldest)
    needs_person = GaugeMetricFamily("bridge_held_open_ended", "Requests without a known end", labels=["cause"])
    needs_person.add_metric(["undecided_setting"], sum(bool(one.needs) for one in held))
    needs_person.add_metric(["review_overdue"], sum(bool(one.overdue_legal_hold_ids) for one in held))
    yield needs_person


def _build_comparison_gauges(
    counts: Mapping[str, int], compared_at: datetime | None, now: datetime
) -> Iterator[GaugeMetricFamily]:
    """Yield what comparisons with the platform's orders found in ninety days, and how old the oldest of all shops' last is."""
    filled = GaugeMetricFamily("bridge_holes_filled", "What no webhook had brought, of ninety days", labels=["kind"])
    for kind in HOLE_KINDS:
        filled.add_metric([kind], counts[kind])
    yield filled
    if compared_at:
        age_s = (now - compared_at).total_seconds()
        yield GaugeMetricFamily("bridge_comparison_age_seconds", "Since a shop's orders were compared", value=age_s)


def create_metrics_blueprint(services: Services, store: SqlStore) -> Blueprint:
    """Return the route `GET /metrics`; in production it requires `Authorization: Bearer METRICS_TOKEN`."""
    page = Blueprint("metrics", __name__)

    @page.get("/metrics")
    def metrics() -> Response:
        token = services.settings.metrics_token
        if services.settings.is_production or token:
            given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
            wanted = b"Bearer " + token.reveal_bytes()
            if not token or not hmac.compare_digest(given, wanted):
                return Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        registry = CollectorRegistry()
        registry.register(_RowCollector(services, store))
        try:
            ProcessCounters(registry)  # type: ignore[no-untyped-call]
            counted = generate_latest(registry)
        except ValueError:  # one process, no shared folder
            counted = generate_latest(registry) + generate_latest(REGISTRY)
        return Response(counted, content_type=CONTENT_TYPE_LATEST)

    return page
