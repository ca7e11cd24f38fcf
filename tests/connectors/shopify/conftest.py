"""Fixtures of the tests of Shopify's connector: stand-ins of Shopify, and connectors to them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.connectors.shopify import Shopify
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET, ShopifyStandIn
from bridge.sandbox.world import INVENTED_SHOP, World, invent_world


@pytest.fixture
def waits() -> list[float]:
    """The seconds that a connector waited between its calls."""
    return []


@pytest.fixture
def platform(waits: list[float]) -> Shopify:
    """A connector with a fixed token."""
    return Shopify(api_version="2026-10", access_token="shpat_canary", sleep=waits.append)


@pytest.fixture
def stand_in(request: pytest.FixtureRequest) -> Iterator[ShopifyStandIn]:
    """Shopify with a shop of as many orders as the module's `INVENTED_ORDERS`, or three."""
    orders = getattr(request.module, "INVENTED_ORDERS", 3)
    with ShopifyStandIn(invent_world(orders=orders, now=datetime.now(UTC))) as server:
        yield server


@pytest.fixture
def invented_shop(stand_in: ShopifyStandIn) -> Any:
    """What the stand-in holds of its shop."""
    return stand_in.shops[INVENTED_SHOP]


@pytest.fixture
def world(invented_shop: Any) -> World:
    return invented_shop.world


@pytest.fixture
def shopify(stand_in: ShopifyStandIn) -> Shopify:
    """A connector to the stand-in."""
    return Shopify(api_version="2026-10", base_url=stand_in.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)


@pytest.fixture(scope="module")
def heavy_world(request: pytest.FixtureRequest) -> World:
    """A world in which one customer has as many orders as the module's `HEAVY_ORDERS`."""
    return invent_world(orders=20, now=request.module.NOW, heavy_orders=request.module.HEAVY_ORDERS)


@pytest.fixture(scope="module")
def heavy_stand_in(heavy_world: World) -> Iterator[ShopifyStandIn]:
    """Shopify over the heavy world."""
    with ShopifyStandIn(heavy_world) as server:
        yield server
