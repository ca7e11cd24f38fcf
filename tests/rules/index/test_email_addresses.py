"""All spellings of an e-mail address give one form; another mailbox keeps another."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.rules.index.identity import (
    MAX_IDENTIFIER_CHARS,
    is_readable_identifier,
    list_former_forms,
    list_normal_forms,
    normalise_identifier,
)
from tests.kit.suite.examples import count_examples

quick = settings(max_examples=count_examples(200), deadline=None, derandomize=True)
ASHA, BELA = "asha@example.com", "bela@example.com"


@pytest.mark.parametrize(
    "spelling",
    [
        *("Asha@Example.COM", " asha@example.com\n", "asha@example.com.", "asha@example.com..", "asha @ example.com"),
        *("asha\u00a0@example.com", "a\u200bsha@exam\u200dple.com", "\ufeffasha@example.com", "as\u00adha@example.com"),
        *(
            "mailto:asha@example.com",
            "mailto:asha%40example.com?subject=x",
            "e-mail: asha@example.com",
            "<asha@example.com>",
        ),
        *("Asha K <asha@example.com>", '"K, Asha" <asha@example.com>', "asha@example.com (home)", "'asha@example.com'"),
        *(
            "\u201casha@example.com\u201d",
            '"asha"@example.com',
            "asha\uff20example.com",
            "asha@example\u3002com",
            "asha@example\uff0ecom",
        ),
        *(
            "\uff21\uff53\uff48\uff41@example.com",
            "asha@example.com,",
            "asha@example.com; ",
            "asha@example.com asha@example.com",
        ),
    ],
)
def test_every_spelling_of_one_address_gives_its_form(spelling):
    assert list_normal_forms("email", spelling) == (ASHA,)
    assert is_readable_identifier("email", spelling)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "asha@example.com, bela@example.com",
            "asha@example.com;bela@example.com",
            "asha@example.com / bela@example.com",
        ),
        *(
            "asha@example.com/bela@example.com",
            "asha@example.com bela@example.com",
            "asha@example.com\nbela@example.com",
        ),
        *(
            "Asha <asha@example.com>, Bela <bela@example.com>",
            "Asha <asha@example.com> bela@example.com",
            "asha@example.com|bela@example.com",
        ),
    ],
)
def test_several_addresses_in_one_field_all_count(value):
    assert list_normal_forms("email", value) == (ASHA, BELA)


@pytest.mark.parametrize(
    ("unicode_domain", "punycode"),
    [
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("\u0909\u0926\u093e\u0939\u0930\u0923.\u092d\u093e\u0930\u0924", "xn--p1b6ci4b4b3a.xn--h2brj9c"),
        ("stra\u00dfe.example", "xn--strae-oqa.example"),
    ],
)
def test_an_international_domain_is_one_in_both_its_forms(unicode_domain, punycode):
    forms = {normalise_identifier("email", f"asha@{domain}") for domain in (unicode_domain, punycode, punycode.upper())}
    assert len(forms) == 1


def test_what_is_no_punycode_stays_as_it_is():
    assert normalise_identifier("email", "asha@xn--abc-.example") == "asha@xn--abc-.example"
    assert normalise_identifier("email", "asha@xn--\u00fc.example") == "asha@xn--\u00fc.example"


def test_dots_and_plus_tags_are_other_mailboxes():
    values = ("asha@example.com", "a.sha@example.com", "asha+shop@example.com", "asha@mail.example.com")
    assert len({normalise_identifier("email", value) for value in values}) == len(values)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "asha",
        "@",
        "@@asha@",
        "asha@",
        "@example.com",
        "a@b@c.example",
        "as ha@example.com",
        '"a b"@example.com',
        "none",
    ],
)
def test_what_is_no_address_is_not_read(value):
    """A word before an address may be its beginning: the rest would be another person's."""
    assert (list_normal_forms("email", value), is_readable_identifier("email", value)) == ((), False)


def test_an_address_beside_something_unreadable_counts_but_is_not_all():
    assert list_normal_forms("email", "asha@example.com, bela") == (ASHA,)
    assert not is_readable_identifier("email", "asha@example.com, bela")


@quick
@given(st.text(max_size=60), st.text("abAB.+@<>,;\"'()/ \u00df\u0130\ufb01\uff20\u200bxn-", max_size=40))
def test_a_form_is_its_own_form(anything, likely):
    for value in (anything, likely, f"{likely}@example.com"):
        form = normalise_identifier("email", value)
        assert normalise_identifier("email", form) == form


@pytest.mark.parametrize(
    "unit", ["a", "@", "a@b,", "<", "(", '"', "xn--", "<a@b>", " ", '"a', "a@xn--", "mailto:", "%40", "\u200b"]
)
def test_hostile_texts_cost_no_time(unit):
    began = time.perf_counter()
    for length in (200, MAX_IDENTIFIER_CHARS, 10**6):
        value = (unit * (length // len(unit)))[:length]
        list_normal_forms("email", value)
        list_former_forms("email", value)
    assert time.perf_counter() - began < 2


def test_former_forms_find_what_earlier_releases_stored():
    assert list_former_forms("email", "Asha <asha@example.com>") == ("asha <asha@example.com>",)
    assert list_former_forms("email", "asha@b\u00fccher.example") == ("asha@xn--bcher-kva.example",)
    assert list_former_forms("email", "Asha@example.com ") == ()
