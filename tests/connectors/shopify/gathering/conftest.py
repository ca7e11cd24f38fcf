"""Fixtures of the tests of gathering: a shop in memory behind Shopify's address."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import responses

from tests.connectors.shopify.shopify_shop import API, Shop


@pytest.fixture
def serve_shop() -> Iterator[Callable[[Shop], Shop]]:
    """Answer Shopify's address from a shop in memory; stand-ins on this machine are reached as ever."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_passthru("http://127.0.0.1")

        def serve(shop: Shop) -> Shop:
            mock.add_callback(responses.POST, API, callback=shop.answer)
            return shop

        yield serve
