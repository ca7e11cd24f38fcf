"""The hash chain, checked against digests that were computed separately."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import EvidenceBroken
from bridge.model import Event
from bridge.rules.evidence.chain import (
    GENESIS_HASH,
    build_chained_event,
    encode_canonical_json,
    hash_event,
    verify_chain,
)
from tests.factories import NOW


def events(count):
    made, before = [], GENESIS_HASH
    for seq in range(1, count + 1):
        draft = Event(
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
        event = build_chained_event(draft)
        made.append(event)
        before = event.hash
    return made


def test_a_link_is_the_digest_of_the_hash_before_and_the_content():
    [event] = events(1)
    content = (
        '{"actor":"bridge","at":"2026-11-22T10:00:00+00:00","detail":{"records":1},"fact":"task.done",'
        '"request_id":"r","seq":1,"shop":"s","subject":"p"}'
    )
    assert event.hash == hash_event(event) == hashlib.sha256((GENESIS_HASH + content).encode()).hexdigest()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, "ü"]}, '{"a":[true,null,"ü"],"b":1}'),
        ({}, "{}"),
        ({"a": {"z": "\n", "y": '"'}}, '{"a":{"y":"\\"","z":"\\n"}}'),
    ],
)
def test_canonical_json_is_sorted_tight_and_in_utf8(value, text):
    assert encode_canonical_json(value) == text.encode()


def test_names_are_in_the_order_of_the_rfc_s_own_example():
    """RFC 8785, 3.2.3: by UTF-16 code units, so that an emoji comes before a Hebrew letter."""
    given = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert list(json.loads(encode_canonical_json(given)).values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


def test_text_is_escaped_as_in_the_rfc_s_own_example():
    """RFC 8785, 3.2.2: short escapes where there are any, lower-case hex for the rest, nothing else."""
    given = {"string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\u0022/", "literals": [None, True, False]}
    assert encode_canonical_json(given) == (
        b'{"literals":[null,true,false],"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


SHORT = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def spelt(value):
    """RFC 8785 once more, letter by letter, with nothing of the code under test and nothing of `json`."""
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        letters = (SHORT.get(ord(c), f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in value)
        return '"' + "".join(letters) + '"'
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(spelt(item) for item in value) + "]"

    def units(name):
        raw = name.encode("utf-16-be")
        return [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]

    return "{" + ",".join(f"{spelt(name)}:{spelt(value[name])}" for name in sorted(value, key=units)) + "}"


WORDS = st.text(st.characters(codec="utf-8"))
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(WORDS, VALUES, max_size=5))
def test_canonical_json_is_that_of_a_second_implementation(value):
    assert encode_canonical_json(value) == spelt(value).encode()
    assert json.loads(encode_canonical_json(value)) == value


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (1.0, "no float"),
        (float("nan"), "no float"),
        (2**53, "beyond 2\\^53"),
        (-(2**53), "beyond 2\\^53"),
        ({1: "a"}, "a name that is no text"),
        (NOW, "no datetime"),
        (b"x", "no bytes"),
        ({"x"}, "no set"),
        ("\ud800", "surrogates not allowed"),
    ],
)
def test_what_is_not_canonical_is_refused_and_not_repeated(value, why):
    with pytest.raises(ValueError, match=why) as caught:
        encode_canonical_json({"deep": [value]})
    assert "2026" not in str(caught.value)


def test_a_complete_chain_verifies():
    made = events(4)
    assert verify_chain(made, length=4, head_hash=made[-1].hash) == 4
    assert verify_chain([], length=0, head_hash=GENESIS_HASH) == 0


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
        verify_chain(made, length=5, head_hash=events(5)[-1].hash)
    assert caught.value.seq == place + 1


@pytest.mark.parametrize(
    ("damage", "seq"), [(lambda made: made[1:], 1), (lambda made: made[:-1], 5), (lambda made: made[:2] + made[3:], 3)]
)
def test_a_missing_row_is_named(damage, seq):
    made = events(5)
    with pytest.raises(EvidenceBroken, match=f"row {seq}"):
        verify_chain(damage(made), length=5, head_hash=made[-1].hash)
    with pytest.raises(EvidenceBroken, match="row 6"):
        verify_chain(made, length=5, head_hash="x")


def test_a_signed_hash_must_equal_the_stored_one():
    made = events(4)
    marks = [(each.seq, each.hash) for each in made]
    assert verify_chain(made, length=4, head_hash=made[-1].hash, signed_hashes=marks) == 4
    with pytest.raises(EvidenceBroken, match="row 3: another hash was signed"):
        verify_chain(made, length=4, head_hash=made[-1].hash, signed_hashes=[*marks, (3, "x")])
    with pytest.raises(EvidenceBroken, match="row 5: missing: a head was signed at row 7"):
        verify_chain(made, length=4, head_hash=made[-1].hash, signed_hashes=[*marks, (9, "x"), (7, "x")])


def test_a_detail_that_was_never_canonical_is_an_alteration():
    made = events(3)
    made[1] = replace(made[1], detail={"records": 2.0})
    with pytest.raises(EvidenceBroken, match="row 2: altered"):
        verify_chain(made, length=3, head_hash=made[-1].hash)
