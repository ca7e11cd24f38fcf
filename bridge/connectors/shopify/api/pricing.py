"""What a query costs, and how many points a shop has left: so that a call waits before it is sent, and fits.

Shopify's formula is not published. The estimate follows captured prices (scalars 0, objects 1, connections
2 + max(1, floor(2 ln first)) times the node), and is corrected by what Shopify reports for each document.
https://shopify.dev/docs/api/usage/limits#graphql-admin-api-rate-limits
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from bridge.connectors.parsing import dict_or_empty
from bridge.connectors.shopify.api.answers import number_or_zero
from bridge.connectors.shopify.api.selections import ParsedDocument, Selection

MAX_QUERY_COST = 1_000.0
MUTATION_COST = 10.0
WAIT_MARGIN = 1.01  # the price of another page of the same document differs a little
COMPARABLE_COST = 100.0  # from here on the price of one document says something about the others


def estimate_cost(
    document: ParsedDocument, variables: Mapping[str, Any], closed: Collection[str] = (), shrink: int = 0
) -> float:
    """Return the price of a document for these variables, without the closed fields, in points."""
    if document.head.startswith("mutation"):
        return MUTATION_COST
    sizes = {
        name: value for name, value in variables.items() if isinstance(value, int)
    }  # and flags; texts cost nothing
    return _estimate_document(document, frozenset(sizes.items()), frozenset(closed), shrink)


@lru_cache(maxsize=512)
def _estimate_document(
    document: ParsedDocument, sizes: frozenset[tuple[str, int]], closed: frozenset[str], shrink: int
) -> float:
    context = _Context(document=document, variables=dict(sizes), closed=closed, shrink=shrink)
    return _estimate(context, [(document.name, (), document.selections)])


@dataclass(frozen=True, kw_only=True, slots=True)
class _Context:
    document: ParsedDocument
    variables: Mapping[str, Any]
    closed: Collection[str]
    shrink: int


# Selections of one object: their definition, the path in it, and themselves.
_Groups = list[tuple[str, tuple[str, ...], Sequence[Selection]]]


def _estimate(context: _Context, groups: _Groups) -> float:
    """Return the price of the fields, each once; of alternatives by type, that of the dearest."""
    fields, by_type = dict[str, tuple[Selection, _Groups]](), dict[str, _Groups]()
    pending = list(groups)
    while pending:
        definition, inner, selections = pending.pop(0)
        for one in selections:
            if one.flag and not context.variables.get(one.flag):
                continue
            if one.fragment:
                pending.append((one.fragment, (), context.document.fragments[one.fragment][1]))
            elif not one.key:
                by_type.setdefault(one.type_name, []).append((definition, inner, one.selections))
            elif one.selections and one.key != "pageInfo":
                path = (*inner, one.key)
                if f"{definition}:{'.'.join(path)}" not in context.closed:
                    fields.setdefault(one.key, (one, []))[1].append((definition, path, one.selections))
    total = sum(_compute_field_price(one, _estimate(context, below), context) for one, below in fields.values())
    return total + max((_estimate(context, one) for one in by_type.values()), default=0.0)


def _compute_field_price(one: Selection, below: float, context: _Context) -> float:
    size = read_size(one, context.variables, context.shrink)
    scale = max(1, math.floor(2 * math.log(max(1, size)))) if size else 1
    if one.is_connection:
        return 2 + scale * max(1.0, below)
    if one.key in ("nodes", "edges"):  # one row of the connection around it
        return 1 + below
    return scale * (1 + below)


def read_size(one: Selection, variables: Mapping[str, Any], shrink: int) -> int:
    """Return the size of a list: its literal, halved `shrink` times if the list says whether it goes on, or its variable."""
    text = one.arguments.get("first", "")
    if text.startswith("$"):
        return int(variables.get(text[1:]) or 1)
    return one.shrink_literal(shrink) if text else 0


@dataclass(kw_only=True, eq=False)
class ShopBudget:
    """The points of one shop, as Shopify last reported them. Shared by the threads of a process."""

    now_s: Callable[[], float]
    max_query_cost: float = MAX_QUERY_COST
    maximum: float = 0.0
    restore_rate: float = 0.0
    _available: float = 0.0
    _updated_at_s: float = 0.0
    _ratios: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def correct_estimate(self, name: str, estimate: float) -> float:
        """Return the price that Shopify will probably report for this document."""
        return estimate * self._ratios.get(name, max(self._ratios.get("", 1.0), 1.0))

    def get_available(self) -> float:
        """Return the points that are available now; no limit before Shopify reported any."""
        if not self.restore_rate:
            return math.inf
        with self._lock:
            gained = (self.now_s() - self._updated_at_s) * self.restore_rate
            return min(self.maximum, self._available + gained)

    def compute_wait_s(self, price: float, reserved_share: float = 0.0) -> float:
        """Return the seconds until a call of this price can be paid, and `reserved_share` of the bucket is left."""
        available = self.get_available()
        wanted = min(price * WAIT_MARGIN + reserved_share * self.maximum, self.maximum)
        return max(0.0, wanted - available) / self.restore_rate if self.restore_rate else 0.0

    def reserve(self, price: float) -> None:
        """Take the points of a call that is sent now; where it waited for them, they are there."""
        if self.restore_rate:
            available = max(self.get_available(), min(price, self.maximum))
            with self._lock:
                self._available, self._updated_at_s = available - price, self.now_s()

    def note_cost(self, name: str, estimate: float, cost: Mapping[str, Any]) -> None:
        """Remember what Shopify reports of a call: its price, and the points that are left."""
        status = dict_or_empty(cost.get("throttleStatus"))
        requested = number_or_zero(cost.get("requestedQueryCost"))
        with self._lock:
            if number_or_zero(status.get("restoreRate")) > 0:
                self.maximum = number_or_zero(status.get("maximumAvailable"))
                self.restore_rate = number_or_zero(status.get("restoreRate"))
                self._available = number_or_zero(status.get("currentlyAvailable"))
                self._updated_at_s = self.now_s()
            if requested > 0 and estimate > 0:
                self._ratios[name] = requested / estimate
                if min(requested, estimate) >= COMPARABLE_COST:
                    self._ratios[""] = requested / estimate

    def note_excess(self, name: str, estimate: float, price: float, limit: float) -> None:
        """Remember the price of a call that was too costly, and the limit."""
        with self._lock:
            self.max_query_cost = limit or self.max_query_cost
            if price > 0 and estimate > 0:
                self._ratios[name] = price / estimate
                self._ratios[""] = max(self._ratios.get("", 1.0), price / estimate)
