"""Render the items of an instruction as a CSV table: what the letter lists, and the values that a correction tells."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

from bridge.model import NoticeItem

ATTACHMENT_COLUMNS = ("entry", "names", "reference", "further_waybills", "order")


# the corrected fields of each request by id, with the new value where the processor may have it
Corrections = Mapping[str, Mapping[str, str]]
NO_CORRECTIONS: Corrections = {}


def render_items_csv(items: Iterable[NoticeItem], corrections: Corrections = NO_CORRECTIONS) -> bytes:
    """Return the items as CSV (RFC 4180) with a header row; cells that a spreadsheet would run get an apostrophe.

    Of corrections it has a column for each corrected field, blank where the processor may not have the value.
    """
    fields = tuple(dict.fromkeys(field for values in corrections.values() for field in values))
    output = io.StringIO(newline="")
    table = csv.writer(output, quoting=csv.QUOTE_ALL)
    table.writerow((*ATTACHMENT_COLUMNS, *(["corrected"] if fields else []), *fields))
    for item in items:
        cells = [item.id, item.names, item.reference, " ".join(item.also), item.order]
        if fields:
            values = corrections.get(item.request_id, {})
            cells += [" ".join(values), *(values.get(field, "") for field in fields)]
        table.writerow([f"'{cell}" if cell[:1] in "=+-@\t\r\n" and cell else cell for cell in cells])
    return output.getvalue().encode()
