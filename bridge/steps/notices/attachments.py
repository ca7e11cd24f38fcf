"""Render the items of an instruction as a CSV table. Adds nothing to the text of the letter."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

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
