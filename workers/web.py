"""The web process: serves `app:receive` with Granian. `python -m workers.web`.

Reads settings, never the environment; logs no address and no URL. The server's own process makes nothing but its
children, one for each of WEB_CONCURRENCY: an engine or a thread that was made before a fork would be shared after it.
"""

from __future__ import annotations

import hmac
import os
import shutil
import sys
import tempfile
from pathlib import Path

import structlog
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from bridge import logs
from bridge.errors import SettingsInvalid
from bridge.telemetry import require_extras
from config.load import read_configuration
from config.settings import Settings
from workers.open_files import raise_open_files_limit

LISTEN_BACKLOG = 2048
MAX_REQUESTS_AT_ONCE = 8192  # of a process, also those that arrive slowly: each costs what it has sent
HEADER_TIMEOUT_MS = 5_000  # Shopify allows 5 s for the whole request
GRACE_S = 25  # Heroku kills 30 s after SIGTERM
LIFETIME_S = 6 * 3600  # replaces processes before a slow leak matters; the next one runs before the last one ends
HANDOVER_S = 15.0  # from the start of the next one: it must listen by then, also on a busy machine, or nobody does
LIBRARY_LOG = {"version": 1, "formatters": {}, "handlers": {}, "loggers": {"_granian": {"propagate": True}}}


def main() -> None:
    """Serve until SIGTERM. Ends with code 1 and the list of faults where a setting is missing or wrong."""
    try:
        configuration = read_configuration()
        require_extras(configuration.settings)  # else its children would end again and again
    except SettingsInvalid as invalid:
        sys.exit("\n".join(["The bridge cannot start:", *(f"  {fault}" for fault in invalid.faults)]))
    settings = configuration.settings
    logs.configure_logging(settings.log_level, settings.log_format)
    if configuration.missing:  # of development only: production has ended
        structlog.get_logger().info("setting.unset", count=len(configuration.missing))
    raise_open_files_limit()
    folder = _make_metrics_folder(settings)
    try:
        _serve(settings)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(settings: Settings) -> None:
    Granian(
        "app:receive",
        address="0.0.0.0" if settings.is_production else "127.0.0.1",  # noqa: S104 - the host routes to it
        port=settings.port,
        interface=Interfaces.RSGI,
        workers=settings.web_concurrency,
        http=HTTPModes.http1,
        websockets=False,
        backlog=LISTEN_BACKLOG,
        backpressure=MAX_REQUESTS_AT_ONCE,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS),
        workers_kill_timeout=GRACE_S,
        workers_lifetime=LIFETIME_S,
        respawn_failed_workers=True,
        respawn_interval=HANDOVER_S,
        # below INFO it would name what strangers send
        log_level=LogLevels.info if settings.log_level in ("DEBUG", "INFO") else LogLevels(settings.log_level.lower()),
        log_dictconfig=LIBRARY_LOG,
        log_access=False,
    ).serve()


def _make_metrics_folder(settings: Settings) -> Path:
    """Make the folder in which Prometheus adds up the counters of all web processes, and return it.

    It begins empty: the files of a server that was killed would be counted again. Nobody else on the machine can tell
    its name beforehand and stand in its way.
    """
    key = settings.pseudonym_key.reveal_bytes()
    name = hmac.digest(key, f"metrics folder|{os.getpid()}".encode(), "sha256").hex()
    folder = Path(tempfile.gettempdir()) / f"bridge-metrics-{name[:32]}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    return folder


if __name__ == "__main__":
    main()
