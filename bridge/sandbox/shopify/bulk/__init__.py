"""Validate and run the query of a bulk operation: every page of every connection, flattened to JSON lines.

A child's line carries `__parentId`; everything but connections stays inside its parent. Errors are Shopify's.
https://shopify.dev/docs/api/usage/bulk-operations/queries#operation-restrictions
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.shopify.bulk.rules import find_node_field, find_query_problems, list_selected_fields
from bridge.sandbox.shopify.engine.plan import FieldKind
from bridge.sandbox.shopify.engine.run import AccessRights, FieldError, LazyRows, PlanExecution
from bridge.sandbox.shopify.records.parts import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.sandbox.shopify.engine.documents import DocumentCache
    from bridge.sandbox.shopify.engine.plan import Field, Selection
    from bridge.sandbox.shopify.state import Shop

MAX_CONCURRENT_OPERATIONS: Final = 5


class BulkExecution(PlanExecution):
    """An execution in which a connection needs no size: all of its rows are returned."""

    requires_page_size = False

    def build_page(self, field: Field, value: Any) -> Record:
        """Return all rows at once."""
        rows = value if isinstance(value, LazyRows) else LazyRows(items=value, make_record=lambda one: one)
        items = reversed(rows.items) if self.coerce_args(field).get("reverse") else rows.items
        return {"edges": [{"node": rows.make_record(one)} for one in items]}


def run_bulk_query(
    shop: Shop, document_cache: DocumentCache, version: str, args: Any, *, rights: AccessRights, root: Record
) -> Record:
    """Answer `bulkOperationRunQuery`."""
    text, running_ids = str(args["query"]), shop.bulk_operations.list_running_ids()
    if len(running_ids) >= MAX_CONCURRENT_OPERATIONS:
        return make_bulk_error(
            f"A bulk query operation for this app and shop is already in progress: {running_ids[0]}.",
            code="OPERATION_IN_PROGRESS",
            field=None,
        )
    document = document_cache.get_document(version, text)
    operation = None if document.errors else document.find_operation(None)
    if operation is None:
        message = document.errors[0]["message"] if document.errors else "syntax error, unexpected end of file"
        return make_bulk_error(f"Invalid bulk query: {message}")
    plan = document.get_plan(operation, {})
    errors = find_query_problems(plan)
    if errors:
        return {"bulkOperation": None, "userErrors": [_make_bulk_user_error(one) for one in errors]}
    run = BulkExecution({}, rights)
    try:
        data = run.execute(plan, root)
    except FieldError as said:
        return make_bulk_error(said.message)
    lines = list(_flatten_lines(plan.root, data or {}, None))
    roots = sum(1 for line in lines if "__parentId" not in line)
    return {"bulkOperation": shop.bulk_operations.start(text, lines, roots, denied=bool(run.errors)), "userErrors": []}


def make_bulk_error(message: str, *, code: str = "INVALID", field: str | None = "query") -> Record:
    """Answer with one user error and no operation."""
    return {"bulkOperation": None, "userErrors": [_make_bulk_user_error(message, code=code, field=field)]}


def _make_bulk_user_error(message: str, *, code: str = "INVALID", field: str | None = "query") -> Record:
    return {"field": [field] if field else None, "message": message, "code": code}


def _flatten_lines(selection: Selection, data: Record, parent_id: str | None) -> Iterator[Record]:
    """Yield the lines below an object: each row of a connection, then the children of the row."""
    for field in list_selected_fields(selection):
        value = data.get(field.key)
        if field.selection is None or not isinstance(value, dict):
            continue
        if field.kind is not FieldKind.CONNECTION:
            yield from _flatten_lines(field.selection, value, parent_id)
            continue
        node = find_node_field(field)
        assert node is not None  # noqa: S101 - judged before
        assert node.selection is not None  # noqa: S101 - as above
        for edge in value.get("edges") or ():
            row = edge[node.key]
            yield _strip_connections(node.selection, row) | ({"__parentId": parent_id} if parent_id else {})
            yield from _flatten_lines(node.selection, row, row.get("id"))


def _strip_connections(selection: Selection, row: Record) -> Record:
    """Return a row without its connections."""
    result = dict(row)
    for field in list_selected_fields(selection):
        if field.selection is None or field.key not in result:
            continue
        if field.kind is FieldKind.CONNECTION:
            del result[field.key]
        elif isinstance(result[field.key], dict):
            result[field.key] = _strip_connections(field.selection, result[field.key])
    return result
