"""Fixtures of the tests of the sandbox: an invented world, Shopify's stand-in over it, and queries to that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from bridge.sandbox.shopify import ShopifyStandIn
from bridge.sandbox.world import World, invent_world


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> World:
    """The module's `WORLD`; else one invented at its `NOW`, in which one customer has its `HEAVY_ORDERS`."""
    made = getattr(request.module, "WORLD", None)
    heavy = getattr(request.module, "HEAVY_ORDERS", 0)
    return made or invent_world(now=request.module.NOW, heavy_orders=heavy)


@pytest.fixture(scope="module")
def stand_in(world: World) -> Iterator[ShopifyStandIn]:
    with ShopifyStandIn(world) as server:
        yield server


@pytest.fixture
def ask(stand_in: ShopifyStandIn) -> Iterator[Callable[..., Any]]:
    """Query the stand-in, which is as it was at its start; return the data of an answer without errors."""
    stand_in.reset()
    stand_in._control_tokens({"fixed": "shpat_fixed"})
    with requests.Session() as http:

        def ask(query: str, version: str = "2026-10", **variables: Any) -> Any:
            url = f"{stand_in.base_url}/admin/api/{version}/graphql.json"
            headers = {"X-Shopify-Access-Token": "shpat_fixed"}
            body = {"query": query, "variables": variables}
            answer = http.post(url, json=body, headers=headers, timeout=10).json()
            assert "errors" not in answer
            return answer["data"]

        yield ask
    stand_in.reset()
