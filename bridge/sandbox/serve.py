"""`python -m bridge serve`: web, worker, clock and an embedded Redis in one terminal.

It is for development. A process that ends is started again; Ctrl-C stops all. With `--sandbox` the stand-ins of Shopify
and the carriers run too, and the bridge asks them.
"""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import threading
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime

from bridge.bootstrap import make_store
from bridge.errors import BridgeError, NeedsOperator, SettingsInvalid
from bridge.sandbox.activity import Activity, fold_missing
from bridge.sandbox.processes import Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from bridge.sandbox.world import INVENTED_SHOP
from config.load import Configuration, read_configuration
from config.settings import Settings, read_environment

CHECK_EVERY_S = 1.0
SANDBOX_ORDERS = 40
COMMAND = "bin/bridge"


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m bridge serve", description=__doc__)
    parser.add_argument("--sandbox", action="store_true", help="run the stand-ins too, and ask them")
    options = parser.parse_args()
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    try:
        _run_processes(stop, with_sandbox=options.sandbox)
    except SettingsInvalid as invalid:
        sys.exit("\n".join(["The bridge cannot start:", *(f"  {fault}" for fault in invalid.faults)]))
    except BridgeError as fault:
        sys.exit(f"The bridge cannot start: {fault}")


def _run_processes(stop: threading.Event, *, with_sandbox: bool) -> None:
    environ = read_environment()
    configuration = read_configuration(environ)
    settings = configuration.settings
    if settings.is_production:
        raise NeedsOperator("`serve` is for development, and these settings are of production: use the Procfile")
    _refuse_used_port(settings.port)
    print(*fold_missing(configuration.missing), sep="\n", flush=True)
    with ExitStack() as stack:
        if not environ.get("REDIS_URL"):
            environ["REDIS_URL"] = stack.enter_context(Valkey()).url
        environ |= {"LOG_FORMAT": "text", "LOG_LEVEL": "WARNING", "WEB_CONCURRENCY": "1"} | {
            name: environ[name] for name in ("LOG_FORMAT", "LOG_LEVEL", "WEB_CONCURRENCY") if environ.get(name)
        }
        if with_sandbox:
            environ |= _start_stand_ins(configuration, stack)
            print(f"The stand-ins serve {INVENTED_SHOP}: an invented shop, invented people, four carriers.", flush=True)
        bridge = stack.enter_context(Bridge(environ, port=settings.port, echo=True))
        bridge.migrate()
        store = stack.enter_context(closing(make_store(settings)))
        activity = Activity(store, datetime.now(UTC))
        bridge.start()
        shop = f" --shop {INVENTED_SHOP}" if with_sandbox and configuration.merchant.shops else ""
        print(f"The bridge listens at {bridge.url}. In another terminal:", flush=True)
        port = "" if settings.port == Settings.port else f"PORT={settings.port} "  # unset in the other terminal
        print(f"   {port}{COMMAND} send customers/data_request{shop}\n   {COMMAND} dsr list", flush=True)
        while not stop.wait(CHECK_EVERY_S):
            with suppress(BridgeError):  # the database is busy: next time
                for line in activity.list_news(datetime.now(UTC)):
                    print(line, flush=True)
            for name, code in bridge.pop_exit_codes().items():
                print(f"{name} ended with exit code {code} and was started again.", flush=True)
                bridge.start_process(name.partition(".")[0])
        print("Stopping …", flush=True)


def _refuse_used_port(port: int) -> None:
    """Raise NeedsOperator where another process listens at the port: web would try again for ever."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise NeedsOperator(f"port {port} is in use. Type: PORT={port + 1} make run") from None


def _start_stand_ins(configuration: Configuration, stack: ExitStack) -> dict[str, str]:
    """Start the stand-ins; return the settings that lead to them. `send` goes on to sign with the secret that it knows."""
    from bridge.sandbox.sandbox import StandIns, invent_worlds  # noqa: PLC0415 - loads Shopify's schema: only where asked

    stand_ins = StandIns(*invent_worlds(SANDBOX_ORDERS, datetime.now(UTC))).start()
    stack.callback(stand_ins.stop)
    found = dict(stand_ins.environment)
    own = [secret.reveal() for secret in configuration.settings.shopify_client_secrets]
    return {**found, "SHOPIFY_CLIENT_SECRETS": ",".join([found["SHOPIFY_CLIENT_SECRETS"], *own])}


if __name__ == "__main__":
    main()
