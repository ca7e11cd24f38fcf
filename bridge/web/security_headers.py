"""Security headers of every answer: no caching, framing, sniffing or foreign content, and no referrer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Response

_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action "
)
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def add_security_headers(app: WsgiApp, *, https: bool) -> WsgiApp:
    """Return the application with the headers on each answer; `https` adds HSTS.

    A page that set its own Content-Security-Policy keeps it. The headers are added where the answer leaves, since to set
    them on each response of Flask costs more than the rest of a webhook's answer.
    """
    common = [("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer")]
    if https:
        common.append(("Strict-Transport-Security", "max-age=31536000"))
    default_policy = ("Content-Security-Policy", f"{_CONTENT_SECURITY_POLICY}'none'")

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            has_policy = any(name == "Content-Security-Policy" for name, _ in headers)
            return start_response(status, headers + (common if has_policy else [*common, default_policy]), *error)

        return app(environ, start)

    return answer


def allow_form(response: Response) -> Response:
    """Let the page send a form to its own origin, and keep search engines from indexing it."""
    response.headers["Content-Security-Policy"] = f"{_CONTENT_SECURITY_POLICY}'self'"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
