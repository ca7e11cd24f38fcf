"""The lines of a certificate in each language: the same tables, the same counts and days, and no English left over in Hindi."""

from __future__ import annotations

import re
import string
from typing import Any

import pytest
from hypothesis import given, settings

from bridge.model import Absence, DocumentKind, Gap, Language, Outcome, TaskAction, TaskState
from bridge.rules.erasure.platform_erasure import NOT_CONFIRMED_STATEMENT, STATEMENTS
from bridge.rules.requests.same_person import NOT_LOOKED_UP, SEVERAL_CUSTOMERS
from bridge.rules.retention.holds import UNREADABLE_RULE_CITATION
from bridge.rules.retention.release import NO_INVOICE_CATEGORY, OPEN_LEGAL_HOLD_CITATION
from bridge.steps.erasure.outcome.erased_and_kept import RemainingRow, shorten_law
from bridge.steps.erasure.outcome.outcome_letter import OutcomeInput, build_outcome_values
from bridge.steps.erasure.outcome.outcome_words import OutcomeWords, load_outcome_tables
from bridge.steps.letters.letter_texts import load_letter_texts
from tests.factories import NOW, make_task
from tests.kit.suite.examples import count_examples
from tests.steps.erasure.outcome import outcome_case as case

SHARED = ("laws", "statements")  # keyed by the English text itself: English needs few of them or none
# What stays in Latin letters: names of firms, and short forms that people in India read as they are.
NAMES = re.compile(
    r"Shopify|Delhivery Limited|Blue Dart Express Limited|Delhivery|Blue Dart|Shiprocket|AfterShip|Google|SMS|CGST|DPDP|"
    r"LLP|PMLA|SPDI|CERT-In|EU"
)
SINGLE_TEXTS = ("reason", "remnants", "late_since", "cutoff", "answer")


def list_fields(text: Any) -> list[str]:
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name})


def say_lines(certificate: Any, language: Language) -> tuple[list[str], dict[str, Any]]:
    """Return every text that a letter takes from a certificate, and all values by name."""
    values = build_outcome_values(
        OutcomeInput(
            request=case.REQUEST,
            certificate=certificate,
            merchant=case.MERCHANT,
            retention=case.DECIDED,
            written_at=NOW,
            language=language,
        )
    )
    rows = [*values["erased"], *values["open_answers"]]
    texts = (
        [text for row in rows for text in row.values()]
        + [values[name] for name in SINGLE_TEXTS]
        + values["uninstructed"]
    )
    for row in values["remaining"]:
        assert isinstance(row, RemainingRow)
        texts += [row.what, row.why, row.until]
    return [text for text in texts if text], values


def list_forms(text: Any) -> list[str]:
    return list(text) if isinstance(text, list) else [text]


def is_counted_in_words(table: str, text: str) -> bool:
    """Return whether a text is the one for a count of one or none, where a language may say `once` or leave it out."""
    return table == "counted" and "{count}" not in text


def list_days(texts: list[str], language: Language) -> list[tuple[int, int, int]]:
    """Return the days that texts name, as numbers."""
    months = load_letter_texts(language).tables["words"]["months"]
    found = re.findall(rf"(\d{{1,2}}) ({'|'.join(months)}) (\d{{4}})", " ".join(texts))
    return sorted((int(year), months.index(month), int(day)) for day, month, year in found)


def list_counts(texts: list[str]) -> list[str]:
    """Return the numbers before nouns, whichever they are."""
    nouns = r"(?:records?|रिकॉर्ड|orders?|ऑर्डर|invoices?|बिल|credit notes?|क्रेडिट नोट|parcels?|पार्सल)"
    return sorted(re.findall(rf"([\d,]+) {nouns}(?!\w)", " ".join(texts)))


def find_english(texts: list[str]) -> list[str]:
    return [text for text in texts if re.search(r"[A-Za-z]{2,}", NAMES.sub("", text))]


def test_l02_both_languages_have_the_same_tables_codes_and_values():
    """Requirement L-02."""
    english, hindi = map(load_outcome_tables, Language)
    assert english.keys() | set(SHARED) == hindi.keys()
    for table in english.keys() - set(SHARED):
        assert english[table].keys() == hindi[table].keys(), table
        for code, text in english[table].items():
            for ours, theirs in zip(list_forms(text), list_forms(hindi[table][code]), strict=True):
                assert ours.strip()
                assert theirs.strip()
                assert list_fields(theirs) == list_fields(ours) or is_counted_in_words(table, ours), code


