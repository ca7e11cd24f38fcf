"""Makes the Flask application from the services. Decides nothing itself."""

from __future__ import annotations

from flask import Flask

from bridge.services import Services
from bridge.store import SqlStore
from bridge.web import health, inbound_mail, metrics, notices, problems, processors, webhooks
from bridge.web.flask_application import WebApplication
from bridge.web.security_headers import add_security_headers


def create_app(services: Services, store: SqlStore) -> Flask:
    """Return the application. `store` is the same object as `services.store`, with the methods for health checks."""
    app = WebApplication("bridge")
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
    app.register_blueprint(inbound_mail.create_inbound_mail_blueprint(services))

    app.wsgi_app = add_security_headers(app.wsgi_app, https=services.settings.is_production)  # type: ignore[assignment, method-assign]
    return app
