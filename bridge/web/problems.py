"""The only table from errors to statuses. Answers and logs hold constant words, never what was sent."""

from __future__ import annotations

import structlog
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from bridge import logs
from bridge.errors import (
    BodyIncomplete,
    BodyTooLarge,
    BodyTooSlow,
    ConcurrentChange,
    FormInvalid,
    LengthRequired,
    LinkEnded,
    LinkInvalid,
    MediaTypeWrong,
    RequestsTooMany,
    SignatureInvalid,
    StoreUnavailable,
)
from bridge.telemetry import report_exception

log = structlog.get_logger()

STATUS_BY_ERROR: dict[type, int] = {
    SignatureInvalid: 401,  # exactly 401: Shopify's app review refuses any other
    BodyTooLarge: 413,
    BodyIncomplete: 400,
    BodyTooSlow: 408,
    LengthRequired: 411,
    LinkInvalid: 404,
    LinkEnded: 410,
    FormInvalid: 400,
    MediaTypeWrong: 415,
    RequestsTooMany: 429,
    StoreUnavailable: 503,
    ConcurrentChange: 503,
}
UNREAD_BODY_STATUSES = (400, 408, 411, 413, 415, 429)  # answered before the body was read to its end
RETRY_AFTER_S = 5


def install_error_handlers(app: Flask) -> None:
    """Make the application answer every error by the table."""
    app.register_error_handler(HTTPException, _respond_to_http_exception)
    app.register_error_handler(Exception, build_error_response)


def build_error_response(fault: Exception) -> Response:
    """Return the answer to an error, by the table; without a body, since senders of webhooks read none."""
    status = next((STATUS_BY_ERROR[kind] for kind in type(fault).__mro__ if kind in STATUS_BY_ERROR), None)
    if status is None:
        return _respond_to_unexpected_error(fault)
    log.warning("request.refused", status=status, reason=getattr(fault, "reason", type(fault).__name__))
    response = Response(status=status)
    if status in (429, 503):
        response.headers["Retry-After"] = str(getattr(fault, "retry_after_s", None) or RETRY_AFTER_S)
    if status in UNREAD_BODY_STATUSES:
        response.headers["Connection"] = "close"  # the unread rest of the body must not be taken for a request
    return response


def _respond_to_http_exception(fault: HTTPException) -> Response:
    return Response(f"{fault.code} {fault.name}\n", status=fault.code, mimetype="text/plain")


def _respond_to_unexpected_error(fault: Exception) -> Response:
    """Answer 500. Log type and place only: the text of the exception may hold personal data."""
    log.error("request.failed", fault=logs.describe_exception(fault))
    report_exception(fault)
    return Response(status=500)
