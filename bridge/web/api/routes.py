"""The table of the API's routes: what each does, who may call it, what it takes and answers. Document and views are made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.model import Act
from bridge.web.api import schemas

API_ROOT, DOCUMENT_PATH = "/api", "/api/openapi.json"
REQUEST_ID_PATTERN = "^req_[0-9A-HJKMNP-TV-Z]{26}$"


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiRoute:
    """One route. `act` None: every user may call it. `path` is written as in the document: `{id}`."""

    name: str
    method: str
    path: str
    act: Act | None
    summary: str
    status: int
    answer: Mapping[str, Any]
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


ROUTES = (
    ApiRoute(
        name="open_request",
        method="POST",
        path="/api/v1/requests",
        act=Act.OPEN_REQUESTS,
        summary="Open a request that reached the merchant, or join one that asks the same for the same person.",
        status=201,
        answer=schemas.REQUEST_ROW,
        body=schemas.build_opening_schema(),
    ),
    ApiRoute(
        name="list_requests",
        method="GET",
        path="/api/v1/requests",
        act=Act.SEE_REQUESTS,
        summary="List requests, newest first, a page at a time.",
        status=200,
        answer=schemas.REQUEST_PAGE,
        query=schemas.LIST_PARAMETERS,
    ),
    ApiRoute(
        name="show_request",
        method="GET",
        path="/api/v1/requests/{id}",
        act=Act.SEE_REQUESTS,
        summary="Show one request: clocks, tasks, holds and facts. It never names the person.",
        status=200,
        answer=schemas.REQUEST_DETAIL,
    ),
    ApiRoute(
        name="list_processors",
        method="GET",
        path="/api/v1/processors",
        act=None,
        summary="List the merchant's data processors.",
        status=200,
        answer=schemas.PROCESSORS,
    ),
)
