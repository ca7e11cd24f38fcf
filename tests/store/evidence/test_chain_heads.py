"""Signed heads: they reveal a rebuilt chain, and cannot be changed themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from bridge.errors import BridgeError, EvidenceBroken
from bridge.model import Fact
from bridge.rules.evidence.chain_heads import encode_head_statement
from bridge.steps.evidence.sign_head import sign_head
from bridge.store import Keyring, SqlStore
from tests.factories import NOW
from tests.tamper import append, make_anew, tamper

TODAY = NOW.date()
CHANGED = "UPDATE evidence SET detail = '{\"records\": 9}' WHERE seq = 3"


def verify(store, *marks):
    with store.transaction() as tx:
        return tx.evidence.verify_chain(marks)


@pytest.fixture
def signed(services):
    """A chain of seven rows: five, the signing of the fifth, one more; and the head that was signed."""
    append(services.store)
    head = sign_head(services=services)
    append(services.store, 1)
    return head


def test_a_head_is_signed_over_its_statement_and_verifies(store, vault, signed):
    assert (signed.day, signed.seq, signed.signed_at) == (TODAY, 5, NOW)
    assert (
        encode_head_statement(signed)
        == (
            f'{{"day":"2026-11-22","hash":"{signed.hash}","schema":"evidence-head/1","seq":5,'
            '"signed_at":"2026-11-22T10:00:00+00:00"}'
        ).encode()
    )
    assert vault.verify(encode_head_statement(signed), signed.signature)
    with store.transaction() as tx:
        assert tx.signed_heads.list_signed_heads() == [signed]
    assert verify(store) == 7


def test_t22_a_rebuilt_chain_verifies_alone_but_not_with_its_signed_head(store, signed):
    make_anew(store, CHANGED)
    with pytest.raises(EvidenceBroken, match=r"row 5: another hash was signed for it"):
        verify(store)


def test_t22_a_head_stored_outside_reveals_that_the_signed_one_was_removed(store, signed):
    """Where the heads and their facts were removed, only a head stored outside reveals it."""
    make_anew(store, CHANGED, "DELETE FROM evidence WHERE seq = 6", "DELETE FROM evidence_heads")
    assert verify(store) == 6
    with pytest.raises(EvidenceBroken) as caught:
        verify(store, (signed.seq, signed.hash))
    assert caught.value.seq == 5


def test_a_chain_that_was_cut_before_a_signed_head_names_the_first_row_that_is_missing(store, signed):
    make_anew(store, "DELETE FROM evidence WHERE seq >= 3")
    with pytest.raises(EvidenceBroken, match=r"row 3: missing: a head was signed at row 5"):
        verify(store)


@pytest.mark.parametrize(
    ("statement", "bad"),
    [
        ("DELETE FROM evidence_heads", 6),
        ("UPDATE evidence_heads SET signature = public_key", 6),
        ("UPDATE evidence_heads SET seq = 4", 4),
        ("UPDATE evidence_heads SET seq = 4, hash = (SELECT hash FROM evidence WHERE seq = 4)", 4),
    ],
)
def test_a_changed_or_missing_head_is_found(store, signed, statement, bad):
    tamper(store, statement)
    with pytest.raises(EvidenceBroken) as caught:
        verify(store)
    assert caught.value.seq == bad


@pytest.mark.parametrize(
    "deed", ["DELETE FROM evidence_heads", "UPDATE evidence_heads SET hash = 'x'", "UPDATE evidence_heads SET day = '2020-01-01'"]
)  # fmt: skip
def test_the_database_refuses_to_change_what_was_signed(store, signed, deed):
    with pytest.raises(BridgeError), store.transaction() as tx:
        tx.session.connection.execute(text(deed))
    assert verify(store) == 7


def test_a_head_signed_with_a_former_key_still_verifies(store, clock, signed, database_url):
    after = SqlStore(database_url, keyring=Keyring([("k1", b"1" * 32)], b"p" * 32, b"t" * 32), now=clock.now)
    assert verify(after) == 7
    assert after.keyring.public_key != signed.public_key
    assert not after.keyring.verify(encode_head_statement(signed), signed.signature)
    assert after.keyring.verify(encode_head_statement(signed), signed.signature, signed.public_key)
    assert not after.keyring.verify(encode_head_statement(replace(signed, seq=4)), signed.signature, signed.public_key)
    assert not after.keyring.verify(encode_head_statement(signed), signed.signature, "AAAA")
    after.close()


def test_a_day_has_one_head_and_an_empty_chain_has_none(services, clock):
    assert sign_head(services=services) is None, "nothing was ever recorded"
    append(services.store, 1)
    assert sign_head(services=services).day == TODAY
    assert sign_head(services=services) is None
    clock.at += timedelta(hours=8, minutes=29)  # 23:59 in India
    assert sign_head(services=services) is None
    clock.at += timedelta(minutes=1)
    assert sign_head(services=services).day == date(2026, 11, 23)
    with services.store.transaction() as tx:
        facts = [fact for fact in tx.evidence.iterate_facts() if fact.fact == Fact.HEAD_SIGNED]
        assert [(fact.detail["day"], fact.detail["seq"]) for fact in facts] == [("2026-11-22", 1), ("2026-11-23", 2)]
        assert facts[1].detail["hash"] == facts[0].hash
