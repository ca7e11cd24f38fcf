"""Templates become answers, piece by piece: a page for thousands of lines is never whole in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bridge.rules.notices.answers import LAWS, LONGEST_NOTE
from bridge.web.notices.view_models import CHOICES, LABELS

PIECES = 200  # of a template's output, joined before they are sent
OPEN_LINES = 8  # with more, each line is folded: one answer for all is what most will give

_pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_pages.globals |= {
    "laws": LAWS,
    "longest_note": LONGEST_NOTE,
    "choices": CHOICES,
    "labels": LABELS,
    "open_lines": OPEN_LINES,
}


def page(name: str, *, gzip: bool, status: int = 200, **told: Any) -> Response:
    """A page in pieces, compressed where the browser takes that: 5,000 lines are 7 MB, or 0.2.

    Compressing tells nothing by its size: no page holds a secret of ours, nor the link that opened it.
    """
    stream = _pages.get_template(name).stream(**told)
    stream.enable_buffering(PIECES)
    pieces = (piece.encode() for piece in stream)
    response = Response(_packed(pieces) if gzip else pieces, status=status, mimetype="text/html")
    response.headers["Vary"] = "Accept-Encoding"
    if gzip:
        response.headers["Content-Encoding"] = "gzip"
    return response


def words(name: str, **told: Any) -> str:
    """A small page as one text."""
    return _pages.get_template(name).render(**told)


def _packed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
