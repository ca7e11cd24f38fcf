"""A long reading holds up no writer, sees one state, and writes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event

from bridge.errors import BridgeError
from tests.factories import NOW, SHOP, customer, merged
from tests.kit.indexing import ingest


def save_token(store, token):
    with store.transaction() as tx:
        tx.tokens.save_tokens(SHOP, token, NOW + timedelta(hours=1), "")


def read_token(tx):
    found = tx.tokens.read_tokens(SHOP)
    return found and found[0]


def test_a_reader_holds_up_no_writer_and_sees_one_state(store):
    save_token(store, "first")
    with store.read() as tx:
        assert read_token(tx) == "first"
        save_token(store, "second")
        assert read_token(tx) == "first"
    with store.read() as tx:
        assert read_token(tx) == "second"
    save_token(store, "third")


def test_a_writer_holds_up_no_reader(store):
    save_token(store, "first")
    with store.transaction() as tx:
        tx.tokens.save_tokens(SHOP, "second", NOW + timedelta(hours=1), "")
        with store.read() as other:
            assert read_token(other) == "first"
    with store.read() as tx:
        assert read_token(tx) == "second"


def test_a_reader_cannot_write(store):
    with pytest.raises(BridgeError), store.read() as tx:
        tx.tokens.save_tokens(SHOP, "first", NOW + timedelta(hours=1), "")
    save_token(store, "second")
    with store.read() as tx:
        assert read_token(tx) == "second"


def test_short_statements_may_each_see_another_state_and_hold_up_nobody(store):
    save_token(store, "first")
    with store.read(one_state=False) as tx:
        assert read_token(tx) == "first"
        save_token(store, "second")
        assert read_token(tx) == ("second" if store.engine.dialect.name == "postgresql" else "first")
    with store.read(one_state=False) as tx:
        assert read_token(tx) == "second"


@pytest.mark.parametrize("reads", [True, False], ids=["reads", "writes"])
def test_merges_are_asked_for_once_where_a_transaction_sees_one_state(store, reads):
    asked: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    ingest(store, customer(7001), customer(7002, email="b@example.com"))
    with store.read() if reads else store.transaction() as tx:
        keys = [tx.person_lookup.pseudonym(SHOP, "customer", number) for number in ("7001", "7002")]
        asked.clear()
        for key in keys * 3:
            assert tx.person_lookup.follow_merges(SHOP, key) == key
        assert len(asked) == (2 if reads else 6)


def test_a_transaction_that_writes_sees_a_merge_of_its_own(store):
    ingest(store, customer(7001), customer(7002, email="b@example.com"))
    with store.transaction() as tx:
        gone, kept = (tx.person_lookup.pseudonym(SHOP, "customer", number) for number in ("7001", "7002"))
        assert tx.person_lookup.follow_merges(SHOP, gone) == gone
        tx.index.ingest_sightings(SHOP, [merged(7001, 7002)])
        assert tx.person_lookup.follow_merges(SHOP, gone) == kept
