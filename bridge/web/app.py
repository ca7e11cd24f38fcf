"""Makes the Flask application from the services. Decides nothing itself."""

from __future__ import annotations

from flask import Flask, Response

from bridge.services import Services
from bridge.store import SqlStore
from bridge.web import health, metrics, notices, problems, processors, webhooks
from bridge.web.security_headers import set_security_headers


def create_app(services: Services, store: SqlStore) -> Flask:
    """Return the application. `store` is the same object as `services.store`, with the methods for health checks."""
    app = Flask("bridge", static_folder=None)
    # Shopify counts a redirect as a failed delivery, so none corrects the slashes of a path
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    app.url_map.converters["rest"] = webhooks.AnyPath
    problems.install_error_handlers(app)
    app.register_blueprint(webhooks.create_webhooks_blueprint(services))
    app.register_blueprint(health.create_health_blueprint(services, store))
    app.register_blueprint(metrics.create_metrics_blueprint(services, store))
    fingerprint = services.signing_key_fingerprint
    app.register_blueprint(
        processors.create_processors_blueprint(services.merchant, signing_key_fingerprint=fingerprint)
    )
    app.register_blueprint(notices.create_notices_blueprint(services))

    @app.after_request
    def _set_headers(response: Response) -> Response:
        return set_security_headers(response, https=services.settings.is_production)

    return app
