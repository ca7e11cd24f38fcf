"""The OpenAPI 3.1 document, made from the table of routes and the schemas that check what is sent."""

from __future__ import annotations

from typing import Any

from bridge import __version__
from bridge.web.api.api_problems import PROBLEM_MEDIA_TYPE, STATUS_TEXTS
from bridge.web.api.routes import REQUEST_ID_PATTERN, ROUTES, ApiRoute
from bridge.web.api.schemas import PROBLEM

ALWAYS_POSSIBLE = (400, 401, 408, 413, 429, 503)
IDEMPOTENCY_PATTERN = "^[!-~]{1,200}$"


def build_openapi_document() -> dict[str, Any]:
    """Return the document as JSON-ready values."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _describe_route(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shopify compliance bridge", "version": __version__},
        "paths": paths,
        "security": [{"token": []}],
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Problem": PROBLEM},
        },
    }


def _describe_route(route: ApiRoute) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": f"Needs a role that may `{route.act}`." if route.act else "Needs the token of any user.",
        "parameters": _describe_parameters(route),
        "responses": {str(route.status): _describe_success(route)} | _describe_refusals(route),
    }
    if route.body:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": route.body}}}
    return described


def _describe_parameters(route: ApiRoute) -> list[dict[str, Any]]:
    parameters = [{"name": name, "in": "query", "schema": schema} for name, schema in route.query.items()]
    if "{id}" in route.path:
        schema = {"type": "string", "pattern": REQUEST_ID_PATTERN}
        parameters.append({"name": "id", "in": "path", "required": True, "schema": schema})
    if route.body:
        key = {
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string", "pattern": IDEMPOTENCY_PATTERN},
            "description": "The same key with the same body opens one request, within 30 days.",
        }
        parameters.append(key)
    return parameters


def _describe_success(route: ApiRoute) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": route.summary, "content": {"application/json": {"schema": route.answer}}}
    if route.status == 201:
        answer["headers"] = {"Location": {"schema": {"type": "string"}}}
    return answer


def _describe_refusals(route: ApiRoute) -> dict[str, Any]:
    statuses = {*ALWAYS_POSSIBLE, 422}
    statuses |= {403} if route.act else set()
    statuses |= {404} if "{id}" in route.path else set()
    statuses |= {409, 411, 415} if route.body else set()
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {PROBLEM_MEDIA_TYPE: {"schema": schema}}
    return {str(status): {"description": STATUS_TEXTS[status][1], "content": content} for status in sorted(statuses)}
