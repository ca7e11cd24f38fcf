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
    FormInvalid,
    LinkInvalid,
    MediaTypeWrong,
    RequestsTooMany,
    SignatureInvalid,
    StoreUnavailable,
)

log = structlog.get_logger()

STATUSES: dict[type, int] = {
    SignatureInvalid: 401,  # exactly 401: Shopify's review of an app refuses any other
    BodyTooLarge: 413,
    BodyIncomplete: 400,
    BodyTooSlow: 408,
    LinkInvalid: 404,
    FormInvalid: 400,
    MediaTypeWrong: 415,
    RequestsTooMany: 429,
    StoreUnavailable: 503,
}
UNREAD = (400, 408, 413, 415, 429)  # answered before the body was read to its end
RETRY_AFTER_S = 5


def register(app: Flask) -> None:
    """Attach the table to the application."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, answer)


def answer(fault: Exception) -> Response:
    """The answer to an error, by the table; without a body, for who posts webhooks reads none."""
    status = next((STATUSES[kind] for kind in type(fault).__mro__ if kind in STATUSES), None)
    if status is None:
        return _unexpected(fault)
    log.warning("request.refused", status=status, reason=getattr(fault, "reason", type(fault).__name__))
    response = Response(status=status)
    if status in (429, 503):
        response.headers["Retry-After"] = str(getattr(fault, "retry_after_s", None) or RETRY_AFTER_S)
    if status in UNREAD:
        response.headers["Connection"] = "close"  # what is left of the body must not become a request
    return response


def _http(fault: HTTPException) -> Response:
    return Response(f"{fault.code} {fault.name}\n", status=fault.code, mimetype="text/plain")


def _unexpected(fault: Exception) -> Response:
    """Last resort. The text of a foreign exception may hold what it choked on: type and place only."""
    log.error("request.failed", fault=logs.place(fault))
    return Response(status=500)
