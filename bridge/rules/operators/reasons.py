"""Decide whether a reason says why somebody reads personal data. One rule for every reading. Pure.

It cannot tell a true reason from an invented one; it refuses what says nothing to whoever reads the evidence later.
"""

from __future__ import annotations

import re
import unicodedata

MIN_WORDS, MIN_LETTERS = 2, 8
# scripts that put no blanks between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese
_UNSPACED_SCRIPTS = re.compile("[\u0e01-\u0edf\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff]")
MIN_UNSPACED_LETTERS = 4
_FILLERS = frozenset(
    """
    a an and as asdf at be because bla blah check checking data do dummy example fix foo bar baz for hello i in is it just
    lorem ipsum me my na no none nothing ok okay of on please pls qwerty qwertz random reason reasons reading read see some
    something stuff temp test testing tests that the thing this to todo tbd try trying unknown untitled want we whatever
    why work xxx xyz yes zzz demo anything look looking looked need needed
    """.split()  # noqa: SIM905 - a list of words reads as words
)
_KEYBOARD_ROWS = (
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
)


def says_no_reason(text: str) -> bool:
    """Return whether a text is one word, or nothing but fillers, repeated letters or keys that lie side by side.

    A word counts where it has two letters or more, or is a number such as that of a ticket.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    # the vowel signs of Indian scripts are marks, no letters
    words = "".join(each if unicodedata.category(each)[0] in "LMN" else " " for each in plain).split()
    meaningful = [word for word in words if not _is_filler(word)]
    counted = [word for word in words if len(word) > 1 or word.isdecimal()]
    letters = sum(map(len, words))
    if not any(not word.isdecimal() for word in meaningful):
        return True
    if any(_UNSPACED_SCRIPTS.search(word) for word in meaningful):
        return letters < MIN_UNSPACED_LETTERS
    return len(set(counted)) < MIN_WORDS or letters < MIN_LETTERS


def _is_filler(word: str) -> bool:
    letters = re.sub(r"\d", "", word)
    if word.isdecimal():
        return False
    if letters in _FILLERS or len(set(letters)) < min(2, len(word)) or (len(letters) > 3 and len(set(letters)) < 3):
        return True
    return len(letters) > 2 and any(letters in row or letters[::-1] in row for row in _KEYBOARD_ROWS)