def test_every_statement_law_and_kind_of_document_has_words():
    hindi = load_outcome_tables(Language.HINDI)
    assert hindi["statements"].keys() == {*STATEMENTS.values(), NOT_CONFIRMED_STATEMENT}
    laws = {shorten_law(law.title) for law in case.RETENTION.laws.values()}
    assert hindi["laws"].keys() == laws | {UNREADABLE_RULE_CITATION, NO_INVOICE_CATEGORY, OPEN_LEGAL_HOLD_CITATION}
    assert load_outcome_tables(Language.ENGLISH)["laws"].keys() <= hindi["laws"].keys()
    for language in Language:
        tables = load_outcome_tables(language)
        assert {kind.value.replace("_", " ") for kind in DocumentKind} <= tables["counted"].keys()


@given(case.certificates())
@settings(max_examples=count_examples(60))
def test_a_hindi_letter_says_the_same_in_hindi(certificate):
    """Requirement L-02: each count and each day is the certificate's in both languages, and nothing is left in English."""
    (english, ours), (hindi, theirs) = (say_lines(certificate, language) for language in Language)
    assert not find_english(hindi)
    assert len(english) == len(hindi)
    for name in ("erased", "remaining", "open_answers", "uninstructed"):
        assert len(ours[name]) == len(theirs[name])
    assert list_days(english, Language.ENGLISH) == list_days(hindi, Language.HINDI)
    assert list_counts(english) == list_counts(hindi)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("reason", [SEVERAL_CUSTOMERS, NOT_LOOKED_UP])
@pytest.mark.parametrize("language", Language)
def test_accounts_in_doubt_are_counted(language, reason, count):
    what = f"{count} further customers" if reason == SEVERAL_CUSTOMERS else "further customers"
    task = make_task(
        case.REQUEST.id,
        "shopify",
        TaskAction.FIND_CUSTOMERS,
        state=TaskState.DONE,
        outcome=Outcome.FOUND,
        gaps=(Gap(system="shopify", absence=Absence.UNATTRIBUTED, what=what, reason=reason),),
    )
    texts, _ = say_lines(case.certify(case.make_erase_task(orders=1), task), language)
    text = " ".join(texts)
    expected = {
        (Language.ENGLISH, SEVERAL_CUSTOMERS): ("1 further account that", "2 further accounts that"),
        (Language.HINDI, SEVERAL_CUSTOMERS): ("1 और खाता मिलता है", "2 और खाते मिलते हैं"),
        (Language.ENGLISH, NOT_LOOKED_UP): ("leads to further accounts",) * 2,
        (Language.HINDI, NOT_LOOKED_UP): ("और खाते मिलते हैं या नहीं",) * 2,
    }
    assert expected[language, reason][count > 1] in text


def test_days_are_of_the_merchants_calendar_in_each_language():
    late_evening = "2026-11-30T20:00:00+00:00"  # the next day in India
    english, hindi = (OutcomeWords(language, case.ZONE) for language in Language)
    assert english.format_moment(late_evening) == "1 December 2026"
    assert hindi.format_moment(late_evening) == "1 दिसंबर 2026"
    assert hindi.format_day("2027-02-28") == "28 फ़रवरी 2027"
    assert [words.format_moment(None) + words.format_day(None) for words in (english, hindi)] == ["", ""]


def test_what_nobody_has_words_for_is_shown_as_the_certificate_has_it():
    certificate = case.certify(case.make_erase_task(orders=1), plan=case.make_plan())
    ground = {"ground": "new_hold", "law": "A Law of Tomorrow 2031 s.5", "last_day": None}
    line = {"action": "restrict", "count": 2, "grounds": [ground], "until": None, "system": "bridge"}
    certificate["kept"].append(line | {"category": "new_category", "what": "what a new version keeps"})
    for language in Language:
        [row] = [row for row in say_lines(certificate, language)[1]["remaining"] if "new version" in row.what]
        assert row.why == "A Law of Tomorrow 2031"
        assert row.laws == ("A Law of Tomorrow 2031 s.5",)
