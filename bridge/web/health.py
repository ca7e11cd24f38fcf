"""Health checks: alive, and ready (database, keys, migrations). Redis is reported but never makes it unready."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from bridge.errors import BridgeError
from bridge.services import Services
from bridge.steps.recovery.ledger_gate import check_ledger_gate
from bridge.store import SqlStore
from bridge.store.migrations.revision import is_at_newest_revision


def create_health_blueprint(services: Services, store: SqlStore) -> Blueprint:
    """Return the routes `GET /healthz` and `GET /readyz`."""
    page = Blueprint("health", __name__)

    @page.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="alive")

    @page.get("/readyz")
    def readyz() -> tuple[Response, int]:
        checks = {"database": "ok", "migrations": "at head", "keys": "ok", "redis": "ok"}
        ready = True
        try:
            store.ping()
            if not is_at_newest_revision(store.engine):
                checks["migrations"], ready = "missing: run `python -m bridge migrate`", False
            elif why := check_ledger_gate(services=services):
                checks["restored"], ready = f"{why}: run `python -m bridge restore-check`", False
        except BridgeError as fault:
            checks["database"], checks["migrations"], ready = str(fault), "unknown", False
        if services.queue.depth() is None:
            checks["redis"] = "unreachable: deliveries are kept and done later"
        return jsonify(status="ready" if ready else "not ready", **checks), 200 if ready else 503

    return page
