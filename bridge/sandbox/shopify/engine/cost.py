"""The cost of a query, and the leaky bucket that pays for it.

The price is fitted to captured answers (scalars 0, objects 1, connections 2 + max(1, floor(2 ln first)) times
the node, sized lists the same without the 2): an estimate for planning, as at Shopify.
https://shopify.dev/docs/api/usage/limits#graphql-admin-api-rate-limits
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.engine.plan import FieldKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.sandbox.shopify.engine.plan import Field, Plan, Selection

MAX_COST = 1_000
MUTATION_COST = 10


def price_plan(plan: Plan, get_args: Callable[[Field], Mapping[str, Any]]) -> int:
    """Return the price of an operation for these variables."""
    if plan.is_mutation:
        return sum(MUTATION_COST for _ in plan.root.fields_for(plan.root.type_name))
    return _price_selection(plan.root, get_args)


def _price_selection(selection: Selection, get_args: Callable[[Field], Mapping[str, Any]]) -> int:
    return max(
        (sum(_price_field(one, get_args) for one in selection.fields_for(name)) for name in selection.possible),
        default=0,
    )


def _price_field(field: Field, get_args: Callable[[Field], Mapping[str, Any]]) -> int:
    if field.selection is None:
        return 0
    if field.kind is FieldKind.CONNECTION:
        arguments = get_args(field)
        size = arguments.get("first") or arguments.get("last") or 1
        return 2 + _scale_by_size(size) * _price_row(field.selection, get_args)
    each = 1 + _price_selection(field.selection, get_args)
    size = get_args(field).get("first") if field.is_sized else None
    return _scale_by_size(size) * each if size else each


def _price_row(connection: Selection, get_args: Callable[[Field], Mapping[str, Any]]) -> int:
    """Return the price of one row of a connection: `nodes` and `edges { node }` cost the same, `pageInfo` nothing."""
    cost = 1
    for field in connection.fields_for(connection.type_name):
        inner = field.selection
        if field.name == "edges" and inner is not None:
            inner = next((one.selection for one in inner.fields_for(inner.type_name) if one.name == "node"), None)
        if field.name in {"nodes", "edges"} and inner is not None:
            cost = max(cost, 1 + _price_selection(inner, get_args))
    return cost


def _scale_by_size(size: int) -> int:
    return max(1, math.floor(2 * math.log(max(1, size))))


class CostBucket:
    """The points of one app at one shop, which refill over time."""

    def __init__(self, *, maximum: float, restore_rate: float, now_s: Callable[[], float]) -> None:
        """Start with a full bucket."""
        self.maximum = maximum
        self.restore_rate = restore_rate
        self._now_s = now_s
        self._lock = threading.Lock()
        self._available = maximum
        self._updated_at_s = now_s()

    def pay(self, cost: float, *, force_refusal: bool = False) -> tuple[bool, dict[str, float]]:
        """Take the points if they are available. Returns whether they were, and the throttle status afterwards."""
        with self._lock:
            now = self._now_s()
            self._available = min(self.maximum, self._available + (now - self._updated_at_s) * self.restore_rate)
            self._updated_at_s = now
            if force_refusal:
                self._available = min(self._available, max(0.0, cost - 1))
            paid = not force_refusal and cost <= self._available
            if paid:
                self._available -= cost
            return paid, {
                "maximumAvailable": self.maximum,
                "currentlyAvailable": math.floor(self._available),
                "restoreRate": self.restore_rate,
            }
