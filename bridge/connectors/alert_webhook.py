"""Posts alerts to an address of the operators: a chat, a pager, an own program. Sends ids and counts only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.connectors.http import HttpClient

SYSTEM = "alert webhook"
MAX_ANSWER_BYTES = 65_536
EXCHANGE_TIMEOUT_S = 10.0


class AlertWebhook:
    """A `ports.AlertReceiver` over HTTP. The address may be a secret, and is never logged."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = HttpClient(SYSTEM, max_answer_bytes=MAX_ANSWER_BYTES, exchange_timeout_s=EXCHANGE_TIMEOUT_S)

    def post_alert(self, body: Mapping[str, Any]) -> None:
        """Post one document (`ports.AlertReceiver`). Tried once: the database remembers what was not announced."""
        self._http.call("POST", self._url, operation="alert", idempotent=False, json=dict(body))
