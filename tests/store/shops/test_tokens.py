"""Tokens at rest: sealed, replaced together, refreshed by one process at a time."""

import threading
from datetime import timedelta

from bridge.store.shops.tokens import TURN_S, StoredTokens
from tests.factories import NOW, SHOP

LATER = NOW + timedelta(hours=1)


def test_a_new_refresh_token_replaces_the_old_and_no_new_one_leaves_it(store):
    kept = StoredTokens(store)
    kept.put(SHOP, "shpat_1", LATER, "shprt_1")
    assert (kept.get(SHOP), kept.refresh(SHOP)) == (("shpat_1", LATER), "shprt_1")
    kept.put(SHOP, "shpat_2", LATER)
    assert (kept.get(SHOP), kept.refresh(SHOP)) == (("shpat_2", LATER), "shprt_1")
    kept.put(SHOP, "shpat_3", LATER, "shprt_2")
    assert (kept.get(SHOP), kept.refresh(SHOP)) == (("shpat_3", LATER), "shprt_2")


def test_one_of_many_has_the_turn_until_it_gives_it_back_or_died(store, clock):
    kept = StoredTokens(store)
    kept.put(SHOP, "shpat_1", LATER, "shprt_1")
    turns = []
    threads = [threading.Thread(target=lambda: turns.append(kept.alone(SHOP))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(turns) == [False] * 7 + [True]
    kept.done(SHOP)
    assert kept.alone(SHOP)
    assert not kept.alone(SHOP)
    clock.at = NOW + timedelta(seconds=TURN_S + 1)
    assert kept.alone(SHOP)


def test_nothing_of_a_token_rests_in_the_clear(store):
    StoredTokens(store).put(SHOP, "shpat_canary", LATER, "shprt_canary")
    with store.transaction() as tx:
        row = tx.session.connection.exec_driver_sql("SELECT token, refresh FROM tokens").one()
        assert not any(b"canary" in bytes(value) for value in row)
        assert tx.tokens.shops() == [(SHOP, LATER, True)]
        assert tx.tokens.forget(SHOP)
        assert not tx.tokens.forget(SHOP)
        assert tx.tokens.read(SHOP) is None


def test_without_a_token_there_is_no_turn(store):
    kept = StoredTokens(store)
    assert (kept.get(SHOP), kept.refresh(SHOP), kept.alone(SHOP)) == (None, "", False)
