"""The stand-in of Shopify on a socket, and services that reconcile with it over both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.connectors.shopify import Shopify
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET, ShopifyStandIn
from bridge.sandbox.world import INVENTED_SHOP, World, invent_world
from bridge.services import Services
from tests.factories import NOW
from tests.factories import make_services as make_usual_services
from tests.steps.index.reconcile.reconcile_case import ReconcileCase


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> World:
    """A shop of as many orders as the module's `INVENTED_ORDERS`, or twelve; the last change of one is over, too."""
    return invent_world(orders=getattr(request.module, "INVENTED_ORDERS", 12), now=NOW - timedelta(days=10))


@pytest.fixture(scope="module")
def module_stand_in(world: World) -> Iterator[ShopifyStandIn]:
    with ShopifyStandIn(world) as server:
        yield server


@pytest.fixture
def stand_in(module_stand_in: ShopifyStandIn) -> Iterator[ShopifyStandIn]:
    """The stand-in as it was at first."""
    yield module_stand_in
    module_stand_in.faults.clear()
    module_stand_in.shops[INVENTED_SHOP].reset()


@pytest.fixture
def waits() -> list[float]:
    """The seconds that the connector waited."""
    return []


@pytest.fixture
def connector(stand_in: ShopifyStandIn, waits: list[float]) -> Shopify:
    return Shopify(
        api_version="2026-10",
        base_url=stand_in.url,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        sleep=waits.append,
    )


@pytest.fixture
def services(store: Any, clock: Any, queue: Any, connector: Shopify) -> Services:
    """Services whose platform is the stand-in; the merchant has its shop."""
    usual = make_usual_services(store, clock, queue, connector)
    return replace(usual, merchant=replace(usual.merchant, shops=(INVENTED_SHOP,)))


@pytest.fixture
def case(services: Services, world: World, stand_in: ShopifyStandIn) -> ReconcileCase:
    return ReconcileCase(services=services, world=world, stand_in=stand_in)
