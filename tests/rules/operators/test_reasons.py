"""A reason says something, or no personal data is shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.operators.reasons import says_no_reason

NOTHING = [
    "",
    "x",
    "test",
    "TEST!",
    "asdf",
    "reading",
    "asdf asdf",
    "test test",
    "xx yy",
    "just a test",
    "asdfgh qwerty",
]
NOTHING += [
    "lkjh poiu",
    "because",
    "for work",
    "i need it",
    "4711 4712",
    "aaaa bbbb",
    "hahaha haha",
    "t e s t",
    "ok ok ok",
    "...",
]
NOTHING += ["\u1ebdx", "l\u00fd do", "\u7a0e", "\u7a0e\u52d9"]  # letters beyond Latin-1 make one word no longer
SOMETHING = [
    "tax audit",
    "answer to the request",
    "to pay the refund",
    "ticket 4711",
    "letter of 12 Nov",
    "the carrier asks",
]
SOMETHING += ["gesetzliche Pr\u00fcfung", "\u0917\u094d\u0930\u093e\u0939\u0915 \u0928\u0947 \u092a\u0942\u091b\u093e"]
SOMETHING += ["\u7a0e\u52d9\u8abf\u67fb\u306e\u305f\u3081"]


@pytest.mark.parametrize("text", NOTHING)
def test_p67_what_says_nothing_is_no_reason(text):
    """Requirement P-67."""
    assert says_no_reason(text)


@pytest.mark.parametrize("text", SOMETHING)
def test_p67_a_reason_of_two_words_is_one(text):
    """Requirement P-67, in any script."""
    assert not says_no_reason(text)


ONE_WORD = st.text(alphabet=st.characters(max_codepoint=0x0D7F, categories=("L", "Nd")), max_size=30)


# some single letters are written as several, with a point between them
@given(ONE_WORD.map(lambda word: unicodedata.normalize("NFKC", word)).filter(lambda word: not word or word.isalnum()))
def test_one_word_is_never_a_reason(word):
    assert says_no_reason(word)
