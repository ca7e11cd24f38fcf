"""What letters to persons say: in two languages, in every form, and never with a blank."""

import html
import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bridge.model import Language, LetterKind, RequestKind
from bridge.steps.access.package.plain_language import COMPLAINT_ROUTE_SENTENCES
from bridge.steps.letters import letter_texts
from bridge.steps.letters.build_letter import build_letter_page
from bridge.steps.letters.letter_forms import render_letter_html, render_letter_text
from bridge.steps.letters.letter_texts import TextMissing, load_letter_texts
from tests.steps.letters import letter_case as case

EVERY_LETTER = [(kind, language) for kind in LetterKind for language in Language]
STATUTE = re.compile(r"\b(?:s|ss|r|rr|Art|Article|section|rule|धारा|नियम)\.?\s?\d|\bAct\b|GDPR|DPDP|अधिनियम")


def squeeze(text):
    return " ".join(re.sub(r"(?m)^(?:- |> |-{3,}$)", "", text).split())


def read_html(page):
    body = re.sub(r"(?s)<head>.*?</head>", "", page)
    return squeeze(html.unescape(re.sub(r"<[^>]+>", " ", body)))


def list_shape(tables, path=""):
    """Yield each text of a file with the names, conditions and number of paragraphs that it has."""
    for name, value in tables.items():
        if isinstance(value, dict):
            yield from list_shape(value, f"{path}{name}.")
        else:
            text = "\n".join(value) if isinstance(value, list) else str(value)
            yield (
                path + name,
                len(value) if isinstance(value, list) else text.strip().count("\n\n"),
                tuple(sorted(re.findall(r"\{\w+\}", text))),
                tuple(re.findall(r"(?m)^\[[a-z ]+\](?: [->#])?", text)),
            )


def test_l02_both_languages_have_the_same_texts_values_and_paragraphs():
    """Requirement L-02."""
    english, hindi = (
        tomllib.loads((letter_texts.TEXTS / f"{language}.toml").read_text(encoding="utf-8")) for language in Language
    )
    assert list(list_shape(english)) == list(list_shape(hindi))
    assert english["version"] == hindi["version"]
    assert {LetterKind(name) for name in english["letter"]} == set(LetterKind)
    assert {RequestKind(name) for name in english["asked_for"]} == set(RequestKind) - {RequestKind.SHOP_ERASURE}
    assert english["routes"].keys() == COMPLAINT_ROUTE_SENTENCES.keys()


def check_letter(page):
    """Assert that a letter has contact, route and number, no blank and no statute; return its text."""
    text, page_html = render_letter_text(page), render_letter_html(page)
    for part in (case.MERCHANT.officer.name, case.MERCHANT.officer.email, case.MERCHANT.officer.phone, "1915"):
        assert part in text
    assert page.title.count("req_01M84N6EY20CZ9W2PB73FKRKAY") == 1
    assert not re.search(r"[{}\[\]]|None|not yet published|\bnull\b|_on\b", text)
    assert not STATUTE.search(text.split("1915")[0]), STATUTE.search(text)
    assert read_html(page_html) == squeeze(text)
    assert "<style" not in page_html
    assert "<script" not in page_html
    assert "<img" not in page_html
    assert max(map(len, text.splitlines())) <= 80
    return squeeze(text)


