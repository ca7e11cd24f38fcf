"""A receiver of what leaves by Sentry and OpenTelemetry: a real socket, and every byte that came, unpacked."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from bridge.sandbox.http_messages import Request, Response
from bridge.sandbox.httpd import StandIn


class Receiver:
    """Takes whatever is posted."""

    def __init__(self) -> None:
        self.bodies: dict[str, list[bytes]] = {}
        self.headers: list[str] = []
        self.base_url = ""

    def answer(self, request: Request) -> Response:
        is_packed = request.headers.get("content-encoding") == "gzip"
        self.headers.append(repr(dict(request.headers)))
        body = gzip.decompress(request.body) if is_packed else request.body
        self.bodies.setdefault(request.path, []).append(body)
        return Response(body=b"{}" if request.path.startswith("/api/") else b"")

    @property
    def dsn(self) -> str:
        return self.base_url.replace("http://", "http://publickey@") + "/7"

    @property
    def everything(self) -> bytes:
        """All bodies, and the headers that came with them."""
        return b"\n".join([*(body for some in self.bodies.values() for body in some), *map(str.encode, self.headers)])

    def list_events(self) -> list[dict[str, Any]]:
        """Return the events of Sentry. An envelope is lines of JSON: its head, then head and payload of each item."""
        return [json.loads(body.splitlines()[2]) for body in self.bodies.get("/api/7/envelope/", ())]

    def list_spans(self) -> list[dict[str, Any]]:
        """Return the spans with their attributes, and the resource of each."""
        wire = import_module("opentelemetry.proto.collector.trace.v1.trace_service_pb2")  # of an extra
        spans = []
        for body in self.bodies.get("/v1/traces", ()):
            for group in wire.ExportTraceServiceRequest.FromString(body).resource_spans:
                resource = read_attributes(group.resource.attributes)
                for scope in group.scope_spans:
                    spans += [
                        {"name": span.name, "resource": resource, "span": span, **read_attributes(span.attributes)}
                        for span in scope.spans
                    ]
        return spans


def read_attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


@contextmanager
def receive() -> Iterator[Receiver]:
    receiver = Receiver()
    with StandIn("telemetry", receiver.answer) as server:
        receiver.base_url = server.base_url
        yield receiver
