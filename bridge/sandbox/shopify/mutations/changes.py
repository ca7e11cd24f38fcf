"""Helpers of every change of the stand-in: find the object, and answer with a user error."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.sandbox.shopify.query_root import QueryRoot
    from bridge.sandbox.shopify.records.parts import Record


def make_user_error(field: str, message: str, code: str) -> Record:
    """Answer with one user error."""
    return {"userErrors": [{"field": [field], "message": message, "code": code}]}


def find_node(query_root: QueryRoot, global_id: str) -> Record | None:
    """Return the object with this global id."""
    found: Record | None = query_root.build_root_record()["node"]({"id": global_id})
    return found
