"""The chain's arithmetic, against digests computed apart."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import EvidenceBroken
from bridge.rules.chain import GENESIS, canonical, chained, link, verify
from tests.factories import NOW


def events(count):
    made, before = [], GENESIS
    for seq in range(1, count + 1):
        event = chained(
            seq=seq,
            at=NOW,
            actor="bridge",
            fact="task.done",
            shop="s",
            request_id="r",
            subject="p",
            detail={"records": seq},
            prev_hash=before,
        )
        made.append(event)
        before = event.hash
    return made


def test_a_link_is_the_digest_of_the_hash_before_and_the_content():
    [event] = events(1)
    content = (
        '{"actor":"bridge","at":"2026-11-22T10:00:00+00:00","detail":{"records":1},"fact":"task.done",'
        '"request_id":"r","seq":1,"shop":"s","subject":"p"}'
    )
    assert event.hash == link(event) == hashlib.sha256((GENESIS + content).encode()).hexdigest()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, "ü"]}, '{"a":[true,null,"ü"],"b":1}'),
        ({}, "{}"),
        ({"a": {"z": "\n", "y": '"'}}, '{"a":{"y":"\\"","z":"\\n"}}'),
    ],
)
def test_canonical_json_is_sorted_tight_and_in_utf8(value, text):
    assert canonical(value) == text.encode()


def test_what_is_no_number_is_not_written():
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"a": float("nan")})


def test_a_whole_chain_verifies():
    made = events(4)
    assert verify(made, length=4, head=made[-1].hash) == 4
    assert verify([], length=0, head=GENESIS) == 0


@given(data=st.data())
def test_any_one_change_names_its_row(data):
    made = events(5)
    place = data.draw(st.integers(0, 4))
    change = data.draw(
        st.sampled_from(
            [
                {"seq": 9},
                {"at": NOW.replace(year=2025)},
                {"actor": "x"},
                {"fact": "x"},
                {"shop": "x"},
                {"request_id": "x"},
                {"subject": "x"},
                {"detail": {}},
                {"prev_hash": "x"},
                {"hash": "x"},
            ]
        )
    )
    made[place] = replace(made[place], **change)
    with pytest.raises(EvidenceBroken) as caught:
        verify(made, length=5, head=events(5)[-1].hash)
    assert caught.value.seq == place + 1


@pytest.mark.parametrize(
    ("told", "seq"),
    [(lambda made: made[1:], 1), (lambda made: made[:-1], 5), (lambda made: made[:2] + made[3:], 3)],
)
def test_a_missing_row_is_named(told, seq):
    made = events(5)
    with pytest.raises(EvidenceBroken, match=f"row {seq}"):
        verify(told(made), length=5, head=made[-1].hash)
    with pytest.raises(EvidenceBroken, match="row 6"):
        verify(made, length=5, head="x")
