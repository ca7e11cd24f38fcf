"""A PDF of text: every object stands where the table says, every line fits the page, every word is there."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.notices import pdf

PARAGRAPHS = st.lists(st.tuples(st.text(max_size=30), st.lists(st.text(max_size=400), max_size=5)), max_size=5)
LINE = re.compile(rb"^BT /(F\d) (\d+) Tf (\d+) ([\d.]+) Td \((.*)\) Tj ET$", re.MULTILINE)


def read_lines(document):
    """Return (size, height, text) of each line of each page."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", document, re.DOTALL)
    return [
        [
            (int(size), float(height), re.sub(rb"\\([\\()])", rb"\1", shown).decode("cp1252"))
            for _, size, _, height, shown in LINE.findall(stream)
        ]
        for stream in streams
    ]


def check_structure(document):
    """Fail where the table of the file does not lead to its objects, or a length is wrong."""
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", document)[1])
    table = document[start:]
    assert table.startswith(b"xref\n0 ")
    for number, place in enumerate(re.findall(rb"^(\d{10}) 00000 n $", table, re.MULTILINE), start=1):
        assert document[int(place) :].startswith(b"%d 0 obj\n" % number)
    for length, content in re.findall(rb"<< /Length (\d+) >>\nstream\n(.*?)\nendstream", document, re.DOTALL):
        assert int(length) == len(content)
    assert int(re.search(rb"/Count (\d+)", document)[1]) == document.count(b"/Type /Page ")


@given(st.text(max_size=60), PARAGRAPHS)
def test_any_text_gives_a_sound_file_whose_lines_fit(title, paragraphs):
    document = pdf.render_pdf(title, paragraphs)
    check_structure(document)
    for page in read_lines(document):
        heights = [height for _, height, _ in page]
        assert heights == sorted(heights, reverse=True)
        assert min(heights, default=pdf.MARGIN) >= pdf.MARGIN - 0.1
        for size, _, line in page:
            assert pdf._measure(line) * size / 1000 <= pdf.PAGE_WIDTH - 2 * pdf.MARGIN + 0.1


def test_every_word_is_there_in_order_and_what_has_no_letter_is_a_question_mark():
    words = [f"waybill{number}" for number in range(2_000)]
    document = pdf.render_pdf("Title", [("Heading (1)", [" ".join(words), "a\\b", "€ naïve", "महिला"])])
    pages = read_lines(document)
    assert len(pages) > 3
    lines = [line for page in pages for _, _, line in page]
    assert lines[:2] == ["Title", "Heading (1)"]
    assert " ".join(lines[2:-3]).split() == words
    assert lines[-3:] == ["a\\b", "€ naïve", "?????"]


def test_the_same_text_gives_the_same_bytes():
    assert pdf.render_pdf("a", [("b", ["c"])]) == pdf.render_pdf("a", [("b", ["c"])])
