"""Groups the lines of a bulk operation's file into orders: each order is followed by the rows of its lists.

Keeps one order in memory and sends nothing. Never quotes a line.
https://shopify.dev/docs/api/usage/bulk-operations/queries#the-jsonl-data-format
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from bridge.errors import ConnectorUnavailable

Node = dict[str, Any]

BULK_LIST_FIELDS = {
    "LineItem": "lineItems",
    "LocalizedField": "localizedFields",
    "Metafield": "metafields",
    "ShippingLine": "shippingLines",
}


def group_bulk_lines(lines: Iterable[bytes], lines_done: int) -> Iterator[tuple[Node, int]]:
    """Yield each order after the first `lines_done` lines with its lists, and the number of lines read by then.

    Raises ConnectorUnavailable if a line is not a row, or belongs to no order before it.
    """
    order: Node = {}
    line_number = lines_done
    for line_number, line in enumerate(lines, 1):
        if line_number <= lines_done:
            continue
        row = _parse_bulk_line(line)
        parent = row.pop("__parentId", None)
        if parent is None:
            if order:
                yield order, line_number - 1
            order = row | {name: [] for name in BULK_LIST_FIELDS.values()}
        elif order and parent == order.get("id"):
            order[BULK_LIST_FIELDS[row.pop("__typename", "")]].append(row)
        else:
            raise ConnectorUnavailable("shopify: bulk file is not grouped")
    if order:
        yield order, line_number


def _parse_bulk_line(line: bytes) -> Node:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or ("__parentId" in row and row.get("__typename") not in BULK_LIST_FIELDS):
        raise ConnectorUnavailable("shopify: bulk file is malformed")
    return row
