"""Execute a plan over records: pages with cursors, null propagation, and access errors field by field.

It replaces graphql-core's executor, which would take seconds for a page of 250 orders. Records are dicts of Shopify's
own field names; a missing field is answered with the plan's default.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql.execution.values import get_argument_values

from bridge.sandbox.faults import PAGE_FAULTS
from bridge.sandbox.shopify import access
from bridge.sandbox.shopify.engine.answer_faults import FAILED_FIELD_MESSAGE, AnswerFaults, spoil_page
from bridge.sandbox.shopify.engine.plan import FieldKind

if TYPE_CHECKING:
    from bridge.sandbox.shopify.engine.plan import Field, Plan, Selection

MAX_PAGE_SIZE = 250
ResponsePath = tuple[str | int, ...]
RecordView = Mapping[str, Any]


class FieldError(Exception):
    """The error of a field in Shopify's words."""

    def __init__(self, message: str, code: str) -> None:
        """Store message and code."""
        super().__init__(message)
        self.message = message
        self.code = code


class _NullPropagation(Exception):
    """A null where the schema allows none: the parent becomes null."""


@dataclass(frozen=True, slots=True)
class LazyRows:
    """A long list whose records are built only for the requested page."""

    items: Sequence[Any]
    make_record: Callable[[Any], RecordView]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRights:
    """The rights of this call."""

    granted_scopes: frozenset[str]
    withheld_fields: frozenset[str] = frozenset()


