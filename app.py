"""The WSGI callable `app`: settings become services become Flask."""

from __future__ import annotations

import sys

import structlog

from bridge import logs
from bridge.bootstrap import make_services, make_store
from bridge.errors import BridgeError, SettingsInvalid
from bridge.web import create_app
from config.load import load_all
from workers.connection import connect
from workers.queues import Bell

try:
    start = load_all()
    logs.configure(start.settings.log_level, start.settings.log_format)
    queue = Bell(connect(start.settings.redis_url, patient=False, tls=start.settings.redis_tls))
    store = make_store(start.settings, queue)
except (SettingsInvalid, BridgeError) as fault:
    lines = fault.faults if isinstance(fault, SettingsInvalid) else [str(fault)]
    sys.exit("\n".join(["The bridge cannot start:", *(f"  {line}" for line in lines)]))

for missing in start.missing:
    structlog.get_logger().warning("setting.unset", what=missing)
app = create_app(make_services(start, queue, store), store)
