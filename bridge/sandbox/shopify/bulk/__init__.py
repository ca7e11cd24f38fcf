"""Judges and runs the query of a bulk operation: every page of every connection, flattened to lines of JSON.

A child's line carries `__parentId`; what is not a connection stays inside its parent. Refuses in Shopify's words.
https://shopify.dev/docs/api/usage/bulk-operations/queries#operation-restrictions
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.shopify.bulk.rules import fields_of, judge, node_of
from bridge.sandbox.shopify.engine.plan import Kind
from bridge.sandbox.shopify.engine.run import Rights, Rows, Run, Said
from bridge.sandbox.shopify.records.parts import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.sandbox.shopify.engine.documents import Library
    from bridge.sandbox.shopify.engine.plan import Field, Selection
    from bridge.sandbox.shopify.state import Shop

AT_ONCE: Final = 5  # one before 2026-01
SINGLY_BEFORE: Final = "2026-01"


class BulkRun(Run):
    """A run in which a connection needs no size: all of its rows come."""

    needs_size = False

    def page(self, field: Field, value: Any) -> Record:
        """Give every row at once."""
        rows = value if isinstance(value, Rows) else Rows(items=value, make=lambda one: one)
        items = reversed(rows.items) if self.args(field).get("reverse") else rows.items
        return {"edges": [{"node": rows.make(one)} for one in items]}


def run_query(
    shop: Shop, library: Library, version: str, args: Any, *, rights: Rights, root: Record
) -> Record:
    """Answer `bulkOperationRunQuery`."""
    text, busy = str(args["query"]), shop.bulk.running()
    if len(busy) >= (1 if version < SINGLY_BEFORE else AT_ONCE):
        return refused(
            f"A bulk query operation for this app and shop is already in progress: {busy[0]}.",
            code="OPERATION_IN_PROGRESS",
            field=None,
        )
    document = library.get(version, text)
    operation = None if document.errors else document.operation(None)
    if operation is None:
        why = document.errors[0]["message"] if document.errors else "syntax error, unexpected end of file"
        return refused(f"Invalid bulk query: {why}")
    plan = document.plan(operation, {})
    errors = judge(plan)
    if errors:
        return {"bulkOperation": None, "userErrors": [_error(one) for one in errors]}
    run = BulkRun({}, rights)
    try:
        data = run.execute(plan, root)
    except Said as said:
        return refused(said.message)
    lines = list(_lines(plan.root, data or {}, None))
    roots = sum(1 for line in lines if "__parentId" not in line)
    return {"bulkOperation": shop.bulk.start(text, lines, roots, denied=bool(run.errors)), "userErrors": []}


def refused(message: str, *, code: str = "INVALID", field: str | None = "query") -> Record:
    """Answer with one user error and no operation."""
    return {"bulkOperation": None, "userErrors": [_error(message, code=code, field=field)]}


def _error(message: str, *, code: str = "INVALID", field: str | None = "query") -> Record:
    return {"field": [field] if field else None, "message": message, "code": code}


def _lines(selection: Selection, data: Record, parent: str | None) -> Iterator[Record]:
    """Yield the lines below an object: each row of a connection, then what hangs on the row."""
    for field in fields_of(selection):
        value = data.get(field.key)
        if field.selection is None or not isinstance(value, dict):
            continue
        if field.kind is not Kind.CONNECTION:
            yield from _lines(field.selection, value, parent)
            continue
        node = node_of(field)
        assert node is not None  # noqa: S101 - judged before
        assert node.selection is not None  # noqa: S101 - as above
        for edge in value.get("edges") or ():
            row = edge[node.key]
            yield _bare(node.selection, row) | ({"__parentId": parent} if parent else {})
            yield from _lines(node.selection, row, row.get("id"))


def _bare(selection: Selection, row: Record) -> Record:
    """Give a row without its connections."""
    out = dict(row)
    for field in fields_of(selection):
        if field.selection is None or field.key not in out:
            continue
        if field.kind is Kind.CONNECTION:
            del out[field.key]
        elif isinstance(out[field.key], dict):
            out[field.key] = _bare(field.selection, out[field.key])
    return out
