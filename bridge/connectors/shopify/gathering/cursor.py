"""Defines the cursor of a gathering: what the next step needs to know, stored as JSON.

Contains personal data: the port promises that cursors are sealed at rest. No finished step is read again, but for a few
that found nothing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from bridge.connectors.shopify.gathering.date_windows import TimeWindows
from bridge.connectors.shopify.gathering.paging import ListTrace
from bridge.errors import ConnectorRefused

CURSOR_VERSION = 2
# Fields that stored cursors contain under another key.
CURSOR_KEYS = {
    "closed_flags": "shut",
    "remaining_orders": "left",
    "halves_start": "start",
    "is_second_half": "again",
    "list_cursors": "beside",
    "excluded_orders": "strangers",
    "payment_windows": "paid",
    "metaobject_types": "things",
    "linked_calls": "turns",
    "bulk_operation": "bulk",
    "file_lines": "lines",
    "file_orders": "rows",
    "recorded_up_to": "met",
    "last_file_order": "high",
    "failed_operations": "tries",
    "has_bulk_halves": "bulked",
}
CURSOR_FIELDS = {key: name for name, key in CURSOR_KEYS.items()}


class GatherStage(StrEnum):
    """The data that is read next."""

    CUSTOMER = "customer"
    BULK = "bulk"
    ORDERS = "orders"
    SEARCHED_ORDERS = "found"
    RELATED_RECORDS = "beside"
    NAMED_ORDERS = "named"
    LINKED_RECORDS = "trail"
    END = "end"


@dataclass(frozen=True, kw_only=True, slots=True)
class GatherCursor:
    """The position at which the next step begins.

    `closed_flags` are variables of documents that scopes or refusals set to false, `customer` the gid of the customer,
    `after` Shopify's cursor in the stage, `remaining_orders` how many orders the customer still has, `halves_start` the
    cursor from which orders are read in halves, `is_second_half` whether second halves are read, `list_cursors` the
    cursor of each unfinished list, `customers` the gids of all customers of the person if there are several, of which the one at
    `customer_index` is read, `list_traces` what ends it, `recorded` digests of the last findings,
    `is_partial` whether the last page must be requested again because its time was over, `seen` one bit for each order that the request names, `counts` how many
    records are missing, by absence, name and reason, `excluded_orders` those that an earlier release left out.

    For linked records: `payment_windows` when orders were paid, `disputes` the numbers of disputes, `checkouts` the gids
    of abandoned checkouts, `metaobject_types` the types that reference a customer, `linked_calls` the calls so far.

    For a bulk operation: `bulk_operation` its gid, `file_lines` and `file_orders` how many lines and orders of its file
    are read, `recorded_up_to` the number of the order up to which all are recorded without it, `last_file_order` that of
    the last order recorded from it (-1 once the file was unsorted), `failed_operations` how many failed before it,
    `bulk_waits` how often a job ended to wait for it,
    `has_bulk_halves` whether first halves came from it.
    """

    stage: GatherStage = GatherStage.CUSTOMER
    closed_flags: tuple[str, ...] = ()
    customer: str = ""
    matched_by: str = ""
    emails: tuple[str, ...] = ()
    after: str = ""
    remaining_orders: int = 0
    halves_start: str | None = None
    is_second_half: bool = False
    list_cursors: dict[str, str] = field(default_factory=dict)
    customers: tuple[str, ...] = ()
    customer_index: int = 0
    is_partial: bool = False
    list_traces: dict[str, ListTrace] = field(default_factory=dict)
    recorded: tuple[str, ...] = ()
    seen: int = 0
    excluded_orders: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    payment_windows: TimeWindows = ()
    disputes: tuple[str, ...] = ()
    checkouts: tuple[str, ...] = ()
    metaobject_types: tuple[str, ...] = ()
    linked_calls: int = 0
    bulk_operation: str = ""
    file_lines: int = 0
    file_orders: int = 0
    recorded_up_to: int = 0
    last_file_order: int = 0
    failed_operations: int = 0
    bulk_waits: int = 0
    has_bulk_halves: bool = False

    def serialize(self, order_ids: tuple[str, ...]) -> str:
        """Return the cursor as JSON, bound to the orders that the request names."""
        values = {CURSOR_KEYS.get(name, name): value for name, value in asdict(self).items()}
        if not self.customers:  # the release before does not know them
            del values["customers"], values["customer_index"]
        values |= {"v": CURSOR_VERSION, "seen": f"{self.seen:x}", "of": _digest_order_ids(order_ids)}
        return json.dumps(values, separators=(",", ":"))


def parse_cursor(cursor: str, order_ids: tuple[str, ...]) -> GatherCursor:
    """Return the cursor in the JSON; an empty one is the start. Raises ConnectorRefused for a foreign one."""
    if not cursor:
        return GatherCursor()
    try:
        values: dict[str, Any] = json.loads(cursor)
        if values.pop("v") != CURSOR_VERSION:
            raise ConnectorRefused("shopify: cursor of another version")
        # if the request names other orders than when the bits were set, all of them are read again
        seen, digest = int(values.pop("seen"), 16), values.pop("of")
        seen = seen if digest == _digest_order_ids(order_ids) else 0
        values = {CURSOR_FIELDS.get(key, key): value for key, value in values.items()}
        for name in ("closed_flags", "emails", "disputes", "checkouts", "metaobject_types", "recorded", "customers"):
            values[name] = tuple(values.get(name, ()))
        traces = values.get("list_traces", {})
        values["list_traces"] = {name: ListTrace(**trace) for name, trace in traces.items()}
        values["stage"] = GatherStage(values["stage"])
        values["payment_windows"] = tuple((start, end) for start, end in values["payment_windows"])
        return GatherCursor(seen=seen, **values)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConnectorRefused("shopify: cursor is invalid") from None


def _digest_order_ids(order_ids: tuple[str, ...]) -> str:
    return hashlib.sha256(",".join(order_ids).encode()).hexdigest()[:12]
