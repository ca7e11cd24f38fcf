"""`create_app`: services in, a WSGI application out. Holds no decision of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from bridge.web import health, metrics, problems, processors, webhooks

if TYPE_CHECKING:
    from bridge.ports import Services
    from bridge.store import SqlStore


def create_app(services: Services, store: SqlStore) -> Flask:
    """The application. `store` is the same memory as `services.store`, with its health."""
    app = Flask("bridge", static_folder=None)
    # a redirect on a webhook's path is a failed delivery, so slashes are never mended by one
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    app.url_map.converters["rest"] = webhooks.Rest
    problems.register(app)
    app.register_blueprint(webhooks.blueprint(services))
    app.register_blueprint(health.blueprint(services, store))
    app.register_blueprint(metrics.blueprint(services, store))
    app.register_blueprint(processors.blueprint(services.merchant))

    @app.after_request
    def _close_up(response):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - Flask's hook
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
        )
        response.headers["Referrer-Policy"] = "no-referrer"
        if services.settings.production:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response

    return app
