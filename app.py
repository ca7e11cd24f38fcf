"""The WSGI callable `app`: reads the settings, makes the services, makes the Flask application."""

from __future__ import annotations

import atexit
import gc
import sys

import structlog

from bridge import logs
from bridge.bootstrap import make_services, make_store
from bridge.errors import BridgeError, SettingsInvalid
from bridge.web import create_app
from config.load import read_configuration
from workers.connection import connect_redis
from workers.queues import RqJobQueue

try:
    app_configuration = read_configuration()
    logs.configure_logging(app_configuration.settings.log_level, app_configuration.settings.log_format)
    queue = RqJobQueue(
        connect_redis(app_configuration.settings.redis_url, for_worker=False, tls=app_configuration.settings.redis_tls)
    )
    store = make_store(app_configuration.settings, queue)
except (SettingsInvalid, BridgeError) as fault:
    lines = fault.faults if isinstance(fault, SettingsInvalid) else [str(fault)]
    sys.exit("\n".join(["The bridge cannot start:", *(f"  {line}" for line in lines)]))

for missing in app_configuration.missing:
    structlog.get_logger().warning("setting.unset", what=missing)
services = make_services(app_configuration, queue, store)
atexit.register(services.ledger.close)
atexit.register(store.close)  # runs first, when no request is being answered any more
app = create_app(services, store)
# what was made until here stays: looking at it for garbage again and again would cost more than most requests
gc.collect()
gc.freeze()
