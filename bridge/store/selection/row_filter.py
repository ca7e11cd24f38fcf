"""The filters of lists and bulk commands, and the page that a list shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

T = TypeVar("T")
MAX_COUNTED = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class RowFilter:
    """What narrows a list. Each table knows some of the fields; '' and None are not given.

    `after` is the id of the last row of the page before, `due_before` with `late` is about requests that are not
    fulfilled, `failed` about what an operator must put right.
    """

    state: str = ""
    kind: str = ""
    shop: str = ""
    topic: str = ""
    webhook_id: str = ""
    system: str = ""
    outcome: str = ""
    reason_class: str = ""
    since: datetime | None = None
    due_before: datetime | None = None
    incomplete: bool = False
    late: bool = False
    failed: bool = False
    needs_action: bool = False
    overdue: bool = False
    after: str = ""
    limit: int = 100

    def list_given(self) -> dict[str, Any]:
        """Return the fields that narrow the rows, with their values."""
        values = {name: getattr(self, name) for name in RowFilter.__slots__ if name not in ("after", "limit")}
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[T]):
    """Some rows, and how many the filters leave in all, MAX_COUNTED + 1 for more. `has_more`: others come after these.

    Where nothing is left, `existing` counts the rows without any filter, and `empty_fields` are filters that alone leave
    nothing.
    """

    rows: Sequence[T]
    total: int
    has_more: bool = False
    existing: int = 0
    empty_fields: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many rows of a system failed or wait for one class of reasons."""

    reason: str
    system: str
    count: int
