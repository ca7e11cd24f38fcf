"""What every change of the stand-in needs: finding the thing, and answering with a user error."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.sandbox.shopify.query_root import Roots
    from bridge.sandbox.shopify.records.parts import Record


def wrong(field: str, message: str, code: str) -> Record:
    """Answer with one user error."""
    return {"userErrors": [{"field": [field], "message": message, "code": code}]}


def find(roots: Roots, global_id: str) -> Record | None:
    """Give whatever a global id names."""
    found: Record | None = roots.query()["node"]({"id": global_id})
    return found