class PlanExecution:
    """One execution of one plan."""

    requires_page_size = True

    def __init__(self, variables: Mapping[str, Any], rights: AccessRights, faults: AnswerFaults | None = None) -> None:
        """Prepare an execution. `variables` are coerced already."""
        self._faults = faults if faults and faults.faults else None
        self.errors: list[dict[str, Any]] = []
        self._variables = dict(variables)
        self._rights = rights
        self._args: dict[Field, dict[str, Any]] = {}

    def coerce_args(self, field: Field) -> dict[str, Any]:
        """Return the field's arguments, coerced once per execution. Raises FieldError for a page without a size."""
        found = self._args.get(field)
        if found is None:
            assert field.definition is not None  # noqa: S101 - only __typename has none
            found = get_argument_values(field.definition, field.node, self._variables)
            size = found.get("first") or found.get("last")
            if field.kind is FieldKind.CONNECTION and size is None and self.requires_page_size:
                raise FieldError("you must provide one of first or last", "BAD_REQUEST")
            if isinstance(size, int) and not 0 <= size <= MAX_PAGE_SIZE:
                raise FieldError(f"first cannot be more than {MAX_PAGE_SIZE}", "BAD_REQUEST")
            self._args[field] = found
        return found

    def build_page(self, field: Field, value: Any) -> RecordView:
        """Return the requested page of a connection. Raises FieldError for a cursor of another list."""
        args = self.coerce_args(field)
        fault = self._faults.find(PAGE_FAULTS, field.parent, field.name) if self._faults else ""
        page = _cut_page(value, args, overlap=fault == "repeat_row")
        return spoil_page(fault, page, args.get("after")) if fault and fault != "repeat_row" else page

    def execute(self, plan: Plan, root: RecordView) -> dict[str, Any] | None:
        """Execute the whole plan. Returns None if a null propagated to the top."""
        try:
            return self._walk_object(plan.root, root, ())
        except _NullPropagation:
            return None

    def _walk_object(self, selection: Selection, record: RecordView, path: ResponsePath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        withheld = self._rights.withheld_fields
        type_name = selection.type_name or record["__typename"]
        if not selection.has_type(type_name):
            raise _NullPropagation  # a type that this version does not have
        for field in selection.fields_for(type_name):
            kind = field.kind
            if withheld and not withheld.isdisjoint((field.name, f"{field.parent}.{field.name}", f"{field.parent}.*")):
                values[field.key] = self._record_refusal(field, path, access.describe_unapproved_field(field.name))
            elif self._faults and self._faults.find(("fail_field",), field.parent, field.name, path):
                failure = (FAILED_FIELD_MESSAGE, {"code": "INTERNAL_SERVER_ERROR"})
                values[field.key] = self._record_refusal(field, path, failure)
            elif kind is FieldKind.LEAF:
                value = record.get(field.name, field.default)
                if value is None and field.non_null:
                    value = field.default
                values[field.key] = value(self.coerce_args(field)) if callable(value) else value
            elif kind is FieldKind.TYPENAME:
                values[field.key] = record.get("__typename") or selection.type_name
            else:
                values[field.key] = self._walk_composite(field, record, path)
        return values

    def _walk_composite(self, field: Field, record: RecordView, path: ResponsePath) -> Any:  # noqa: PLR0911 - one for each shape
        if field.scopes and self._rights.granted_scopes.isdisjoint(field.scopes):
            return self._record_refusal(field, path, access.describe_missing_scope(field.name, field.scopes))
        field_path = (*path, field.key)
        try:
            value = record.get(field.name, field.default)
            if callable(value):
                value = value(self.coerce_args(field))
            if value is None:
                value = field.default
            if value is None:
                return None
            assert field.selection is not None  # noqa: S101 - only leaves have none
            if field.kind is FieldKind.OBJECT:
                return self._walk_object(field.selection, value, field_path)
            if field.kind is FieldKind.CONNECTION:
                return self._walk_object(field.selection, self.build_page(field, value), field_path)
            return self._walk_list(field, value, field_path)
        except FieldError as said:
            return self._record_refusal(field, path, (said.message, {"code": said.code}))
        except _NullPropagation:
            if field.non_null:
                raise
            return None

    def _walk_list(self, field: Field, value: Iterable[Any], path: ResponsePath) -> list[Any]:
        assert field.selection is not None  # noqa: S101 - only leaves have none
        size = self.coerce_args(field).get("first") if field.is_sized else None
        values: list[Any] = []
        for at, one in enumerate(list(value)[:size]):
            is_lost = self._faults and self._faults.find(("null_node",), field.parent, field.name, (at,))
            if one is None or is_lost:
                values.append(None)
                continue
            try:
                values.append(self._walk_object(field.selection, one, (*path, at)))
            except _NullPropagation:
                if field.item_non_null:
                    raise
                values.append(None)
        return values

    def _record_refusal(self, field: Field, path: ResponsePath, refusal: tuple[str, Mapping[str, Any]]) -> Any:
        """Record the error and return null. Raises _NullPropagation if the schema allows no null."""
        location = field.node.loc.start_token if field.node.loc else None
        self.errors.append(
            {
                "message": refusal[0],
                "locations": [{"line": location.line, "column": location.column}] if location else [],
                "extensions": dict(refusal[1]),
                "path": [*path, field.key],
            }
        )
        if field.non_null:
            raise _NullPropagation
        return None


def _cut_page(value: Any, args: Mapping[str, Any], *, overlap: bool = False) -> RecordView:
    """Return one page of a list as a connection."""
    rows = value if isinstance(value, LazyRows) else LazyRows(items=value, make_record=lambda one: one)
    items = list(reversed(rows.items)) if args.get("reverse") else rows.items
    start = _find_page_start(items, args["after"]) if args.get("after") else 0
    start = max(0, start - 1) if overlap else start
    end = _find_page_start(items, args["before"]) - 1 if args.get("before") else len(items)
    size = args.get("first")
    if size is None:
        start, stop = max(start, end - int(args["last"])), end
    else:
        stop = min(end, start + int(size))
    page = items[start:stop]
    nodes = [rows.make_record(one) for one in page]
    return {
        "nodes": nodes,
        "edges": lambda _: [
            {"node": node, "cursor": _encode_cursor(one, start + at)}
            for at, (node, one) in enumerate(zip(nodes, page, strict=True))
        ],
        "pageInfo": {
            "hasNextPage": stop < len(items),
            "hasPreviousPage": start > 0,
            "startCursor": _encode_cursor(page[0], start) if page else None,
            "endCursor": _encode_cursor(page[-1], stop - 1) if page else None,
        },
    }


def _get_item_id(item: Any, index: int) -> str:
    found = item.get("id") if isinstance(item, Mapping) else getattr(item, "id", None)
    return str(index if found is None else found)


def _encode_cursor(item: Any, index: int) -> str:
    mark = _get_item_id(item, index)
    return base64.b64encode(f'{{"last_id":"{mark}","last_value":"{mark}"}}'.encode()).decode()


def _find_page_start(items: Sequence[Any], cursor: str) -> int:
    """Return the start of the page after this cursor. Raises FieldError for a cursor of another list."""
    try:
        last_id = json.loads(base64.b64decode(cursor, validate=True))["last_id"]
    except (ValueError, binascii.Error, KeyError, TypeError):
        last_id = None
    if last_id == "":  # after an empty page at the start
        return 0
    for at, item in enumerate(items):
        if _get_item_id(item, at) == last_id:
            return at + 1
    raise FieldError("Invalid cursor for current pagination sort.", "INVALID_CURSOR")
