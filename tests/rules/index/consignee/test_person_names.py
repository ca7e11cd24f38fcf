"""The words of names, in Latin and other scripts."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.index.consignee.person_names import LETTER_PATTERN, split_name, split_words


@given(text=st.text(st.characters(max_codepoint=127), max_size=40) | st.text(max_size=40))
def test_a_text_without_other_letters_has_the_words_that_the_general_pattern_finds(text):
    assert split_words(text) == re.findall(f"{LETTER_PATTERN}+", text.casefold())


def test_titles_are_no_part_of_a_name():
    assert split_name("Mrs. Asha Qwertzuiop") == ("asha", "qwertzuiop")
    assert split_name("Dr José") == ("josé",)
