"""Tokens: stored sealed, replaced together, refreshed by one process at a time."""

import threading
from datetime import timedelta

from bridge.store.shops.tokens import REFRESH_LOCK_S, StoredTokenCache
from tests.factories import NOW, SHOP

LATER = NOW + timedelta(hours=1)


def test_a_new_refresh_token_replaces_the_old_and_no_new_one_leaves_it(store):
    cache = StoredTokenCache(store)
    cache.save_token(SHOP, "shpat_1", LATER, "shprt_1")
    assert (cache.get_access_token(SHOP), cache.get_refresh_token(SHOP)) == (("shpat_1", LATER), "shprt_1")
    cache.save_token(SHOP, "shpat_2", LATER)
    assert (cache.get_access_token(SHOP), cache.get_refresh_token(SHOP)) == (("shpat_2", LATER), "shprt_1")
    cache.save_token(SHOP, "shpat_3", LATER, "shprt_2")
    assert (cache.get_access_token(SHOP), cache.get_refresh_token(SHOP)) == (("shpat_3", LATER), "shprt_2")


def test_one_of_many_has_the_turn_until_it_gives_it_back_or_died(store, clock):
    cache = StoredTokenCache(store)
    cache.save_token(SHOP, "shpat_1", LATER, "shprt_1")
    turns = []
    threads = [threading.Thread(target=lambda: turns.append(cache.acquire_refresh_lock(SHOP))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(turns) == [False] * 7 + [True]
    cache.release_refresh_lock(SHOP)
    assert cache.acquire_refresh_lock(SHOP)
    assert not cache.acquire_refresh_lock(SHOP)
    clock.at = NOW + timedelta(seconds=REFRESH_LOCK_S + 1)
    assert cache.acquire_refresh_lock(SHOP)


def test_nothing_of_a_token_rests_in_the_clear(store):
    StoredTokenCache(store).save_token(SHOP, "shpat_canary", LATER, "shprt_canary")
    with store.transaction() as tx:
        row = tx.session.connection.exec_driver_sql("SELECT token, refresh FROM tokens").one()
        assert not any(b"canary" in bytes(value) for value in row)
        assert tx.tokens.list_tokens() == [(SHOP, LATER, True)]
        assert tx.tokens.delete_tokens(SHOP)
        assert not tx.tokens.delete_tokens(SHOP)
        assert tx.tokens.read_tokens(SHOP) is None


def test_without_a_token_there_is_no_turn(store):
    cache = StoredTokenCache(store)
    assert (cache.get_access_token(SHOP), cache.get_refresh_token(SHOP), cache.acquire_refresh_lock(SHOP)) == (
        None,
        "",
        False,
    )
