"""Looks into the data of an answer: what is missing without a word, which node holds a field, whose owner is hidden.

Changes only the data of an answer that was just parsed. Sends nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from bridge.connectors.shopify.api.answers import LOST_ROW, NOT_RETURNED, AbsentField
from bridge.connectors.shopify.api.selections import FieldUse

ResponsePath = tuple[str | int, ...]
# In place of the `customer` of a record that Shopify did not let us read: not the same as a record without one.
HIDDEN_OWNER: Final[Mapping[str, Any]] = {"id": ""}
NOT_REACHED: Final = object()
NESTED_TYPES = (dict, list)


def get_value(data: Any, path: ResponsePath) -> Any:
    """Return the value at a path, NOT_REACHED if a parent is missing."""
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return NOT_REACHED
    return data


def put_value(data: Any, path: ResponsePath, value: Any) -> bool:
    """Put a value at a path and return whether its parent is there."""
    parent = get_value(data, path[:-1])
    if not isinstance(parent, dict | list):
        return False
    parent[path[-1]] = value  # type: ignore[index]  # a position where the parent is a list
    return True


def find_record_around(data: Any, path: ResponsePath) -> tuple[str, int]:
    """Return the gid of the innermost record around a path, and the length of the path to it; ('', 0) if there is none."""
    for length in range(len(path) - 1, 0, -1):
        value = get_value(data, path[:length])
        gid = str(value.get("id") or "") if isinstance(value, dict) else ""
        if gid.startswith("gid://"):
            return gid, length
    return "", 0


def list_lost_roots(
    data: Mapping[str, Any], roots: Collection[FieldUse], explained: Collection[AbsentField]
) -> tuple[AbsentField, ...]:
    """Return the requested fields of the first level that are missing from the answer without an error."""
    known = {one.path[0] for one in explained if one.path}
    return tuple(
        AbsentField(path=root.path, reason=NOT_RETURNED)
        for root in roots
        if root.path[0] not in known
        and (root.path[0] not in data or (data[root.path[0]] is None and _is_connection(root)))
    )


def _is_connection(use: FieldUse) -> bool:
    return any(one.key == "pageInfo" for one in use.selection.selections)


def list_lost_rows(data: Any) -> tuple[AbsentField, ...]:
    """Return the rows of connections that are null. A list that was requested by ids may have nulls."""
    found: list[AbsentField] = []
    _collect_null_rows(data, (), found)
    return tuple(found)


def _collect_null_rows(value: Any, path: ResponsePath, found: list[AbsentField]) -> None:
    # a page has a hundred thousand values, most of them leaves: skip these quickly
    if isinstance(value, dict):
        for name, one in value.items():
            if one and isinstance(one, NESTED_TYPES):
                _collect_null_rows(one, (*path, name), found)
    elif isinstance(value, list):
        if None in value and len(path) > 1 and path[-1] == "nodes":
            found += [AbsentField(path=(*path, at), reason=LOST_ROW) for at, one in enumerate(value) if one is None]
        for at, one in enumerate(value):
            if one and isinstance(one, NESTED_TYPES):
                _collect_null_rows(one, (*path, at), found)


def mark_hidden_owners(data: Any, absent: Collection[AbsentField]) -> None:
    """Put HIDDEN_OWNER in place of each `customer` of a record that is null because it is absent."""
    for one in absent:
        at = max((index for index, part in enumerate(one.path) if part == "customer" and index), default=0)
        if at and get_value(data, one.path[: at + 1]) is None:
            put_value(data, one.path[: at + 1], HIDDEN_OWNER)
