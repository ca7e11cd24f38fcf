"""Run the stand-ins of Shopify and the carriers on loopback, and print the settings that lead to them.

`python -m bridge sandbox` is for people; the demo uses `--json`. All data is invented.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

from bridge.sandbox.carriers import (
    AFTERSHIP_KEY,
    BLUEDART_CREDENTIALS,
    DELHIVERY_TOKEN,
    SHIPROCKET_USER,
    make_aftership,
    make_bluedart,
    make_delhivery,
    make_shiprocket,
)
from bridge.sandbox.httpd import StandIn
from bridge.sandbox.schema import VERSIONS, load_schema
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET, ShopifyStandIn
from bridge.sandbox.world import INVENTED_SHOP, invent_world
from bridge.sandbox.world.models import World

UNINSTALLED_SHOP = "leaving-demo.myshopify.com"


def invent_worlds(orders: int, now: datetime, heavy_orders: int = 0) -> tuple[World, World]:
    """Return the invented shop, and a small one that uninstalls. Equal arguments give equal worlds."""
    return (
        invent_world(shop=INVENTED_SHOP, orders=orders, heavy_orders=heavy_orders, now=now),
        invent_world(shop=UNINSTALLED_SHOP, orders=6, now=now),
    )


class StandIns:
    """All five stand-ins, over the same worlds. `environment` has the settings that lead the bridge to them."""

    def __init__(self, *worlds: World, port: int = 0) -> None:
        """Listen on `port` and the four ports after it; 0 takes any free ports."""
        ports = [port + offset if port else 0 for offset in range(5)]
        main_world = worlds[0]
        self.shopify = ShopifyStandIn(*worlds, port=ports[0])
        self.delhivery = make_delhivery(main_world, port=ports[1])
        self.bluedart = make_bluedart(main_world, port=ports[2])
        self.shiprocket = make_shiprocket(main_world, port=ports[3])
        self.aftership = make_aftership(main_world, port=ports[4])
        self._known_waybill = next(
            (one.waybill for one in main_world.parcels if one.holder == "bluedart" and one.delivered_at), ""
        )

    @property
    def servers(self) -> Sequence[StandIn]:
        """Return the five servers."""
        return (self.shopify, self.delhivery, self.bluedart, self.shiprocket, self.aftership)

    @property
    def environment(self) -> dict[str, str]:
        """Return the settings for the bridge."""
        return {
            "SHOPIFY_BASE_URL": self.shopify.url,
            "SHOPIFY_CLIENT_ID": CLIENT_ID,
            "SHOPIFY_CLIENT_SECRETS": CLIENT_SECRET,
            "DELHIVERY_BASE_URL": self.delhivery.base_url,
            "DELHIVERY_TOKEN": DELHIVERY_TOKEN,
            "BLUEDART_BASE_URL": f"{self.bluedart.base_url}/in/transportation",
            **{f"BLUEDART_{name.upper()}": value for name, value in BLUEDART_CREDENTIALS.items()},
            "BLUEDART_KNOWN_WAYBILL": self._known_waybill,
            "SHIPROCKET_BASE_URL": f"{self.shiprocket.base_url}/v1/external",
            **{f"SHIPROCKET_{name.upper()}": value for name, value in SHIPROCKET_USER.items()},
            "AFTERSHIP_BASE_URL": f"{self.aftership.base_url}/tracking/2025-07",
            "AFTERSHIP_API_KEY": AFTERSHIP_KEY,
        }

    def start(self) -> StandIns:
        """Serve in threads, and load the schema so that the first call does not wait for it."""
        for server in self.servers:
            server.start()
        load_schema(VERSIONS[-1])
        return self

    def stop(self) -> None:
        """Stop all five."""
        for server in self.servers:
            server.stop()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m bridge sandbox", description=__doc__)
    parser.add_argument("--orders", type=int, default=40, help="number of orders of the first shop")
    parser.add_argument("--heavy", type=int, default=0, help="number of orders of one further customer")
    parser.add_argument("--port", type=int, default=0, help="first of five ports; 0 takes any free ones")
    parser.add_argument(
        "--now", type=datetime.fromisoformat, default=datetime.now(UTC), help="current time of the invented world"
    )
    parser.add_argument("--json", action="store_true", help="print the settings as one line of JSON")
    options = parser.parse_args()
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    servers = StandIns(*invent_worlds(options.orders, options.now, options.heavy), port=options.port).start()
    if options.json:
        print(json.dumps(servers.environment), flush=True)
    else:
        print(
            f"The stand-ins serve {INVENTED_SHOP} and {UNINSTALLED_SHOP} with invented people. Settings for the bridge:\n"
        )
        print("\n".join(f"export {name}='{value}'" for name, value in servers.environment.items()))
        print("\nPOST /_sandbox/faults causes faults (docs/sandbox.md). Press Ctrl-C to stop.", flush=True)
    stop.wait()
    servers.stop()


if __name__ == "__main__":
    main()
