"""Health checks: alive, ready (database, keys, migrations), and with `?deep` whether clock and workers do their work.

Anybody may ask, so no answer names a host, a file or a count of requests. Redis is reported but never makes it unready.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from bridge.errors import BridgeError
from bridge.rules.operations.conditions import describe_age
from bridge.services import Services
from bridge.steps.operations.conditions import list_liveness_conditions, read_liveness
from bridge.steps.recovery.ledger_gate import check_ledger_gate
from bridge.store import SqlStore
from bridge.store.migrations.revision import is_at_newest_revision

DATABASE_DOWN = "does not answer: run `python -m bridge doctor`"


def create_health_blueprint(services: Services, store: SqlStore) -> Blueprint:
    """Return the routes `GET /healthz` and `GET /readyz`."""
    page = Blueprint("health", __name__)

    @page.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="alive")

    @page.get("/readyz")
    def readyz() -> tuple[Response, int]:
        checks: dict[str, Any] = {"database": "ok", "migrations": "at head", "keys": "loaded", "redis": "ok"}
        ready = True
        try:
            store.ping()
            if not is_at_newest_revision(store.engine):
                checks["migrations"], ready = "missing: run `python -m bridge migrate`", False
            elif why := check_ledger_gate(services=services):
                checks["restored"], ready = f"{why}: run `python -m bridge restore-check`", False
            elif "deep" in request.args:
                checks |= _look_deep(services)
                ready = not checks["silent"]
        except BridgeError:
            checks["database"], checks["migrations"], ready = DATABASE_DOWN, "unknown", False
        if services.queue.depth() is None:
            checks["redis"] = "unreachable: deliveries are kept and done later"
        return jsonify(status="ready" if ready else "not ready", **checks), 200 if ready else 503

    return page


def _look_deep(services: Services) -> dict[str, Any]:
    """Return when clock and workers were last seen, which of them are silent, and which rows stand still.

    Raises StoreUnavailable.
    """
    now = services.clock.now()
    with services.store.read() as tx:
        liveness = read_liveness(tx=tx)
    seen = {"clock": liveness.last_turn_at, "worker": liveness.last_worker_at}
    ages = {name: f"last seen {describe_age(now - at)} ago" if at else "never seen" for name, at in seen.items()}
    found = list_liveness_conditions(liveness, now=now, services=services)
    return {**ages, "workers": liveness.workers, "silent": [f"{one.condition} {one.reason}".rstrip() for one in found]}