@pytest.mark.parametrize(("kind", "language"), EVERY_LETTER)
def test_every_letter_has_contact_route_and_number_and_no_blank_in_each_form(kind, language):
    """Requirements L-02, L-03, P-04, P-19, S-03."""
    text = check_letter(build_letter_page(case.make_letter_input(kind, language)))
    if language is Language.HINDI:
        words = [word for word in re.findall(r"\w+", text) if re.match(r"[\u0900-\u097f]", word)]
        assert len(words) > 60


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", [LetterKind.IDENTITY_REQUEST, LetterKind.IDENTITY_REMINDER])
def test_p52_a_parent_or_guardian_is_asked_to_write_in_both_languages(kind, language):
    """Requirements P-52, L-02: and a link, which the child could follow, is never in it."""
    values = {"by": "2027-02-14", "doubt": "person_is_minor"}
    page = build_letter_page(case.make_letter_input(kind, language, values=values, link=case.LINK))
    text = check_letter(page)
    words = {"en": ("parent or guardian", "14 February 2027"), "hi": ("माता-पिता या अभिभावक", "14 फ़रवरी 2027")}[
        language
    ]
    assert all(word in text for word in words)
    assert case.LINK not in text
    refused = case.make_letter_input(LetterKind.REFUSAL, language, values={"reason": "guardian_not_heard"})
    assert words[0] in check_letter(build_letter_page(refused))


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    ("values", "english"),
    [
        ({"erased": "birth_date,anniversary"}, "is erased: your date of birth and your anniversary."),
        ({"held": "birth_date", "until": "2028-05-06"}, "keep this for now: your date of birth. We use it for nothing, and erase it after 6 May 2028"),
        ({"held": "other"}, "erase it as soon as the law lets us"),
        ({"stays": "birth_date", "standing": "sms,whatsapp"}, "you may still agree to offers by SMS and offers by WhatsApp: your date of birth."),
        ({"data": "nothing"}, "hold nothing of the kind"),
        ({"data": "unfinished", "erased": "other"}, "not all erased yet"),
        ({"data": "unsaid"}, "only to the address that the data belong to"),
    ],
)  # fmt: skip
def test_p62_a_withdrawal_says_what_went_and_what_stays_in_both_languages(values, english, language):
    """Requirements P-62, L-02."""
    usual = case.VALUES[LetterKind.CONSENT_WITHDRAWN]
    pages = [
        build_letter_page(case.make_letter_input(LetterKind.CONSENT_WITHDRAWN, language, values=usual | more))
        for more in ({}, values)
    ]
    without, text = map(check_letter, pages)
    assert len(text) > len(without)
    assert language is not Language.ENGLISH or english in text


def test_the_day_is_in_the_words_of_the_reader():
    titles = {
        language: render_letter_text(build_letter_page(case.make_letter_input(LetterKind.LATE, language)))
        for language in Language
    }
    assert "by 28 February 2027" in titles[Language.ENGLISH]
    assert "28 फ़रवरी 2027 तक" in titles[Language.HINDI]


@pytest.mark.parametrize(
    ("day", "is_copied"),
    [(datetime(2026, 12, 31, 18, 29, tzinfo=UTC), False), (datetime(2026, 12, 31, 18, 30, tzinfo=UTC), True)],
)
def test_p20_from_2027_on_who_complains_gets_a_copy_of_the_complaint(day, is_copied):
    """Requirement P-20: at midnight in India."""
    given = case.make_complaint(written_at=day)
    page = build_letter_page(given)
    text, page_html = render_letter_text(page), render_letter_html(page)
    assert given.request.id in page.title
    assert ("मेरा ₹1,250 का रिफ़ंड नहीं आया।" in text) is is_copied
    assert ("&lt;b&gt;क्षत्रिय&lt;/b&gt; {reference}" in page_html) is is_copied
    assert "<b>" not in page_html


@pytest.mark.parametrize("language", Language)
def test_t27_a_letter_before_and_after_may_2027_names_another_route_and_the_same_contact(language):
    """Requirement P-19."""
    routes = {}
    for day in (12, 13, 14):
        page = build_letter_page(
            case.make_letter_input(LetterKind.REFUSAL, language, written_at=datetime(2027, 5, day, 6, tzinfo=UTC))
        )
        text = render_letter_text(page)
        assert case.MERCHANT.officer.phone in text
        routes[day] = (
            "1915" in text,
            load_letter_texts(language).get_text("routes", "data_protection_board_of_india") in squeeze(text),
        )
    assert routes == {12: (True, False), 13: (True, True), 14: (False, True)}


