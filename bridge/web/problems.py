"""The only table from errors to statuses. Answers say a constant word, never what was sent."""

from __future__ import annotations

import structlog
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from bridge import logs
from bridge.errors import (
    BodyIncomplete,
    BodyTooLarge,
    BodyTooSlow,
    BridgeError,
    SignatureInvalid,
    StoreUnavailable,
)

log = structlog.get_logger()

STATUSES: dict[type[BridgeError], int] = {
    SignatureInvalid: 401,  # exactly 401: Shopify's review of an app refuses any other
    BodyTooLarge: 413,
    BodyIncomplete: 400,
    BodyTooSlow: 408,
    StoreUnavailable: 503,
}
RETRY_AFTER_S = "5"


def register(app: Flask) -> None:
    """Attach the table to the application."""
    for kind, status in STATUSES.items():
        app.register_error_handler(kind, _answer(status))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _answer(status: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a Flask handler
    def handler(fault: BridgeError) -> Response:
        log.warning("request.refused", status=status, reason=getattr(fault, "reason", type(fault).__name__))
        response = Response(status=status)
        if status == 503:
            response.headers["Retry-After"] = RETRY_AFTER_S
        if status in (400, 408, 413):
            response.headers["Connection"] = "close"  # what is left of the body must not become a request
        return response

    return handler


def _http(fault: HTTPException) -> Response:
    return Response(f"{fault.code} {fault.name}\n", status=fault.code, mimetype="text/plain")


def _unexpected(fault: Exception) -> Response:
    """Last resort. The text of a foreign exception may hold what it choked on: type and place only."""
    log.error("request.failed", fault=logs.place(fault))
    return Response(status=500)
