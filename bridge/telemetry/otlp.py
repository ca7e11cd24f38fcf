"""Sends spans to an OpenTelemetry collector over OTLP/HTTP: a name, a duration, constant words and ids of our own.

The library's sampler and its variables (OTEL_TRACES_SAMPLER) are its own matter; nothing is instrumented by it.
Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.util.re import parse_env_headers

from bridge import __version__

SERVICE = "shopify-compliance-bridge"
TRACES_PATH = "/v1/traces"
EXPORT_TIMEOUT_S = 2.0  # for one batch with its retries


class OtlpRecorder:
    """A `telemetry.SpanRecorder`. Its thread begins with the first span of a process, so that none is shared by a fork."""

    def __init__(self, endpoint: str, headers: str, *, process: str, environment: str) -> None:
        """Take the collector's address and its headers, as `name=value,…`."""
        self._endpoint, self._headers = endpoint.rstrip("/") + TRACES_PATH, parse_env_headers(headers, liberal=True)
        self._resource = Resource(
            {
                "service.name": SERVICE,
                "service.version": __version__,
                "deployment.environment.name": environment,
                "bridge.process": process,
            }
        )
        self._lock, self._pid = threading.Lock(), 0
        self._provider: TracerProvider | None = None

    def begin(self, name: str) -> Any:
        """Begin a span within that which is open (`telemetry.SpanRecorder`)."""
        span = self._open_provider().get_tracer(SERVICE).start_span(name)
        return span, context.attach(trace.set_span_in_context(span))

    def end(self, span: Any, fields: Mapping[str, Any], error: str) -> None:
        """End a span (`telemetry.SpanRecorder`)."""
        begun, token = span
        context.detach(token)
        begun.set_attributes({f"bridge.{name}": value for name, value in fields.items()})
        if error:
            begun.set_attribute("error.type", error)
            begun.set_status(trace.StatusCode.ERROR)
        begun.end()

    def flush(self, timeout_s: float) -> None:
        """Send what is queued (`telemetry.SpanRecorder`). The library's own flush knows no time limit."""
        if self._provider is None or self._pid != os.getpid():
            return
        sender = threading.Thread(target=self._provider.force_flush, name="span-flush", daemon=True)
        sender.start()
        sender.join(timeout_s)

    def _open_provider(self) -> TracerProvider:
        if self._provider is None or self._pid != os.getpid():
            with self._lock:
                if self._provider is None or self._pid != os.getpid():
                    self._provider, self._pid = self._make_provider(), os.getpid()
        return self._provider

    def _make_provider(self) -> TracerProvider:
        exporter = OTLPSpanExporter(endpoint=self._endpoint, headers=self._headers, timeout=EXPORT_TIMEOUT_S)
        provider = TracerProvider(resource=self._resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        return provider
