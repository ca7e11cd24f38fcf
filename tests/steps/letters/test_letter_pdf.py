"""Letters as PDF: real letters of both scripts, shaped, the same bytes each time, and a file that a reader opens."""

import re
import zlib

import pytest

from bridge.model import Language, LetterKind
from bridge.steps.letters.build_letter import build_letter_page
from bridge.steps.letters.letter_page import BlockKind, LetterBlock, LetterPage
from tests.steps.letters import letter_case as case

pytest.importorskip("uharfbuzz", reason="requirements.txt has it")

from bridge.steps.letters.pdf.shape_text import BOLD, REGULAR, load_letter_font, wrap_words
from bridge.steps.letters.pdf.write_pdf import render_letter_pdf


def read_words(pdf):
    """Return the words that the pages stand for, in order, with the glyphs of each."""
    words = []
    for packed in re.findall(rb"(?s)/FlateDecode >>\nstream\n(.*?)\nendstream", pdf):
        content = zlib.decompress(packed)
        for spoken, rest in re.findall(rb"/ActualText <FEFF([0-9A-F]*)> >> BDC (.*?) EMC", content):
            words.append(
                (bytes.fromhex(spoken.decode()).decode("utf-16-be").strip(), re.findall(rb"<([0-9A-F]{4})> Tj", rest))
            )
    return words


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", LetterKind)
def test_every_letter_is_a_pdf_that_says_the_same_and_misses_no_glyph(kind, language):
    page = build_letter_page(case.make_letter_input(kind, language))
    pdf = render_letter_pdf(page)
    assert pdf == render_letter_pdf(page)
    assert len(pdf) < 80_000
    words = read_words(pdf)
    wanted = " ".join([page.sender, page.title, *(block.text for block in page.blocks)]).split()
    assert "".join(word for word, _ in words).replace("•", "") == "".join(wanted).replace("•", "")
    assert not [word for word, glyphs in words if b"0000" in glyphs]
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF", pdf)[1])
    assert pdf[start : start + 4] == b"xref"
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n", pdf)]
    assert all(pdf[place:].startswith(b"%d 0 obj" % number) for number, place in enumerate(places, start=1))


@pytest.mark.parametrize("name", [REGULAR, BOLD])
def test_devanagari_is_shaped_and_the_rupee_has_a_glyph(name):
    """A conjunct is one glyph, a short i stands before its consonant, and a mark is placed on its letter."""
    font = load_letter_font(name)
    conjunct, consonant = font.shape_word("क्ष"), font.shape_word("क")
    assert len(conjunct.glyphs) == 1
    assert conjunct.glyphs != consonant.glyphs
    reordered = [glyph.number for glyph in font.shape_word("कि").glyphs]
    assert len(reordered) == 2
    assert reordered[-1] == consonant.glyphs[0].number
    assert font.shape_word("₹").glyphs[0].number != 0
    assert [font.shape_word(each).width > 0 for each in ("A", "é", "ł", "।", "१")] == [True] * 5


def test_a_word_wider_than_the_page_is_divided_and_nothing_is_lost():
    font = load_letter_font(REGULAR)
    lines = list(wrap_words("x" * 300 + " क्षत्रिय", font, 10.0, 200.0))
    assert "".join(word.text for line in lines for word in line) == "x" * 300 + "क्षत्रिय"
    assert all(sum(word.width for word in line) / 100 <= 205 for line in lines)


def test_many_paragraphs_take_several_pages_and_a_link_leads_on():
    blocks = [LetterBlock(BlockKind.PARAGRAPH, f"नमस्ते {number} " * 30) for number in range(60)]
    page = LetterPage(
        language=Language.HINDI, sender="S", title="T", blocks=(*blocks, LetterBlock(BlockKind.LINK, case.LINK))
    )
    pdf = render_letter_pdf(page)
    assert int(re.search(rb"/Count (\d+)", pdf)[1]) == pdf.count(b"/Type /Page ") > 4
    assert case.LINK.encode().hex().upper().encode() in pdf
