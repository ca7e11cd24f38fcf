"""Choose and place the glyphs of a text: HarfBuzz, for Latin and Devanagari in one typeface."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

FONTS = Path(__file__).parent / "fonts"
REGULAR, BOLD = "NotoSansDevanagari-Regular", "NotoSansDevanagari-Bold"
UNITS = 1000  # of the size of the letters, in both fonts
# runs of one script each: HarfBuzz shapes a run by one script
_RUN = re.compile(
    r"[\u0900-\u097f\u1cd0-\u1cff\u200c\u200d\u25cc\ua8e0-\ua8ff]+|[^\u0900-\u097f\u1cd0-\u1cff\u200c\u200d\u25cc\ua8e0-\ua8ff]+"
)


@dataclass(frozen=True, slots=True)
class Glyph:
    """One glyph of a word: its number in the font, its place from the word's start, in thousandths of the size."""

    number: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class ShapedWord:
    """A word whose glyphs are chosen; `width` is in thousandths of the size of the letters."""

    text: str
    glyphs: tuple[Glyph, ...]
    width: int


class LetterFont:
    """One font of letters, read from the package."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._hb = import_module("uharfbuzz")
        self._face = self._hb.Face((FONTS / f"{name}.ttf").read_bytes())
        self._font = self._hb.Font(self._face)

    def shape_word(self, word: str) -> ShapedWord:
        """Return the glyphs of a word without white space."""
        glyphs: list[Glyph] = []
        x = 0
        for run in _RUN.findall(word):
            buffer = self._hb.Buffer()
            buffer.add_str(run)
            buffer.guess_segment_properties()
            self._hb.shape(self._font, buffer)
            for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
                glyphs.append(Glyph(info.codepoint, x + position.x_offset, position.y_offset))
                x += position.x_advance
        return ShapedWord(word, tuple(glyphs), x)

    def get_advance(self, glyph: int) -> int:
        """Return the width of a glyph, in thousandths of the size."""
        return int(self._font.get_glyph_h_advance(glyph))

    def read_metrics(self) -> tuple[int, int]:
        """Return how far the letters rise above and fall below the line, in thousandths of the size."""
        extents = self._font.get_font_extents("ltr")
        return int(extents.ascender), int(extents.descender)

    def build_subset(self, glyphs: set[int]) -> bytes:
        """Return the font with the outlines of these glyphs only; their numbers stay."""
        wanted = self._hb.SubsetInput()
        wanted.flags = self._hb.SubsetFlags.RETAIN_GIDS | self._hb.SubsetFlags.NO_HINTING
        wanted.sets(self._hb.SubsetInputSets.GLYPH_INDEX).update(glyphs)
        for tag in ("GSUB", "GPOS", "GDEF"):  # the glyphs are placed already
            wanted.sets(self._hb.SubsetInputSets.DROP_TABLE_TAG).add(int.from_bytes(tag.encode(), "big"))
        subset: Any = self._hb.subset(self._face, wanted)
        return bytes(subset.blob.data)


@cache
def load_letter_font(name: str) -> LetterFont:
    """Return a font, read once in a process. Raises ImportError where HarfBuzz is not installed."""
    return LetterFont(name)


def wrap_words(text: str, font: LetterFont, size: float, room: float) -> Iterator[list[ShapedWord]]:
    """Yield the lines of a text as words; `room` is in points. A word that is wider than a line is divided."""
    space = font.shape_word("n").width / 2  # a third of the size is too wide for small letters
    line: list[ShapedWord] = []
    width = 0.0
    most = room * UNITS / size
    for word in _divide_words(text, font, most):
        added = word.width + (space if line else 0)
        if line and width + added > most:
            yield line
            line, width, added = [], 0.0, word.width
        line.append(word)
        width += added
    yield line


def _divide_words(text: str, font: LetterFont, most: float) -> Iterator[ShapedWord]:
    for word in text.split():
        shaped = font.shape_word(word)
        rest = word
        while shaped.width > most and len(rest) > 1:
            fitting = next(
                end for end in range(len(rest) - 1, 0, -1) if end == 1 or font.shape_word(rest[:end]).width <= most
            )
            yield font.shape_word(rest[:fitting])
            rest = rest[fitting:]
            shaped = font.shape_word(rest)
        yield shaped
