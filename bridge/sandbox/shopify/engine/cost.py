"""What a query costs, and the leaky bucket it is paid from.

The price is fitted to captured answers (scalars 0, objects 1, connections 2 + max(1, floor(2 ln first)) times
the node, sized lists the same without the 2): a planning aid as at Shopify, not a promise.
https://shopify.dev/docs/api/usage/limits#graphql-admin-api-rate-limits
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.engine.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.sandbox.shopify.engine.plan import Field, Plan, Selection

MAX_COST = 1_000
MUTATION = 10


def requested(plan: Plan, args: Callable[[Field], Mapping[str, Any]]) -> int:
    """Price an operation for these variables."""
    if plan.mutation:
        return sum(MUTATION for _ in plan.root.fields_for(plan.root.type_name))
    return _inside(plan.root, args)


def _inside(selection: Selection, args: Callable[[Field], Mapping[str, Any]]) -> int:
    return max(
        (sum(_field(one, args) for one in selection.fields_for(name)) for name in selection.possible),
        default=0,
    )


def _field(field: Field, args: Callable[[Field], Mapping[str, Any]]) -> int:
    if field.selection is None:
        return 0
    if field.kind is Kind.CONNECTION:
        given = args(field)
        size = given.get("first") or given.get("last") or 1
        return 2 + _times(size) * _nodes(field.selection, args)
    each = 1 + _inside(field.selection, args)
    size = args(field).get("first") if field.sized else None
    return _times(size) * each if size else each


def _nodes(connection: Selection, args: Callable[[Field], Mapping[str, Any]]) -> int:
    """Price one row of a connection: `nodes` and `edges { node }` cost the same, `pageInfo` nothing."""
    cost = 1
    for field in connection.fields_for(connection.type_name):
        inner = field.selection
        if field.name == "edges" and inner is not None:
            inner = next(
                (one.selection for one in inner.fields_for(inner.type_name) if one.name == "node"), None
            )
        if field.name in {"nodes", "edges"} and inner is not None:
            cost = max(cost, 1 + _inside(inner, args))
    return cost


def _times(size: int) -> int:
    return max(1, math.floor(2 * math.log(max(1, size))))


class Bucket:
    """Points of one app at one shop. They come back by themselves."""

    def __init__(self, *, maximum: float, restore_rate: float, now_s: Callable[[], float]) -> None:
        """Start full."""
        self.maximum = maximum
        self.restore_rate = restore_rate
        self._now_s = now_s
        self._lock = threading.Lock()
        self._left = maximum
        self._at = now_s()

    def pay(self, cost: float, *, refuse: bool = False) -> tuple[bool, dict[str, float]]:
        """Take the points where they are there. Gives whether they were, and the throttle status after it."""
        with self._lock:
            now = self._now_s()
            self._left = min(self.maximum, self._left + (now - self._at) * self.restore_rate)
            self._at = now
            if refuse:
                self._left = min(self._left, max(0.0, cost - 1))
            paid = not refuse and cost <= self._left
            if paid:
                self._left -= cost
            return paid, {
                "maximumAvailable": self.maximum,
                "currentlyAvailable": math.floor(self._left),
                "restoreRate": self.restore_rate,
            }
