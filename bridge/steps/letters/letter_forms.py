"""Render the page of a letter as text for a mail, and as HTML with its styles in place, which mail programs keep. Pure."""

from __future__ import annotations

import textwrap
from html import escape

from bridge.steps.letters.letter_page import BlockKind, LetterBlock, LetterPage

TEXT_WIDTH = 74
_FONT = "-apple-system,'Segoe UI',Roboto,'Noto Sans','Noto Sans Devanagari',Mangal,Arial,sans-serif"
_STYLES = {
    BlockKind.PARAGRAPH: "margin:0 0 14px",
    BlockKind.HEADING: "margin:28px 0 8px;font-size:16px;line-height:1.35",
    BlockKind.ITEM: "margin:0 0 8px 0;padding:0",
    BlockKind.COPY: "margin:0 0 14px;padding:10px 14px;background:#f3f5f7;border-left:4px solid #8a97a6;"
    "white-space:pre-wrap;overflow-wrap:anywhere",
    BlockKind.LINK: "margin:0 0 14px;overflow-wrap:anywhere",
    BlockKind.NOTE: "margin:0 0 8px;font-size:13px;color:#4a5563",
}
_LINK_STYLE = "color:#0b4f8a;text-decoration:underline"


def render_letter_text(page: LetterPage) -> str:
    """Return the letter as plain text of lines that a mail program need not fold."""
    parts = [page.sender, *_wrap_text(page.title, "")]
    text = "\n".join([*parts, ""])
    former: BlockKind | None = None
    for block in page.blocks:
        gap = "" if former is block.kind is BlockKind.ITEM else "\n"
        text += gap + "\n".join(_set_block(block)) + "\n"
        former = block.kind
    return text


def _set_block(block: LetterBlock) -> list[str]:
    if block.kind is BlockKind.LINK:
        return [block.text]
    if block.kind is BlockKind.HEADING:
        return [block.text, "-" * min(len(block.text), TEXT_WIDTH)]
    if block.kind is BlockKind.ITEM:
        return _wrap_text(block.text, "  ", first="- ")
    return _wrap_text(block.text, "> " if block.kind is BlockKind.COPY else "")


def _wrap_text(text: str, indent: str, first: str | None = None) -> list[str]:
    lines: list[str] = []
    for line in text.splitlines() or [""]:
        start = first if first is not None and not lines else indent
        lines += textwrap.wrap(
            line,
            TEXT_WIDTH,
            initial_indent=start,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [indent.rstrip()]
    return lines


def render_letter_html(page: LetterPage) -> str:
    """Return the letter as HTML that fits a telephone: one column, no script, no picture, no style sheet."""
    body, is_in_list = [], False
    for block in page.blocks:
        if (block.kind is BlockKind.ITEM) is not is_in_list:
            is_in_list = not is_in_list
            body.append("<ul style='margin:0 0 14px;padding-left:22px'>" if is_in_list else "</ul>")
        body.append(_set_html_block(block))
    if is_in_list:
        body.append("</ul>")
    title = escape(page.title)
    return (
        f"<!doctype html>\n<html lang='{page.language}'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>{title}</title></head>\n<body style='margin:0;background:#ffffff'>"
        f'<main style="max-width:640px;margin:0 auto;padding:24px 18px 40px;font:16px/1.6 {_FONT};color:#1c2430">\n'
        f"<p style='margin:0 0 4px;font-size:14px;color:#4a5563'>{escape(page.sender)}</p>\n"
        f"<h1 style='margin:0 0 20px;font-size:18px;line-height:1.4;overflow-wrap:anywhere'>{title}</h1>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _set_html_block(block: LetterBlock) -> str:
    style, text = _STYLES[block.kind], escape(block.text).replace("\n", "<br>")
    if block.kind is BlockKind.HEADING:
        return f"<h2 style='{style}'>{text}</h2>"
    if block.kind is BlockKind.ITEM:
        return f"<li style='{style}'>{text}</li>"
    if block.kind is BlockKind.COPY:
        return f"<blockquote style='{style}'>{escape(block.text)}</blockquote>"
    if block.kind is BlockKind.LINK:
        target = escape(block.text, quote=True)
        return f"<p style='{style}'><a href='{target}' style='{_LINK_STYLE}'>{text}</a></p>"
    return f"<p style='{style}'>{text}</p>"
