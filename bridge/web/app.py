"""`create_app`: services in, a WSGI application out. Holds no decision of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response

from bridge.web import health, metrics, notices, problems, processors, webhooks
from bridge.web.security_headers import close_up

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
    app.register_blueprint(notices.blueprint(services))

    @app.after_request
    def _close_up(response: Response) -> Response:
        return close_up(response, https=services.settings.production)

    return app
