"""The route that Shopify posts to: reads, calls the step, answers. Decides nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.routing import PathConverter

from bridge.services import Services
from bridge.steps.webhooks.receive import receive_webhook, verify_webhook_signature
from bridge.web import metrics
from bridge.web.body import read_body
from bridge.web.refusals import SignatureFailureCounter

HEADER_KEY_PREFIXES = ("HTTP_X_SHOPIFY_", "HTTP_SHOPIFY_")
SIGNATURE_FAILURES = "bridge.signature_failures"  # among the application's extensions: the counter to flush at the end
HTTP_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class AnyPath(PathConverter):
    """Any rest of a path, also an empty one or one with slashes: every path below must verify the signature."""

    regex = r"[\s\S]*"
    part_isolating = False


def is_webhook(method: str, path: str) -> bool:
    """Return whether a request is a webhook: one that waits for nothing but its commit."""
    return method == "POST" and path.startswith("/webhooks")


def read_webhook_headers(environ: Mapping[str, Any]) -> dict[str, str]:
    """Return Shopify's headers of a request, by their names in lower case."""
    return {
        key[5:].replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith(HEADER_KEY_PREFIXES)
    }


def create_webhooks_blueprint(services: Services) -> Blueprint:
    """Return the route `POST /webhooks/<topic>`."""
    page = Blueprint("webhooks", __name__)
    refusals = SignatureFailureCounter(services)
    limit = services.settings.body_limit_bytes
    page.record(lambda state: state.app.extensions.update({SIGNATURE_FAILURES: refusals}))

    @page.route("/webhooks", defaults={"topic": ""}, methods=HTTP_METHODS)
    @page.route("/webhooks/<rest:topic>", methods=HTTP_METHODS)
    def accept(topic: str) -> Response:
        raw = read_body(request.environ, limit=limit)
        headers = read_webhook_headers(request.environ)
        topic = topic.strip("/")
        with refusals.count_failures():
            if request.method != "POST":
                verify_webhook_signature(headers, raw, services=services)
                return Response(status=405, headers={"Allow": "POST"})
            received = receive_webhook(topic, headers, raw, services=services)
        metrics.count_delivery(received)
        return Response(status=200)

    return page
