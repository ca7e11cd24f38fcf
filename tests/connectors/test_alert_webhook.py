"""Alerts are posted once as JSON, within seconds and bytes, and no error repeats the address: it may be a secret."""

import json
import time

import pytest

from bridge.connectors import alert_webhook
from bridge.connectors.alert_webhook import AlertWebhook
from bridge.errors import BridgeError
from bridge.sandbox.http_messages import Response
from bridge.sandbox.httpd import StandIn
from bridge.sandbox.processes import free_port

BODY = {"text": "raised: request_late (1)", "alerts": [{"ids": ["req_1"], "count": 1}]}


@pytest.fixture
def hook():
    received, answers = [], [Response(status=200)]

    def answer(request):
        received.append(request)
        return answers[0]

    with StandIn("hook", answer) as server:
        yield server, received, answers


def test_it_posts_the_document(hook):
    server, received, _ = hook
    AlertWebhook(f"{server.base_url}/hook/token-1").post_alert(BODY)
    (request,) = received
    assert (request.method, request.path, json.loads(request.body)) == ("POST", "/hook/token-1", BODY)
    assert request.headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [302, 400, 401, 404, 429, 500, 503])
def test_a_refusal_is_tried_once_and_does_not_repeat_the_address(hook, status):
    server, received, answers = hook
    answers[0] = Response(status=status, headers={"Location": f"{server.base_url}/elsewhere"})
    with pytest.raises(BridgeError) as caught:
        AlertWebhook(f"{server.base_url}/hook/token-1").post_alert(BODY)
    assert "token-1" not in str(caught.value)
    assert len(received) == 1


def test_what_does_not_answer_is_given_up(monkeypatch, hook):
    with pytest.raises(BridgeError, match="alert webhook"):
        AlertWebhook(f"http://127.0.0.1:{free_port()}/token-1").post_alert(BODY)
    monkeypatch.setattr(alert_webhook, "EXCHANGE_TIMEOUT_S", 0.3)
    server, _, answers = hook
    answers[0] = Response(status=200, body=b"x" * (alert_webhook.MAX_ANSWER_BYTES + 1))
    began = time.monotonic()
    with pytest.raises(BridgeError, match="too long"):
        AlertWebhook(server.base_url).post_alert(BODY)
    assert time.monotonic() - began < 5
