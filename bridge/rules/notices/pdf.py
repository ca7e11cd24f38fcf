"""Lay out text as a PDF of A4 pages: headings and lines in Helvetica, which every reader of PDF has.

The characters are those of Windows-1252; others become question marks. The same text gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

PAGE_WIDTH, PAGE_HEIGHT, MARGIN = 595, 842, 57  # points: A4, and 20 mm
LINE_HEIGHT = 1.4  # of the size of the letters
_REGULAR, _BOLD = "F1", "F2"
_BOLD_FACTOR = 1.1  # the bold letters are wider; by no more than this on average of a line
# widths of the letters from space to ~, in thousandths of their size: Adobe's metrics of Helvetica
_WIDTHS = (
    *(278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278),
    *(556,) * 10,
    *(278, 278, 584, 584, 584, 556, 1015),
    *(667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833),
    *(722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611),
    *(278, 278, 278, 469, 556, 333),
    *(556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833),
    *(556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500),
    *(334, 260, 334, 584),
)
_OTHER_WIDTH = 1000


def render_pdf(title: str, paragraphs: Sequence[tuple[str, Sequence[str]]]) -> bytes:
    """Return a PDF with the title and each (heading, lines) paragraph in order."""
    pages: list[list[str]] = []
    top = 0.0
    for font, size, space, line in _list_lines(title, paragraphs):
        height = space + size * LINE_HEIGHT
        if not pages or top - height < MARGIN:
            pages.append([])
            top, height = PAGE_HEIGHT - MARGIN, size * LINE_HEIGHT
        top -= height
        pages[-1].append(f"BT /{font} {size} Tf {MARGIN} {top:.1f} Td ({_escape(line)}) Tj ET")
    fonts = ["Helvetica", "Helvetica-Bold"]
    first_page = 6  # after catalog, pages, information and two fonts
    kids = " ".join(f"{first_page + 2 * number} 0 R" for number in range(len(pages)))
    resources = f"/Resources << /Font << /{_REGULAR} 4 0 R /{_BOLD} 5 0 R >> >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} /MediaBox [0 0 {PAGE_WIDTH} {PAGE_HEIGHT}] {resources} >>",
        f"<< /Title ({_escape(title)}) >>",
        *(f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>" for name in fonts),
    ]
    for number, commands in enumerate(pages):
        content = "\n".join(commands)
        objects.append(f"<< /Type /Page /Parent 2 0 R /Contents {first_page + 2 * number + 1} 0 R >>")
        objects.append(f"<< /Length {len(content.encode('cp1252'))} >>\nstream\n{content}\nendstream")
    return _join_objects(objects)


def _list_lines(title: str, paragraphs: Sequence[tuple[str, Sequence[str]]]) -> Iterator[tuple[str, int, float, str]]:
    """Yield (font, size, space above, text) of every line, wrapped to the width of the page."""
    for line in _wrap(title, 15 * _BOLD_FACTOR):
        yield _BOLD, 15, 0, line
    for heading, lines in paragraphs:
        space = 8.5
        for line in _wrap(heading, 11 * _BOLD_FACTOR) if heading else ():
            yield _BOLD, 11, space, line
            space = 0
        for text in lines:
            for line in _wrap(text, 10):
                yield _REGULAR, 10, space, line
                space = 0


def _wrap(text: str, size: float) -> Iterator[str]:
    """Yield the lines of a text; a word that is wider than the page is divided."""
    room = (PAGE_WIDTH - 2 * MARGIN) * 1000 / size
    line, width = "", 0
    for word in _convert_to_cp1252(text).split():
        added = _measure(f" {word}" if line else word)
        if line and width + added > room:
            yield line
            line, added, width = "", _measure(word), 0
        while added > room:
            fitting = max(end for end in range(1, len(word) + 1) if _measure(word[:end]) <= room)
            yield word[:fitting]
            word = word[fitting:]  # noqa: PLW2901 - what is left of it
            added = _measure(word)
        line, width = f"{line} {word}" if line else word, width + added
    yield line


def _measure(text: str) -> int:
    """Return the width of a text in thousandths of its size."""
    return sum(_WIDTHS[ord(each) - 32] if 32 <= ord(each) <= 126 else _OTHER_WIDTH for each in text)


def _convert_to_cp1252(text: str) -> str:
    return text.encode("cp1252", "replace").decode("cp1252")


def _escape(text: str) -> str:
    clean = "".join(each if each.isprintable() else "?" for each in _convert_to_cp1252(text))
    return clean.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _join_objects(objects: Sequence[str]) -> bytes:
    """Return the file of these objects, the first of which is its catalog and the third its information."""
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, text in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n".encode("cp1252")
    start = len(out)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 3 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
