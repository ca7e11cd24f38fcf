"""The route Shopify posts to. Read, receive, answer; no opinion of its own."""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.routing import PathConverter

from bridge.ports import Services
from bridge.steps.webhooks.receive import receive, verify
from bridge.web import metrics
from bridge.web.body import read_body
from bridge.web.refusals import Refusals

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class Rest(PathConverter):
    """Whatever follows, nothing and slashes included: no path below may miss the signature."""

    regex = ".*"
    part_isolating = False


def blueprint(services: Services) -> Blueprint:
    """`POST /webhooks/<topic>`, one URL a topic."""
    page = Blueprint("webhooks", __name__)
    refusals = Refusals(services)
    limit, deadline_s = services.settings.body_limit_bytes, services.settings.body_deadline_s

    @page.route("/webhooks", defaults={"topic": ""}, methods=METHODS)
    @page.route("/webhooks/<rest:topic>", methods=METHODS)
    def accept(topic: str) -> Response:
        raw = read_body(request.environ, limit=limit, deadline_s=deadline_s)
        headers = {name.lower(): value for name, value in request.headers.items()}
        topic = topic.strip("/")
        with refusals.noted():
            if request.method != "POST":
                verify(headers, raw, services=services)
                return Response(status=405, headers={"Allow": "POST"})
            received = receive(topic, headers, raw, services=services)
        metrics.count(topic, received)
        return Response(status=200)

    return page
