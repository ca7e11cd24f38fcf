"""Security headers of every answer: no caching, framing, sniffing or foreign content, and no referrer."""

from __future__ import annotations

from flask import Response

_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action "
)


def set_security_headers(response: Response, *, https: bool) -> Response:
    """Add the headers to an answer; `https` adds HSTS."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    response.headers.setdefault("Content-Security-Policy", f"{_CONTENT_SECURITY_POLICY}'none'")
    response.headers["Referrer-Policy"] = "no-referrer"
    if https:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def allow_form(response: Response) -> Response:
    """Let the page send a form to its own origin, and keep search engines from indexing it."""
    response.headers["Content-Security-Policy"] = f"{_CONTENT_SECURITY_POLICY}'self'"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
