"""Render an instruction as files: a CSV table of its items, and a PDF for portals that accept no mail.

The only module that imports fpdf. Adds nothing to the text of the letter. The PDF fonts are Latin-1: other
characters become question marks.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from bridge.model import NoticeItem

ATTACHMENT_COLUMNS = ("entry", "names", "reference", "further_waybills", "order")


def render_items_csv(items: Iterable[NoticeItem]) -> bytes:
    """Return the items as CSV (RFC 4180) with a header row; cells that a spreadsheet would run get an apostrophe."""
    output = io.StringIO(newline="")
    table = csv.writer(output, quoting=csv.QUOTE_ALL)
    table.writerow(ATTACHMENT_COLUMNS)
    for item in items:
        cells = (item.id, item.names, item.reference, " ".join(item.also), item.order)
        table.writerow([f"'{cell}" if cell[:1] in "=+-@\t\r\n" and cell else cell for cell in cells])
    return output.getvalue().encode()


def render_instruction_pdf(title: str, paragraphs: Sequence[tuple[str, Sequence[str]]]) -> bytes:
    """Return an A4 PDF with the title and each (heading, lines) paragraph in order."""
    from fpdf import FPDF  # noqa: PLC0415 - costs a tenth of a second and memory: loaded only to print

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
