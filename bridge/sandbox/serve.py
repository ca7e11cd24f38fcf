"""`python -m bridge serve`: web, worker, clock and an embedded Redis in one terminal.

It is for development. A process that ends is started again; Ctrl-C stops all.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import ExitStack

from bridge.errors import BridgeError, SettingsInvalid
from bridge.sandbox.processes import Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from config.load import read_configuration
from config.settings import read_environment

CHECK_EVERY_S = 1.0


def main() -> None:
    """Serve until interrupted."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    try:
        _run_processes(stop)
    except SettingsInvalid as invalid:
        sys.exit("\n".join(["The bridge cannot start:", *(f"  {fault}" for fault in invalid.faults)]))
    except BridgeError as fault:
        sys.exit(f"The bridge cannot start: {fault}")


def _run_processes(stop: threading.Event) -> None:
    environ = read_environment()
    configuration = read_configuration(environ)
    for missing in configuration.missing:
        print(missing)
    with ExitStack() as stack:
        if not environ.get("REDIS_URL"):
            environ["REDIS_URL"] = stack.enter_context(Valkey()).url
        environ.setdefault("LOG_FORMAT", "text")
        bridge = stack.enter_context(Bridge(environ, port=configuration.settings.port, echo=True))
        bridge.migrate()
        bridge.start()
        print(f"\nThe bridge listens at {bridge.url}. Try: python -m bridge send customers/data_request\n", flush=True)
        while not stop.wait(CHECK_EVERY_S):
            for name, code in bridge.pop_exit_codes().items():
                print(f"{name} ended with exit code {code} and was started again.", flush=True)
                bridge.start_process(name.partition(".")[0])
        print(f"Stopping (process {os.getpid()}) …", flush=True)


if __name__ == "__main__":
    main()
