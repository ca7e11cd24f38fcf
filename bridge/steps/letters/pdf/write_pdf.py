"""Render the page of a letter as a PDF of A4 pages. The same page gives the same bytes.

Each word says which characters it stands for (ActualText), so that a reader can copy it and a screen reader reads it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bridge.steps.letters.letter_page import BlockKind, LetterBlock, LetterPage
from bridge.steps.letters.pdf.shape_text import (
    BOLD,
    REGULAR,
    UNITS,
    LetterFont,
    ShapedWord,
    load_letter_font,
    wrap_words,
)

PAGE_WIDTH, PAGE_HEIGHT, MARGIN = 595, 842, 62  # points: A4, and 22 mm
GREY, BLACK, BLUE = "0.29 0.33 0.39", "0.11 0.14 0.19", "0.04 0.31 0.54"
_FONT_NAMES = {REGULAR: "F1", BOLD: "F2"}
_FIRST_PAGE = 11  # after catalog, pages, information and four objects for each of two fonts
_ROOM = PAGE_WIDTH - 2 * MARGIN


@dataclass(frozen=True, slots=True)
class _Setting:
    """How a kind of block is set: font, size and line in points, space above, indent, colour, the sign of its first line."""

    font: str
    size: float
    line: float
    above: float
    indent: float = 0
    colour: str = BLACK
    sign: str = ""


_TITLE, _SENDER = _Setting(BOLD, 16, 23, 4), _Setting(REGULAR, 9.5, 14, 0, colour=GREY)
_SETTINGS = {
    BlockKind.PARAGRAPH: _Setting(REGULAR, 10.5, 16.5, 8),
    BlockKind.HEADING: _Setting(BOLD, 12.5, 18, 16),
    BlockKind.ITEM: _Setting(REGULAR, 10.5, 16.5, 4, indent=14, sign="•"),
    BlockKind.COPY: _Setting(REGULAR, 10.5, 16.5, 8, indent=14, colour=GREY),
    BlockKind.LINK: _Setting(REGULAR, 10.5, 16.5, 8, colour=BLUE),
    BlockKind.NOTE: _Setting(REGULAR, 8.5, 13, 8, colour=GREY),
}


@dataclass(slots=True)
class _FilledPage:
    """One page as it fills: its commands, and the rectangles that are links."""

    commands: list[str] = field(default_factory=list)
    links: list[tuple[float, float, float, float, str]] = field(default_factory=list)


def render_letter_pdf(page: LetterPage) -> bytes:
    """Return the letter as PDF. Raises ImportError where HarfBuzz (the package uharfbuzz) is not installed."""
    used: dict[str, set[int]] = {name: {0} for name in _FONT_NAMES}
    pages = [_FilledPage()]
    top = float(PAGE_HEIGHT - MARGIN)
    lines = list(_list_page_lines(page))
    for number, (setting, words, link, is_first, kind) in enumerate(lines):
        height = setting.line + (setting.above if is_first and pages[-1].commands else 0)
        # a heading stays with the two lines that follow it
        needed = height + sum(each[0].line + each[0].above for each in lines[number + 1 : number + 3]) * (
            kind is BlockKind.HEADING
        )
        if top - needed < MARGIN and pages[-1].commands:
            pages.append(_FilledPage())
            top, height = float(PAGE_HEIGHT - MARGIN), setting.line
        top -= height
        _set_line(pages[-1], setting, words, top, link, is_first, used)
    return _join_pdf(_build_objects(page, pages, used))


def _list_page_lines(page: LetterPage) -> Iterator[tuple[_Setting, list[ShapedWord], str, bool, BlockKind]]:
    """Yield each line: its setting, words, the address that it leads to, whether it begins a block, and its kind."""
    blocks = [
        (_SENDER, LetterBlock(BlockKind.NOTE, page.sender)),
        (_TITLE, LetterBlock(BlockKind.NOTE, page.title)),
        *((_SETTINGS[block.kind], block) for block in page.blocks),
    ]
    for setting, block in blocks:
        font, is_first = load_letter_font(setting.font), True
        link = block.text if block.kind is BlockKind.LINK else ""
        for text in block.text.splitlines() or [""]:
            for words in wrap_words(text, font, setting.size, _ROOM - setting.indent):
                yield setting, words, link, is_first, block.kind
                is_first = False


def _set_line(
    filled: _FilledPage,
    setting: _Setting,
    words: Sequence[ShapedWord],
    y: float,
    link: str,
    is_first: bool,
    used: dict[str, set[int]],
) -> None:
    font = load_letter_font(setting.font)
    x = start = float(MARGIN + setting.indent)
    space = font.shape_word("n").width / 2 * setting.size / UNITS
    if setting.sign and is_first:
        _set_word(filled, setting, font.shape_word(setting.sign), MARGIN + 2, y, used)
    for word in words:
        _set_word(filled, setting, word, x, y, used)
        x += word.width * setting.size / UNITS + space
    if link and words:
        filled.links.append((start, y - 3, x - space, y + setting.size, link))


def _set_word(
    filled: _FilledPage, setting: _Setting, word: ShapedWord, x: float, y: float, used: dict[str, set[int]]
) -> None:
    scale = setting.size / UNITS
    spoken = (word.text + " ").encode("utf-16-be").hex().upper()
    commands = [
        f"/Span << /ActualText <FEFF{spoken}> >> BDC BT {setting.colour} rg /{_FONT_NAMES[setting.font]} {setting.size} Tf"
    ]
    for glyph in word.glyphs:
        used[setting.font].add(glyph.number)
        commands.append(f"1 0 0 1 {x + glyph.x * scale:.2f} {y + glyph.y * scale:.2f} Tm <{glyph.number:04X}> Tj")
    filled.commands.append(" ".join([*commands, "ET EMC"]))


def _build_objects(page: LetterPage, pages: Sequence[_FilledPage], used: dict[str, set[int]]) -> list[bytes]:
    first_link = _FIRST_PAGE + 2 * len(pages) + 1
    kids = " ".join(f"{_FIRST_PAGE + 1 + 2 * number} 0 R" for number in range(len(pages)))
    resources = "/Resources << /Font << /F1 4 0 R /F2 8 0 R >> >>"
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R /Lang ({page.language}) /ViewerPreferences << /DisplayDocTitle true >> >>".encode(),
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} /MediaBox [0 0 {PAGE_WIDTH} {PAGE_HEIGHT}] {resources} >>".encode(),
        f"<< /Title <FEFF{page.title.encode('utf-16-be').hex().upper()}> >>".encode(),
    ]
    for name, first in ((REGULAR, 4), (BOLD, 8)):
        objects += _build_font(load_letter_font(name), used[name], first)
    links: list[bytes] = []
    for number, filled in enumerate(pages):
        names = " ".join(f"{first_link + len(links) + each} 0 R" for each in range(len(filled.links)))
        annotations = f" /Annots [{names}]" if filled.links else ""
        content = f"{_FIRST_PAGE + 2 + 2 * number} 0 R"
        objects.append(f"<< /Type /Page /Parent 2 0 R /Contents {content}{annotations} >>".encode())
        objects.append(_pack_stream("\n".join(filled.commands).encode("ascii")))
        for left, bottom, right, top, link in filled.links:
            place = f"{left:.1f} {bottom:.1f} {right:.1f} {top:.1f}"
            address = link.encode("utf-8").hex().upper()
            action = f"<< /S /URI /URI <{address}> >>"
            links.append(f"<< /Type /Annot /Subtype /Link /Rect [{place}] /Border [0 0 0] /A {action} >>".encode())
    return objects + links


def _build_font(font: LetterFont, glyphs: set[int], first: int) -> list[bytes]:
    """Return the four objects of a font: itself, its glyphs with their widths, what it looks like, its outlines."""
    rise, fall = font.read_metrics()
    name = f"BRIDGE+{font.name}"
    widths = " ".join(f"{glyph} [{font.get_advance(glyph)}]" for glyph in sorted(glyphs))
    system = "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
    described = f"/FontDescriptor {first + 2} 0 R /CIDToGIDMap /Identity /DW 0 /W [{widths}]"
    return [
        f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H /DescendantFonts [{first + 1} 0 R] >>".encode(),
        f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} {system} {described} >>".encode(),
        f"<< /Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox [-1000 {fall} 2000 {rise}] /ItalicAngle 0 /Ascent {rise} "
        f"/Descent {fall} /CapHeight 714 /StemV 80 /FontFile2 {first + 3} 0 R >>".encode(),
        _pack_stream(font.build_subset(glyphs)),
    ]


def _pack_stream(content: bytes) -> bytes:
    packed = zlib.compress(content, 9)
    head = f"<< /Length {len(packed)} /Length1 {len(content)} /Filter /FlateDecode >>\nstream\n".encode()
    return head + packed + b"\nendstream"


def _join_pdf(objects: Sequence[bytes]) -> bytes:
    """Return the file of these objects, the first of which is its catalog and the third its information."""
    out = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(out)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 3 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
