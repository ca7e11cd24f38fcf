"""The running web process is asked what its own document allows, and what it does not: no answer is a failure or undocumented.

It needs `schemathesis` of requirements-dev.txt.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import cycle
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings

from bridge.model import Role
from bridge.web.api.routes import ROUTES
from bridge.web.notices.limits import MAX_FAILURES
from tests.factories import SHOP

schemathesis = pytest.importorskip("schemathesis")

from schemathesis import checks as general  # noqa: E402 - only where it is installed
from schemathesis.generation import GenerationMode  # noqa: E402
from schemathesis.specs.openapi import checks as openapi  # noqa: E402

EXAMPLES = 40
CHECKS = [
    general.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_schema_conformance,
    openapi.response_headers_conformance,
]


@pytest.fixture(scope="module")
def tokens(edge):
    """Tokens of users who may do everything: with each of them only so many calls may fail in a minute."""
    needed = 2 * len(ROUTES) * EXAMPLES // MAX_FAILURES + 2
    with edge.services.store.transaction() as tx:
        tx.users.add_user("fuzzer", Role.ADMIN, "three words of mine")
        expires_at = edge.services.clock.now() + timedelta(days=1)
        return [tx.api_access.create_token("fuzzer", expires_at=expires_at) for _ in range(needed)]


def test_what_the_document_allows_and_what_it_does_not_is_answered_as_documented(edge, tokens):
    document = requests.get(f"{edge.url}/api/openapi.json", timeout=10).json()
    del document["security"]  # or half of what must be refused comes without the token, and only that is refused
    schema = schemathesis.openapi.from_dict(document)
    rota = cycle(token for token in tokens for _ in range(MAX_FAILURES - 1))
    statuses: dict[str, set[int]] = {}
    with requests.Session() as session:
        for found in schema.get_all_operations():
            operation = found.ok()
            described = document["paths"][operation.path][operation.method]
            takes_something = bool(described["parameters"] or "requestBody" in described)
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)[: 1 + takes_something]:
                _ask_of(operation, mode, edge.url, session, rota, statuses.setdefault(operation.label, set()))
    assert set(statuses) == {f"{route.method} {route.path}" for route in ROUTES}
    assert 201 in statuses["POST /api/v1/requests"]
    assert {200, 422} <= statuses["GET /api/v1/requests"]
    assert not any(429 in seen for seen in statuses.values())
    assert all(answer.status_code == 401 for answer in _ask_without_token(edge.url))


def _ask_of(operation: Any, mode: Any, url: str, session: Any, rota: Any, seen: set[int]) -> None:
    rejected = [openapi.negative_data_rejection] if mode is GenerationMode.NEGATIVE else []

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    def ask(case: Any) -> None:
        if mode is GenerationMode.POSITIVE and isinstance(case.body, dict):
            case.body["shop"] = SHOP  # the merchant file names none, so that it is needed
        headers = {"Authorization": f"Bearer {next(rota)}"}
        response = case.call(base_url=url, session=session, headers=headers)
        case.validate_response(response, checks=[*CHECKS, *rejected])
        seen.add(response.status_code)

    ask()


def _ask_without_token(url: str) -> list[Any]:
    paths = [(route.method, route.path.replace("{id}", "req_01M84N6EY20CZ9W2PB73FKRKAY")) for route in ROUTES]
    return [requests.request(method, url + path, timeout=10) for method, path in paths]
