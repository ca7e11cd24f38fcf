"""An instruction as files: a table for machines and people, a paper for a portal that takes no mail.

The only door to fpdf. Says what the letter says; its fonts know Latin letters, others become question marks.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from bridge.model import NoticeItem

ATTACHMENT_COLUMNS = ("entry", "names", "reference", "further_waybills", "order")


def render_items_csv(items: Iterable[NoticeItem]) -> bytes:
    """RFC 4180 with a heading; a cell that a spreadsheet would run is made harmless."""
    output = io.StringIO(newline="")
    table = csv.writer(output, quoting=csv.QUOTE_ALL)
    table.writerow(ATTACHMENT_COLUMNS)
    for item in items:
        cells = (item.id, item.names, item.reference, " ".join(item.also), item.order)
        table.writerow([f"'{cell}" if cell[:1] in "=+-@\t\r\n" and cell else cell for cell in cells])
    return output.getvalue().encode()


def render_instruction_pdf(title: str, paragraphs: Sequence[tuple[str, Sequence[str]]]) -> bytes:
    """A4, one heading and its lines after another."""
    from fpdf import FPDF  # noqa: PLC0415 - a tenth of a second and its memory, for whoever prints

    pdf = FPDF(format="A4")
    pdf.set_title(_convert_to_latin1(title))
    pdf.set_margin(20)
    pdf.set_auto_page_break(auto=True, margin=20)
    pdf.add_page()
    pdf.set_font("Helvetica", style="B", size=15)
    pdf.multi_cell(0, 8, _convert_to_latin1(title), new_x="LMARGIN", new_y="NEXT")
    for heading, lines in paragraphs:
        pdf.ln(3)
        if heading:
            pdf.set_font("Helvetica", style="B", size=11)
            pdf.multi_cell(0, 6, _convert_to_latin1(heading), new_x="LMARGIN", new_y="NEXT")
        pdf.set_font("Helvetica", size=10)
        for line in lines:
            pdf.multi_cell(0, 5.5, _convert_to_latin1(line), new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


def _convert_to_latin1(text: str) -> str:
    return text.replace("\u2013", "-").replace("\u2019", "'").encode("latin-1", "replace").decode("latin-1")
