"""Every sealed column, once: the place its values are bound to, and which kind of key seals them.

What rotates, what is counted and what a backup must not open are all read from here. A test names the sealed or secret
column that is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter
from typing import Any

from sqlalchemy import Column, Table

from bridge.store import session
from bridge.store.access import findings, packages
from bridge.store.index import rows
from bridge.store.notices import notice_items
from bridge.store.requests import request_rows, tasks
from bridge.store.retention import documents
from bridge.store.schema.retention_tables import refund_accounts, vault_documents
from bridge.store.schema.tables import (
    data_keys,
    deliveries,
    notice_entries,
    orders,
    parcels,
    requests,
)
from bridge.store.schema.tables import findings as finding_rows
from bridge.store.schema.tables import packages as package_rows
from bridge.store.schema.tables import tasks as task_rows
from bridge.store.schema.tables import tokens as token_rows
from bridge.store.shops import tokens
from bridge.store.webhooks import inbox


class By(StrEnum):
    """Whose key seals a column."""

    RING = "ring"  # the key ring, always
    ROW = "row"  # a person's or the row's own key, which the ring wraps; the ring where there was none


@dataclass(frozen=True, slots=True)
class Sealed:
    """One sealed column. `place` is a template over the row's columns, as the sealing code fills it."""

    column: Column[Any]
    place: str
    by: By

    @property
    def table(self) -> Table:
        """The column's table."""
        table = self.column.table
        assert isinstance(table, Table)  # noqa: S101 - columns of the metadata stand in tables
        return table

    @property
    def name(self) -> str:
        """`table.column`."""
        return str(self.column)

    @property
    def key(self) -> Sequence[Column[Any]]:
        """The primary key."""
        return tuple(self.table.primary_key)

    @property
    def told(self) -> Sequence[Column[Any]]:
        """The columns that the place names."""
        names = (name for _, name, _, _ in Formatter().parse(self.place) if name)
        return [self.table.c[name] for name in names]


SEALED = (
    Sealed(data_keys.c.wrapped, session.WRAP_PLACE, By.RING),
    Sealed(vault_documents.c.wrapped, documents.WRAPPED, By.RING),
    Sealed(refund_accounts.c.wrapped, "refund_accounts|{id}|wrapped|{shop}", By.RING),
    Sealed(refund_accounts.c.reference, "refund_accounts|{id}|reference|{shop}", By.RING),
    Sealed(deliveries.c.body, inbox.PLACE, By.RING),
    Sealed(task_rows.c.cursor, tasks.PLACE, By.RING),
    Sealed(token_rows.c.token, tokens.PLACE.replace("{column}", "token"), By.RING),
    Sealed(token_rows.c.refresh, tokens.PLACE.replace("{column}", "refresh"), By.RING),
    Sealed(notice_entries.c.doc, notice_items.PLACE, By.RING),
    Sealed(refund_accounts.c.doc, "refund_accounts|{id}|doc|{shop}", By.ROW),
    Sealed(vault_documents.c.doc, documents.DOC, By.ROW),
    Sealed(requests.c.principal, request_rows.PLACE, By.ROW),
    Sealed(orders.c.doc, rows.ORDER_PLACE.replace("{key}", "{order_key}"), By.ROW),
    Sealed(parcels.c.doc, rows.PARCEL_PLACE.replace("{key}", "{parcel_key}"), By.ROW),
    Sealed(finding_rows.c.body, findings.PLACE, By.ROW),
    Sealed(package_rows.c.body, packages.PLACE, By.ROW),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """Values by key id and column. `missing` are keys that values name and the ring does not hold."""

    active: str
    rows: Mapping[str, Mapping[str, int]]
    missing: Mapping[str, Mapping[str, int]]

    @property
    def old(self) -> int:
        """How many values keys of the ring sealed that are no longer active."""
        return sum(sum(found.values()) for key_id, found in self.rows.items() if key_id != self.active)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rotated:
    """What one run did. `unreadable` are places of values that did not open; they were not touched."""

    renewed: Mapping[str, int]
    unreadable: tuple[str, ...]
    after: Survey

    @property
    def whole(self) -> bool:
        """True where no value names an old key or a missing one."""
        return not self.unreadable and not self.after.old and not self.after.missing
