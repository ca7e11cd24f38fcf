"""Prometheus metrics: deliveries, rows per state, waiting jobs. Labels are closed sets, never a sender's text."""

from __future__ import annotations

import hmac
from collections import Counter as Counts
from collections.abc import Iterator

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from bridge.clock_error import read_clock_error
from bridge.errors import BridgeError
from bridge.model import DeliveryState
from bridge.rules.webhooks.mandatory_bodies import MANDATORY_TOPICS
from bridge.rules.webhooks.topics import INDEXED_TOPIC_PREFIXES
from bridge.services import Services
from bridge.steps.requests.answer_warnings import AnswerEnd, list_answer_warnings
from bridge.steps.webhooks.receive import WebhookReceipt
from bridge.store import SqlStore

DELIVERY_COUNTER = Counter("bridge_deliveries", "Webhooks with a good signature", ["topic", "state", "new"])
MANDATORY_REJECTION_COUNTER = Counter(
    "bridge_mandatory_webhooks_rejected", "Mandatory webhooks that could not be acted on", ["topic", "reason"]
)


def count_delivery(received: WebhookReceipt) -> None:
    """Count one delivery, under its own topic only if it was not rejected."""
    topic = received.topic
    known = received.state is not DeliveryState.REJECTED and (
        topic in MANDATORY_TOPICS or topic.startswith(INDEXED_TOPIC_PREFIXES)
    )
    if received.reason and received.is_new:
        MANDATORY_REJECTION_COUNTER.labels(topic if topic in MANDATORY_TOPICS else "other", received.reason).inc()
    DELIVERY_COUNTER.labels(topic if known else "other", received.state, str(received.is_new).lower()).inc()


class _RowCollector:
    """Reads the rows per state at each request for metrics."""

    def __init__(self, services: Services, store: SqlStore) -> None:
        self._services, self._store = services, store

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield gauges of the database and of the queue; none of what cannot be reached."""
        rows = GaugeMetricFamily("bridge_rows", "Rows per table and state", labels=["table", "state"])
        try:
            with self._store.read() as tx:
                for table, states in tx.operator_queries.count_by_state().items():
                    for state, number in states.items():
                        rows.add_metric([table, state], number)
                waiting = tx.operator_queries.count_mandatory_rejections()
                warnings = list_answer_warnings(tx=tx, services=self._services)
        except BridgeError:
            return
        yield rows
        answers = GaugeMetricFamily("bridge_answers", "Answers on their way, by what ends", labels=["end", "urgent"])
        found = Counts((warning.end, warning.is_urgent) for warning in warnings)
        for end in AnswerEnd:
            for urgent in (False, True):
                answers.add_metric([end, str(urgent).lower()], found[end, urgent])
        yield answers
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
        depth = self._services.queue.depth()
        if depth is not None:
            yield GaugeMetricFamily("bridge_queue_depth", "Jobs that wait", value=depth)


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
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            counted = generate_latest(registry)
        except ValueError:  # one process, no shared folder
            counted = generate_latest(registry) + generate_latest(REGISTRY)
        return Response(counted, content_type=CONTENT_TYPE_LATEST)

    return page
