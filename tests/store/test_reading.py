"""A long reading holds up no writer, sees one state, and writes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.errors import BridgeError
from tests.factories import NOW, SHOP


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