@pytest.mark.parametrize(
    ("kind", "values", "missing"),
    [
        (LetterKind.REFUSAL, {"reason": "no such code"}, "en: reasons.no such code"),
        (LetterKind.RESTRICTED, {}, "value ground"),
        (LetterKind.EXTENSION, {"until": "soon"}, "value until"),
        (LetterKind.BREACH, {}, "value noticed_on"),
    ],
)
def test_a_letter_without_words_or_a_value_is_not_made(kind, values, missing):
    """Requirement P-04."""
    with pytest.raises(TextMissing, match=missing):
        build_letter_page(case.make_letter_input(kind, values=values))


def test_an_outcome_says_what_dsr_outcome_says_in_both_languages():
    pages = {
        language: squeeze(render_letter_text(build_letter_page(case.make_letter_input(LetterKind.OUTCOME, language))))
        for language in Language
    }
    for line in ("1 customer", "2 orders", "We looked again: nothing of it is left.", "policy of 1 May 2026"):
        assert line in pages[Language.ENGLISH]
    for line in ("1 ग्राहक रिकॉर्ड", "2 ऑर्डर", "हमने दोबारा देखा: इसमें से कुछ भी नहीं बचा है।", "1 मई 2026 की गोपनीयता नीति"):
        assert line in pages[Language.HINDI]
    assert "We erased your personal data in our own records" in pages[Language.ENGLISH]
    assert "हमने अपने रिकॉर्ड से आपका व्यक्तिगत डेटा मिटा दिया है" in pages[Language.HINDI]


def test_p18_an_answer_after_its_day_says_that_it_is_late():
    """Requirement P-18."""
    late = case.make_letter_input(LetterKind.ANSWER, written_at=datetime(2027, 3, 1, tzinfo=UTC))
    assert "You should have had it by 28 February 2027." in render_letter_text(build_letter_page(late))
    in_time = render_letter_text(build_letter_page(case.make_letter_input(LetterKind.ANSWER)))
    assert "should have had" not in in_time
    assert case.LINK in in_time
    without_link = render_letter_text(build_letter_page(case.make_letter_input(LetterKind.ANSWER, link="")))
    assert "not attached to this mail" in squeeze(without_link)
    assert "fetch it here" not in without_link


def test_only_what_happened_is_in_the_letter():
    upheld = {"outcome": "upheld", "purposes": "marketing"}
    text = squeeze(
        render_letter_text(build_letter_page(case.make_letter_input(LetterKind.OBJECTION_DECIDED, values=upheld)))
    )
    assert "You are right" in text
    assert "go on using" not in text
    assert "The reason" not in text
    nobody_informed = build_letter_page(case.make_letter_input(LetterKind.CORRECTED, values={"fields": "phone"}))
    assert "We have told these" not in render_letter_text(nobody_informed)
    everything = case.make_letter_input(LetterKind.CONSENT_WITHDRAWN, values={})
    assert "all offers and advertising" in squeeze(render_letter_text(build_letter_page(everything)))


def test_the_owner_of_the_shop_is_told_for_whom_the_letter_is():
    owner = render_letter_text(build_letter_page(case.make_letter_input(LetterKind.ANSWER, for_store_owner=True)))
    assert squeeze(owner).startswith("Mini Miss") or "For the owner of the shop" in squeeze(owner)
    person = render_letter_text(build_letter_page(case.make_letter_input(LetterKind.ANSWER)))
    assert "owner of the shop" not in person


def test_a_firm_without_a_legal_name_is_not_listed():
    unnamed = tuple(replace(each, legal_name="") for each in case.MERCHANT.processors)
    given = case.make_letter_input(LetterKind.PROCESSORS, merchant=replace(case.MERCHANT, processors=unnamed))
    assert "\n- :" not in render_letter_text(build_letter_page(given))
