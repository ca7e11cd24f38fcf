"""The route that Shopify posts to: reads, calls the step, answers. Decides nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.routing import PathConverter

from bridge.errors import SignatureInvalid
from bridge.services import Services
from bridge.steps.webhooks.receive import HEADER_SPELLINGS, receive_webhook, verify_webhook_signature
from bridge.telemetry import observe
from bridge.web.body import read_body
from bridge.web.metrics import count_delivery, name_topic
from bridge.web.refusals import SignatureFailureCounter

_HEADER_KEYS = [
    (spelling, f"HTTP_{spelling.replace('-', '_').upper()}")
    for spellings in HEADER_SPELLINGS.values()
    for spelling in spellings
]
SIGNATURE_FAILURES = "bridge.signature_failures"  # among the application's extensions: the counter to flush at the end
HTTP_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class _EmptyAnswer(Response):
    """An answer without a body, whose headers are made once."""

    def __init__(self, status: int) -> None:
        super().__init__(status=status)
        self._made_headers = self.get_wsgi_headers({}).to_wsgi_list()

    def __call__(self, _environ: Any, start_response: Any) -> Iterable[bytes]:
        """Start the answer."""
        start_response(self.status, self._made_headers)
        return ()


class AnyPath(PathConverter):
    """Any rest of a path, also an empty one or one with slashes: every path below must verify the signature."""

    regex = r"[\s\S]*"
    part_isolating = False


def is_webhook(method: str, path: str) -> bool:
    """Return whether a request is a webhook: one that waits for nothing but its commit."""
    return method == "POST" and path.startswith("/webhooks")


def read_webhook_headers(environ: Mapping[str, Any]) -> dict[str, str]:
    """Return those of Shopify's headers that count, by their names in lower case."""
    return {name: environ[key] for name, key in _HEADER_KEYS if key in environ}


def create_webhooks_blueprint(services: Services) -> Blueprint:
    """Return the route `POST /webhooks/<topic>`."""
    page = Blueprint("webhooks", __name__)
    refusals = SignatureFailureCounter(services)
    limit, accepted = services.settings.body_limit_bytes, _EmptyAnswer(200)
    page.record(lambda state: state.app.extensions.update({SIGNATURE_FAILURES: refusals}))

    @page.route("/webhooks", defaults={"topic": ""}, methods=HTTP_METHODS)
    @page.route("/webhooks/<rest:topic>", methods=HTTP_METHODS)
    def accept(topic: str) -> Response:
        environ = request.environ  # found once: each look at `request` searches its context
        raw = read_body(environ, limit=limit)
        headers = read_webhook_headers(environ)
        try:
            if environ["REQUEST_METHOD"] != "POST":
                verify_webhook_signature(headers, raw, services=services)
                return Response(status=405, headers={"Allow": "POST"})
            with observe("delivery.accept") as span:
                received = receive_webhook(topic.strip("/"), headers, raw, services=services)
                if span.is_recorded:
                    span.fields |= {"topic": name_topic(received), "state": received.state, "new": received.is_new}
        except SignatureInvalid as fault:
            refusals.count_failure(fault)
            raise
        count_delivery(received)
        return accepted

    return page
