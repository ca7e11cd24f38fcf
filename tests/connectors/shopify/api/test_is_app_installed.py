"""Whether a shop still has the app: Shopify accepts a token of it, or refuses, or cannot be asked."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.connectors.shopify import MemoryTokenCache, Shopify
from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET
from bridge.sandbox.world import INVENTED_SHOP

SHOP = "contract.myshopify.com"
API = f"https://{SHOP}/admin/api/2026-10/graphql.json"


def test_an_installed_app_is_known_by_its_token_until_it_is_uninstalled(stand_in, shopify):
    assert shopify.is_app_installed(INVENTED_SHOP) is True
    stand_in.token_servers[INVENTED_SHOP].installed = False
    assert shopify.is_app_installed(INVENTED_SHOP) is False


@pytest.mark.parametrize("installed", [True, False])
def test_an_expired_token_is_refreshed_to_know_it(stand_in, installed):
    server, cache = stand_in.token_servers[INVENTED_SHOP], MemoryTokenCache()
    pair = server.issue_token_pair()
    cache.save_token(INVENTED_SHOP, pair["access_token"], datetime.now(UTC) - timedelta(1), pair["refresh_token"])
    server.installed = installed
    asked = Shopify(
        api_version="2026-10", base_url=stand_in.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, tokens=cache
    )
    assert asked.is_app_installed(INVENTED_SHOP) is installed


@pytest.mark.parametrize(
    ("status", "installed"), [(200, True), (402, True), (403, True), (423, True), (401, False), (404, False)]
)
def test_a_frozen_or_locked_shop_has_the_app_an_unknown_one_has_not(mock, platform, status, installed):
    mock.post(API, status=status, json={"data": {"shop": {"id": "gid://shopify/Shop/1", "myshopifyDomain": SHOP}}})
    assert platform.is_app_installed(SHOP) is installed


def test_what_cannot_be_known_is_raised(mock, platform):
    for _ in range(3):
        mock.post(API, status=503)
    with pytest.raises(ConnectorUnavailable):
        platform.is_app_installed(SHOP)
    with pytest.raises(ConnectorRefused, match="no credentials"):
        Shopify(api_version="2026-10").is_app_installed(SHOP)
