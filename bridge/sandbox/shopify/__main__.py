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
    say = argparse.ArgumentParser(prog="python -m bridge.sandbox.shopify", description=__doc__)
    say.add_argument("--port", type=int, default=0)
    say.add_argument("--shop", default=INVENTED_SHOP)
    say.add_argument("--orders", type=int, default=40)
    say.add_argument("--heavy", type=int, default=0, help="orders of Heavy Orderson")
    say.add_argument("--latency-ms", type=float, default=0.0)
    say.add_argument("--maximum", type=float, default=20_000)
    say.add_argument("--restore-rate", type=float, default=10_000)
    given = say.parse_args()
    world = invent_world(
        shop=given.shop, orders=given.orders, heavy_orders=given.heavy, now=datetime.now(UTC)
    )
    stand_in = ShopifyStandIn(world, port=given.port, maximum=given.maximum, restore_rate=given.restore_rate)
    stand_in.latency_s = given.latency_ms / 1000
    load_schema(VERSIONS[-1])  # the first caller should not wait for the schema
    gc.freeze()  # schema and world stay: the collector need not walk them in the middle of an answer
    print(
        f"SHOPIFY_BASE_URL={stand_in.url} SHOPIFY_CLIENT_ID={CLIENT_ID} SHOPIFY_CLIENT_SECRETS={CLIENT_SECRET}",
        flush=True,
    )
    stand_in.run()


if __name__ == "__main__":
    main()
