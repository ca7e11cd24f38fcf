"""Run the stand-in alone in its own process, for benchmarks that must not share the interpreter with it."""

from __future__ import annotations

import argparse
import gc
from datetime import UTC, datetime

from bridge.sandbox.schema import VERSIONS, load_schema
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET, ShopifyStandIn
from bridge.sandbox.world import INVENTED_SHOP, invent_world


def main() -> None:
    """Serve until interrupted. Prints one line with the settings when it listens."""
    parser = argparse.ArgumentParser(prog="python -m bridge.sandbox.shopify", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--shop", default=INVENTED_SHOP)
    parser.add_argument("--orders", type=int, default=40)
    parser.add_argument("--heavy", type=int, default=0, help="number of orders of the customer Heavy Orderson")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--maximum", type=float, default=20_000)
    parser.add_argument("--restore-rate", type=float, default=10_000)
    options = parser.parse_args()
    world = invent_world(shop=options.shop, orders=options.orders, heavy_orders=options.heavy, now=datetime.now(UTC))
    stand_in = ShopifyStandIn(world, port=options.port, maximum=options.maximum, restore_rate=options.restore_rate)
    stand_in.latency_s = options.latency_ms / 1000
    load_schema(VERSIONS[-1])  # the first call must not wait for the schema
    gc.freeze()  # schema and world stay alive: the garbage collector must not scan them during an answer
    print(
        f"SHOPIFY_BASE_URL={stand_in.url} SHOPIFY_CLIENT_ID={CLIENT_ID} SHOPIFY_CLIENT_SECRETS={CLIENT_SECRET}",
        flush=True,
    )
    stand_in.run()


if __name__ == "__main__":
    main()
