"""Configure how gunicorn serves `app:app`. Reads settings, never the environment; logs no address and no URL."""

from __future__ import annotations

import hmac
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from bridge.errors import SettingsInvalid
from config.load import read_configuration


class QuietLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """A logger without access log, whatever GUNICORN_CMD_ARGS asks for, and without addresses in warnings.

    Heroku's buildpack sets `--access-logfile -`, which would override `accesslog` below.
    """

    def access(self, *_: Any, **__: Any) -> None:
        """Write nothing: addresses and URLs are personal."""

    def debug(self, msg: str, *_: Any, **__: Any) -> None:
        """Cut what gunicorn would fill in: at this level it names the path of each request, and with it tokens of links."""
        super().debug("%s", str(msg).partition("%")[0].partition("\n")[0].strip() or "a request")

    def warning(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """Cut what the stranger sent: gunicorn names the address, and the header it did not like."""
        if str(msg).startswith("Invalid request from"):
            msg, args = "Invalid request refused", ()
        super().warning(msg, *args, **kwargs)

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """Cut the URL that gunicorn names, for that of a notice opens it, and the text of what was raised."""
        if str(msg).startswith("Error handling request"):
            super().error("Error handling a request: %s", type(sys.exc_info()[1]).__name__)
        else:
            super().exception(msg, *args, **kwargs)


try:
    settings = read_configuration().settings
except SettingsInvalid as invalid:
    sys.exit("\n".join(["The bridge cannot start:", *(f"  {fault}" for fault in invalid.faults)]))

# Prometheus adds up the counters of all web processes from files in this folder. It stays the same over a reload, and
# nobody else on the machine can tell its name beforehand and stand in its way.
_name = hmac.digest(settings.pseudonym_key.reveal_bytes(), f"metrics folder|{os.getpid()}".encode(), "sha256").hex()
metrics = Path(tempfile.gettempdir()) / f"bridge-metrics-{_name[:32]}"
raw_env = [f"PROMETHEUS_MULTIPROC_DIR={metrics}"]

bind = f"0.0.0.0:{settings.port}"
worker_class = "gthread"
workers = settings.web_concurrency
threads = 32  # a request that waits for a commit or a slow body holds one
timeout = 30  # a worker that is silent for so long is replaced
graceful_timeout = 25  # Heroku kills 30 s after SIGTERM
keepalive = 5
max_requests = 20_000  # replaces workers before a slow leak matters; the jitter keeps them from restarting together
max_requests_jitter = 2_000
preload_app = False  # an engine or a thread made before the fork would be shared after it
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - heartbeats must not wait for a disk
control_socket_disable = True
forwarder_headers = ""  # nobody outside says under which path the application stands
logger_class = QuietLogger
accesslog = None
errorlog = "-"
loglevel = settings.log_level.lower()


def on_starting(server: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Begin with an empty folder: the files of a dead master would be counted again."""
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(mode=0o700)


def child_exit(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Drop the gauges of a process that is gone."""
    from prometheus_client import multiprocess  # noqa: PLC0415 - looks for its folder when imported

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Leave nothing behind."""
    shutil.rmtree(metrics, ignore_errors=True)
