"""The WSGI callable `app`: reads the settings, makes the services, makes the Flask application."""

from __future__ import annotations

import atexit
import sys

from bridge import logs
from bridge.bootstrap import make_services, make_store
from bridge.errors import BridgeError, SettingsInvalid
from bridge.telemetry import flush_telemetry, start_telemetry
from bridge.web import create_app
from bridge.web.notices.form import MAX_FORM_BYTES
from bridge.web.server import RequestReceiver
from bridge.web.webhooks import SIGNATURE_FAILURES, is_webhook
from config.load import read_configuration
from workers.connection import connect_redis
from workers.loaded_objects import freeze_loaded_objects
from workers.queues import RqJobQueue

try:
    app_configuration = read_configuration()
    logs.configure_logging(app_configuration.settings.log_level, app_configuration.settings.log_format)
    queue = RqJobQueue(
        connect_redis(app_configuration.settings.redis_url, for_worker=False, tls=app_configuration.settings.redis_tls)
    )
    store = make_store(app_configuration.settings, queue)
    start_telemetry("web", app_configuration.settings)
except (SettingsInvalid, BridgeError) as fault:
    lines = fault.faults if isinstance(fault, SettingsInvalid) else [str(fault)]
    sys.exit("\n".join(["The bridge cannot start:", *(f"  {line}" for line in lines)]))

logs.log_start("web")
services = make_services(app_configuration, queue, store)
app = create_app(services, store)


def close_store() -> None:
    """Record and commit what waits and end all connections, when no request is being answered any more."""
    app.extensions[SIGNATURE_FAILURES].flush_counts()
    store.close()
    services.ledger.close()
    flush_telemetry()


atexit.register(close_store)
receive = RequestReceiver(
    app,
    limit=max(app_configuration.settings.body_limit_bytes, MAX_FORM_BYTES),
    deadline_s=app_configuration.settings.body_deadline_s,
    threads=32,
    is_cooperative=is_webhook,
    on_stop=close_store,
)
freeze_loaded_objects()
