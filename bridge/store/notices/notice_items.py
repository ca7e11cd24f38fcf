"""What notices list, at rest: one row a record that has to go, what names it sealed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update

from bridge.errors import ConcurrentChange
from bridge.model import NoticeItem, NoticeState, ParcelStatus, ProcessorAnswer, ReferenceKind
from bridge.store.schema.notice_tables import notice_items
from bridge.store.upsert import upsert

if TYPE_CHECKING:
    from bridge.store.session import Session

NOTICE_ITEM_AAD = "notice_entries|{id}|doc|{shop}"
SEALED_ITEM_FIELDS = ("reference", "order", "order_id", "also", "matters", "note")
IMMUTABLE_ITEM_FIELDS = {"id", "shop", "request_id", "task_id", "processor", "names", "version"}
BLANK_ITEM = NoticeItem(
    id="", shop="", request_id="", task_id="", processor="", names=ReferenceKind.WAYBILL, reference=""
)
NEXT_ITEM_VERSION = notice_items.c.version + 1
UNSEALED_ITEM_FIELDS = [name for name in NoticeItem.__slots__ if name not in SEALED_ITEM_FIELDS]


@cache
def _build_item_update() -> Any:
    """Overwrite what changes of an entry; built once, for it is run for each of thousands."""
    changed = [name for name in UNSEALED_ITEM_FIELDS if name not in IMMUTABLE_ITEM_FIELDS] + ["doc"]
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in changed}
    read = (notice_items.c.id == bindparam("of"), notice_items.c.version == bindparam("was"))
    return update(notice_items).where(*read).values(**values, version=NEXT_ITEM_VERSION)


class NoticeItemRows:
    """The entries' half of `ports.Notices`."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def insert_items(self, items: Iterable[NoticeItem]) -> list[NoticeItem]:
        """Keep those that their task does not list yet; gives them."""
        rows = {
            entry.id: (entry, self._build_item_row(entry) | self._compute_item_keys(entry)) for entry in items
        }
        if not rows:
            return []
        statement = upsert(self._connection, notice_items).returning(notice_items.c.id)
        new = set(self._connection.scalars(statement, [row for _, row in rows.values()]))
        return [entry for entry_id, (entry, _) in rows.items() if entry_id in new]

    def _compute_item_keys(self, item: NoticeItem) -> dict[str, str]:
        """What one task lists once, and its order. Pseudonyms: by them the shop's later word finds the entry."""
        vault = self._session.keyring
        key = vault.digest(f"entry|{item.shop}|{item.names}", item.reference.encode())[:64]
        if item.names is ReferenceKind.WAYBILL:
            key = vault.pseudonym(item.shop, "waybill", item.reference)
        return {"entry_key": key, "order_key": vault.pseudonym(item.shop, "order", item.order_id)}

    def _build_item_row(self, item: NoticeItem) -> dict[str, Any]:
        doc = None
        if item.reference or item.note:
            known = item if item.reference else BLANK_ITEM  # with its name goes all that leads to the person
            sealed = {name: getattr(known, name) for name in SEALED_ITEM_FIELDS} | {"note": item.note}
            told = json.dumps(sealed).encode()
            doc = self._session.keyring.seal(told, NOTICE_ITEM_AAD.format(id=item.id, shop=item.shop))
        return {name: getattr(item, name) for name in UNSEALED_ITEM_FIELDS} | {"doc": doc}

    def list_items(
        self,
        *,
        account: str = "",
        request_id: str = "",
        notice_id: str = "",
        order_keys: Sequence[str] = (),
        states: Sequence[NoticeState] = (),
        due_at: datetime | None = None,
        limit: int = 0,
    ) -> list[NoticeItem]:
        """See ports.Notices."""
        rows = select(notice_items).order_by(notice_items.c.id)
        if order_keys:
            rows = rows.where(notice_items.c.order_key.in_(list(order_keys)))
        if account:
            shop, _, processor = account.partition("|")
            rows = rows.where(notice_items.c.shop == shop, notice_items.c.processor == processor)
        for column, value in (
            (notice_items.c.request_id, request_id),
            (notice_items.c.notice_id, notice_id),
        ):
            if value:
                rows = rows.where(column == value)
        if states:
            rows = rows.where(notice_items.c.state.in_(list(states)))
        if due_at is not None:
            rows = rows.where(notice_items.c.look_at <= due_at).order_by(None)
            rows = rows.order_by(notice_items.c.look_at, notice_items.c.id)
        return [self._item_from_row(row) for row in self._connection.execute(rows.limit(limit or None))]

    def find_item(self, item_id: str) -> NoticeItem | None:
        """See ports.Notices."""
        row = self._connection.execute(select(notice_items).where(notice_items.c.id == item_id)).one_or_none()
        return self._item_from_row(row) if row else None

    def save_items(self, items: Iterable[NoticeItem]) -> None:
        """See ports.Notices."""
        rows = []
        for entry in items:
            told = self._build_item_row(entry)
            new = {f"new_{name}": value for name, value in told.items() if name not in IMMUTABLE_ITEM_FIELDS}
            rows.append({"of": entry.id, "was": entry.version} | new)
        if rows and self._connection.execute(_build_item_update(), rows).rowcount != len(rows):
            raise ConcurrentChange

    def _item_from_row(self, row: Any) -> NoticeItem:
        told = {name: getattr(row, name) for name in UNSEALED_ITEM_FIELDS}
        told |= {
            "names": ReferenceKind(row.names),
            "state": NoticeState(row.state),
            "status": ParcelStatus(row.status),
            "answer": ProcessorAnswer(row.answer) if row.answer else None,
            "reference": "",
        }
        if row.doc is not None:
            doc = json.loads(self._session.open(row.doc, NOTICE_ITEM_AAD.format(id=row.id, shop=row.shop)))
            told |= doc | {"also": tuple(doc["also"]), "matters": tuple(doc["matters"])}
        return NoticeItem(**told)
