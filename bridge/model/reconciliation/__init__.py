"""A reconciliation: the orders that the platform has, compared with the index, and what was filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bridge.model.sales import Sale


class ReconciliationKind(StrEnum):
    """Who began it: the clock each night, an operator after a failure, or an operator for orders older than the bridge."""

    NIGHTLY = "nightly"
    MANUAL = "manual"
    BACKFILL = "backfill"


class ReconciliationState(StrEnum):
    """Whether a worker has to go on with it."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderSelection:
    """Orders that changed in a span of time, or with `by_creation` that were placed in it. Both ends belong to it."""

    since: datetime
    until: datetime
    by_creation: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformOrder:
    """An order as the platform has it now: the webhooks that would say so (topic, body), and its sales.

    `is_complete` is False where the platform has more parcels or refunds than were read.
    """

    order_id: str
    placed_at: datetime | None
    updated_at: datetime | None
    webhooks: tuple[tuple[str, Mapping[str, Any]], ...] = field(default=(), repr=False)
    sales: tuple[Sale, ...] = field(default=(), repr=False)
    is_complete: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderPage:
    """Orders in the order of their ids. `after` is the last id, `unread` counts rows that the platform could not serve.

    `denied` names the fields that the platform did not let us read, `export` the export that the page is from, and where it
    stands in it.
    """

    orders: tuple[PlatformOrder, ...]
    after: str
    is_last: bool
    export: str = ""
    unread: int = 0
    denied: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderReach:
    """How many orders a selection has, and whether the platform shows the app orders older than sixty days."""

    count: int
    sees_all_orders: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class HoleCounts:
    """How many orders were compared, and what was missing of them.

    `missing` orders were unknown, `outdated` ones known in an older version or in part, `parcels` and `documents` are
    parcels and invoice copies that were not stored. Left alone are orders of `erased` persons and `expired` ones;
    `unread` are those that could not be read in full.
    """

    orders: int = 0
    missing: int = 0
    outdated: int = 0
    parcels: int = 0
    documents: int = 0
    erased: int = 0
    expired: int = 0
    unread: int = 0

    @property
    def holes(self) -> int:
        """Return how many holes were found."""
        return self.missing + self.outdated + self.parcels + self.documents

    def add(self, other: HoleCounts) -> HoleCounts:
        """Return the sum of two counts."""
        return HoleCounts(**{name: getattr(self, name) + getattr(other, name) for name in HoleCounts.__slots__})


@dataclass(frozen=True, kw_only=True, slots=True)
class ReconciliationProgress:
    """How far a reconciliation is. `after` is the id of the last order that was compared, `export` the platform's export.

    `can_export` is False once the orders are read by pages, `expected` how many there were at the beginning, `denied`
    the fields that could not be read, `sees_all_orders` whether the platform shows orders older than sixty days.
    """

    after: str = ""
    export: str = ""
    can_export: bool = False
    expected: int | None = None
    sees_all_orders: bool = True
    denied: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconciliation:
    """One run for one shop. `attempts` counts failures in a row."""

    id: str
    shop: str
    kind: ReconciliationKind
    selection: OrderSelection
    state: ReconciliationState
    actor: str
    started_at: datetime
    progress: ReconciliationProgress = ReconciliationProgress()
    counts: HoleCounts = HoleCounts()
    finished_at: datetime | None = None
    attempts: int = 0
    last_error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookSubscription:
    """A subscription that the platform lists: its topic, where it is sent, in which version."""

    topic: str
    uri: str
    api_version: str
