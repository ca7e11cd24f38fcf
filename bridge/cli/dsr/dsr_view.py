"""How a request is found: with everything but the data subject, which `describe_request` shows."""

from __future__ import annotations

from bridge.cli.shared.ids import exit_with_unknown_id
from bridge.model import PrivacyRequest, RequestKind
from bridge.store import Tx

REQUEST_KINDS = tuple(kind.value for kind in RequestKind)


def find_request_or_exit(tx: Tx, request_id: str) -> PrivacyRequest:
    """Return the request; exit with 1 if there is none."""
    request = tx.requests.get_request(request_id)
    return request or exit_with_unknown_id("req", request_id)
