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

LISTS = {
    "LineItem": "lineItems",
    "LocalizedField": "localizedFields",
    "Metafield": "metafields",
    "ShippingLine": "shippingLines",
}


def regrouped(lines: Iterable[bytes], done: int) -> Iterator[tuple[Node, int]]:
    """Yield each order after `done` lines with its lists, and the number of lines that are done with it.

    Raises ConnectorUnavailable where a line is no row, or belongs to no order before it.
    """
    order: Node = {}
    at = done
    for at, line in enumerate(lines, 1):
        if at <= done:
            continue
        row = _row(line)
        parent = row.pop("__parentId", None)
        if parent is None:
            if order:
                yield order, at - 1
            order = row | {name: [] for name in LISTS.values()}
        elif order and parent == order.get("id"):
            order[LISTS[row.pop("__typename", "")]].append(row)
        else:
            raise ConnectorUnavailable("shopify: bulk file is not grouped")
    if order:
        yield order, at


def _row(line: bytes) -> Node:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or ("__parentId" in row and row.get("__typename") not in LISTS):
        raise ConnectorUnavailable("shopify: bulk file is not as agreed")
    return row
