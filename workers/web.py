"""Serve `app:receive` with the web server Granian: `python -m workers.web`. Reads settings; logs no address and no URL."""

from __future__ import annotations

import sys

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings

from bridge.errors import SettingsInvalid
from config.load import read_configuration


def main() -> None:
    try:
        settings = read_configuration().settings
    except SettingsInvalid as invalid:
        sys.exit("\n".join(["The bridge cannot start:", *(f"  {fault}" for fault in invalid.faults)]))
    Granian(
        "app:receive",
        address="0.0.0.0",
        port=settings.port,
        interface=Interfaces.RSGI,
        workers=settings.web_concurrency,
        loop=Loops.auto,
        http=HTTPModes.http1,
        websockets=False,
        backlog=2048,
        backpressure=8192,
        http1_settings=HTTP1Settings(header_read_timeout=5000),
        workers_kill_timeout=25,
        respawn_failed_workers=True,
        log_level="warning",
    ).serve()


if __name__ == "__main__":
    main()
