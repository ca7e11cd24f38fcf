"""Expiring offline tokens at the stand-in: refreshed by one process at a time; a lost answer causes no lockout."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bridge.connectors.shopify import MemoryTokenCache, Shopify
from bridge.errors import CredentialRejected
from bridge.model import Principal
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET
from bridge.sandbox.world import INVENTED_SHOP
from bridge.store import SqlStore
from bridge.store.migrations.upgrade import upgrade_database
from bridge.store.shops.tokens import StoredTokenCache

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(hours=1)
ASHA = Principal(email="asha.qwertzuiop@example.com")


def connector(stand_in, cache):
    return Shopify(
        api_version="2026-10",
        base_url=stand_in.url,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        tokens=cache,
        sleep=lambda _: None,
    )


def grants(stand_in):
    return sum(count for name, count in stand_in.calls.summarize_calls()["by_name"].items() if "oauth" in name)


def test_an_expired_token_is_refreshed_and_the_new_pair_is_kept(stand_in):
    pair, cache = stand_in.token_servers[INVENTED_SHOP].issue_token_pair(), MemoryTokenCache()
    cache.save_token(INVENTED_SHOP, pair["access_token"], LONG_AGO, pair["refresh_token"])
    asked = connector(stand_in, cache)
    assert asked.run_checks(INVENTED_SHOP)[1].ok
    assert cache.get_refresh_token(INVENTED_SHOP) != pair["refresh_token"]
    assert asked.run_checks(INVENTED_SHOP)[1].ok
    assert grants(stand_in) == 1


def test_a_token_that_is_refused_is_refreshed_too(stand_in):
    pair, cache = stand_in.token_servers[INVENTED_SHOP].issue_token_pair(), MemoryTokenCache()
    cache.save_token(INVENTED_SHOP, pair["access_token"], NOW + timedelta(hours=1), pair["refresh_token"])
    stand_in.token_servers[INVENTED_SHOP].expire_tokens()
    assert connector(stand_in, cache).run_checks(INVENTED_SHOP)[1].ok


def test_a_lost_answer_costs_another_request_and_no_lockout(stand_in):
    pair, cache = stand_in.token_servers[INVENTED_SHOP].issue_token_pair(), MemoryTokenCache()
    cache.save_token(INVENTED_SHOP, pair["access_token"], LONG_AGO, pair["refresh_token"])
    stand_in.token_servers[INVENTED_SHOP].grant_token(
        {
            "grant_type": "refresh_token",
            "refresh_token": pair["refresh_token"],
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }
    )  # Shopify answered, but the answer was lost
    assert connector(stand_in, cache).run_checks(INVENTED_SHOP)[1].ok


def test_a_used_refresh_token_reports_what_to_do(stand_in):
    cache = MemoryTokenCache()
    cache.save_token(INVENTED_SHOP, "shpat_old", LONG_AGO, "shprt_spent")
    with pytest.raises(CredentialRejected, match="authorise the app again"):
        list(connector(stand_in, cache).gather(ASHA, shop=INVENTED_SHOP, parcels=()))
    assert not any("shprt" in check.detail for check in connector(stand_in, cache).run_checks(INVENTED_SHOP))


def test_many_processes_refresh_once(stand_in, database_url, vault):
    stores = [SqlStore(database_url, keyring=vault, now=lambda: datetime.now(UTC)) for _ in range(6)]
    upgrade_database(stores[0].engine)
    pair = stand_in.token_servers[INVENTED_SHOP].issue_token_pair()
    StoredTokenCache(stores[0]).save_token(INVENTED_SHOP, pair["access_token"], LONG_AGO, pair["refresh_token"])
    connectors = [
        Shopify(
            api_version="2026-10",
            base_url=stand_in.url,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            tokens=StoredTokenCache(store),
        )
        for store in stores
    ]
    with ThreadPoolExecutor(6) as pool:
        checks = list(pool.map(lambda one: one.run_checks(INVENTED_SHOP)[1].ok, connectors))
    for store in stores:
        store.close()
    assert checks == [True] * 6
    assert grants(stand_in) == 1
