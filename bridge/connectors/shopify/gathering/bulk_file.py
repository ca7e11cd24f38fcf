"""The lines of a bulk operation's file as orders again: each order, then the rows of its lists, which name it.

Pure; holds one order at a time. Never quotes a line.
https://shopify.dev/docs/api/usage/bulk-operations/queries#the-jsonl-data-format
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bridge.errors import ConnectorUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Node = dict[str, Any]

BULK_LIST_FIELDS = {
    "LineItem": "lineItems",
    "LocalizedField": "localizedFields",
    "Metafield": "metafields",
    "ShippingLine": "shippingLines",
}


def group_bulk_lines(lines: Iterable[bytes], lines_done: int) -> Iterator[tuple[Node, int]]:
    """Yield each order after `done` lines with its lists, and the number of lines that are done with it.

    Raises ConnectorUnavailable where a line is no row, or belongs to no order before it.
    """
    order: Node = {}
    at = lines_done
    for at, line in enumerate(lines, 1):
        if at <= lines_done:
            continue
        row = _parse_bulk_line(line)
        parent = row.pop("__parentId", None)
        if parent is None:
            if order:
                yield order, at - 1
            order = row | {name: [] for name in BULK_LIST_FIELDS.values()}
        elif order and parent == order.get("id"):
            order[BULK_LIST_FIELDS[row.pop("__typename", "")]].append(row)
        else:
            raise ConnectorUnavailable("shopify: bulk file is not grouped")
    if order:
        yield order, at


def _parse_bulk_line(line: bytes) -> Node:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or ("__parentId" in row and row.get("__typename") not in BULK_LIST_FIELDS):
        raise ConnectorUnavailable("shopify: bulk file is not as agreed")
    return row
