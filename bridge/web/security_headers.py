"""Headers of every answer: nothing is cached, framed, sniffed or loaded from elsewhere, and no link is told on."""

from __future__ import annotations

from flask import Response

_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action "
)


def set_security_headers(response: Response, *, https: bool) -> Response:
    """Put them on."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    response.headers.setdefault("Content-Security-Policy", f"{_CONTENT_SECURITY_POLICY}'none'")
    response.headers["Referrer-Policy"] = "no-referrer"
    if https:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def allow_form(response: Response) -> Response:
    """A page with a form says so: it goes where the page came from, and is nothing for a search engine."""
    response.headers["Content-Security-Policy"] = f"{_CONTENT_SECURITY_POLICY}'self'"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
