"""How a request is found: with everything but the data subject, which `describe_request` shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.cli.shared.ids import exit_with_unknown_id
from bridge.model import PrivacyRequest, RequestKind
from bridge.rules.desk.deadline_warnings import describe_hours_left
from bridge.steps.identity.marked_minors import list_marked_minors
from bridge.steps.requests.describe_request import build_request_row
from bridge.store import Tx

REQUEST_KINDS = tuple(kind.value for kind in RequestKind)


def build_request_rows(tx: Tx, requests: Sequence[PrivacyRequest]) -> list[dict[str, Any]]:
    """Return these requests as they are shown in a list."""
    ids = [request.id for request in requests]
    acknowledged, minors = tx.deadline_warnings.find_acknowledged(ids), list_marked_minors(ids, tx)
    return [
        {**build_request_row(each, acknowledged_at=acknowledged.get(each.id)), "minor": each.id in minors}
        for each in requests
    ]


def describe_time_left(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row for a table: the hours that are left in words."""
    words = {name: describe_hours_left(row[name]) for name in ("hours_left", "acknowledge_hours_left")}
    return {**row, "time_left": words["hours_left"], "to_acknowledge": words["acknowledge_hours_left"]}


def find_request_or_exit(tx: Tx, request_id: str) -> PrivacyRequest:
    """Return the request; exit with 1 if there is none."""
    request = tx.requests.get_request(request_id)
    return request or exit_with_unknown_id("req", request_id)
