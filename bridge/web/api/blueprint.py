"""The routes of the JSON API: reads the token and the body, asks the table of roles, calls, answers."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Blueprint, Response, request

from bridge.model import User
from bridge.services import Services
from bridge.steps.operators.authorise import check_act
from bridge.store.crypto.token_hash import hash_token
from bridge.web.api.api_problems import ApiProblem, answer_problem, require_json
from bridge.web.api.calls import ApiCalls
from bridge.web.api.document import build_openapi_document
from bridge.web.api.routes import API_ROOT, DOCUMENT_PATH, ROUTES, ApiRoute
from bridge.web.api.schema_check import find_schema_fault
from bridge.web.body import read_body
from bridge.web.notices.limits import RateLimiter, resolve_client_address

MAX_BODY_BYTES = 65_536
MAX_TOKEN_CHARS = 200
ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


class ApiGate:
    """Finds out who calls, and how often. A token is looked up by its hash; strangers are limited by their address."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._of_strangers, self._of_tokens = RateLimiter(services.digest), RateLimiter(services.digest)

    def identify_caller(self) -> tuple[User, str]:
        """Return the user of the token, and what counts the call. Raises ApiProblem (401) and RequestsTooMany."""
        address = resolve_client_address(request.environ, self._services.settings.proxies)
        stranger = self._of_strangers.admit(address)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        user = None
        if scheme.lower() == "bearer" and 0 < len(token.strip()) <= MAX_TOKEN_CHARS:
            with self._services.store.read() as tx:
                user = tx.api_access.find_token_user(token.strip())
        if user is None:
            self._of_strangers.count_request(stranger, succeeded=False)
            raise ApiProblem(401)
        return user, self._of_tokens.admit(hash_token(token.strip()))

    def count_call(self, caller: str, *, succeeded: bool) -> None:
        """Count one more call of a token."""
        self._of_tokens.count_request(caller, succeeded=succeeded)


def create_api_blueprint(services: Services) -> Blueprint:
    """Return the routes below `/api`."""
    page = Blueprint("api", __name__)
    gate, calls = ApiGate(services), ApiCalls(services)
    document = json.dumps(build_openapi_document())

    @page.get(DOCUMENT_PATH)
    def openapi() -> Response:
        return Response(document, mimetype="application/json")

    for route in ROUTES:
        path = route.path.replace("{id}", "<rest:request_id>")
        view = _make_view(route, gate, getattr(calls, route.name), services)
        page.add_url_rule(path, route.name, view, methods=[route.method], provide_automatic_options=False)

    @page.route(API_ROOT, defaults={"path": ""}, methods=ALL_METHODS, provide_automatic_options=False)
    @page.route(f"{API_ROOT}/<rest:path>", methods=ALL_METHODS, provide_automatic_options=False)
    def unknown(path: str) -> Response:
        allowed = _list_methods(f"{API_ROOT}/{path}".rstrip("/"))
        raise ApiProblem(405, allow=", ".join(allowed)) if allowed else ApiProblem(404)

    page.register_error_handler(Exception, answer_problem)
    return page


def _make_view(route: ApiRoute, gate: ApiGate, call: Any, services: Services) -> Any:
    def answer(**arguments: str) -> Response:
        user, caller = gate.identify_caller()
        succeeded = False
        try:
            if route.act:
                check_act(user, route.act, doing=f"{route.method} {route.path}", store=services.store)
            if route.body is not None:
                arguments["body"] = _read_json_body(route)
            response: Response = call(user, **arguments)
            succeeded = True
        finally:
            gate.count_call(caller, succeeded=succeeded)
        return response

    return answer


def _read_json_body(route: ApiRoute) -> Any:
    """Return the body as the route's schema describes it. Raises ApiProblem, and the errors of `read_body`."""
    require_json(request.mimetype)
    raw = read_body(request.environ, limit=MAX_BODY_BYTES, needs_length=True)
    try:
        body = json.loads(raw, parse_constant=_refuse_constant)
        json.dumps(body, ensure_ascii=False).encode()  # half a pair of surrogates is no text
    except (ValueError, RecursionError):
        raise ApiProblem(400) from None
    if (fault := find_schema_fault(body, route.body or {})) is not None:
        raise ApiProblem(422, pointer=fault)
    return body


def _refuse_constant(_name: str) -> Any:
    raise ValueError  # NaN and Infinity are no JSON


def _list_methods(path: str) -> list[str]:
    """Return the methods that an address of the API takes."""
    found = [route.method for route in ROUTES if re.fullmatch(route.path.replace("{id}", "[^/]+"), path)]
    found += ["GET"] if path == DOCUMENT_PATH else []
    return sorted({*found, *(["HEAD"] if "GET" in found else [])})
