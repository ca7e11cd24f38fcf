"""The Shopify stand-in of the bench as a process of its own: one shop for each size of customer."""

from __future__ import annotations

import gc
import random
import sys
from dataclasses import replace
from datetime import UTC, datetime
from zlib import crc32

from bridge.sandbox.carriers import make_bluedart, make_delhivery
from bridge.sandbox.schema import VERSIONS, load_schema
from bridge.sandbox.shopify.server import ShopifyStandIn
from bridge.sandbox.world import invent_world
from bridge.sandbox.world.factory import WorldFactory
from bridge.sandbox.world.models import World

NOW = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def invent_shop(people: int, orders: int, youngest: int = 2, oldest: int = 50, number: int = 0) -> World:
    """A shop whose last people have so many orders each, of these days ago; `number` tells shops of one size apart.

    Equal arguments give equal shops on one day.
    """
    shop = f"bench-{people}-{orders}{f'-{number}' if number else ''}.myshopify.com"
    base = invent_world(shop=shop, orders=0, now=NOW)
    make = WorldFactory(
        rng=random.Random(shop),  # noqa: S311 - equal worlds in two processes
        now=NOW,
        # half a step away from the base's, so that no number is used twice
        next_id=6_000_050_000_000 + crc32(shop.encode()) % 1_000 * 100_000_000,
    )
    crowd = []
    for place in range(people):
        who = make.make_person(
            "Benchmark", f"Person {place}", f"person{place}@example.com", f"+9190002{place:05d}", "1 Bench Road", 2
        )
        crowd.append(who)
        for one in range(orders):
            make.make_order(
                who,
                days_ago=oldest - (oldest - youngest) * one / orders,
                carrier=("delhivery", "bluedart")[one % 2],
                gateway=("prepaid", "cod")[one % 2],
            )
    return replace(base, people=(*base.people, *crowd), orders=(*base.orders, *make.orders))


def main() -> None:
    """Serve the shops named by what `invent_shop` takes, as `people:orders`, and their carriers; print where they are."""
    worlds = [invent_shop(*map(int, wanted.split(":"))) for wanted in sys.argv[1:]]
    parcels = replace(worlds[0], orders=tuple(order for world in worlds for order in world.orders))
    carriers = [make_delhivery(parcels).start(), make_bluedart(parcels).start()]
    # A bucket that never empties: what is measured is the bridge, not Shopify's allowance.
    stand_in = ShopifyStandIn(*worlds, maximum=1e9, restore_rate=1e9)
    load_schema(VERSIONS[-1])
    gc.freeze()
    sys.stdout.write(" ".join([stand_in.base_url, *(one.base_url for one in carriers)]) + "\n")
    sys.stdout.flush()
    stand_in.run()


if __name__ == "__main__":
    main()
