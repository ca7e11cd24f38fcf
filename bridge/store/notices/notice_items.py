"""Notice items: one row for each record that a processor must erase. The reference of the record is sealed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, or_, select, update

from bridge.errors import ConcurrentChange
from bridge.model import (
    NoticeItem,
    NoticePurpose,
    NoticeState,
    ParcelStatus,
    ProcessorAnswer,
    ReferenceKind,
    RequestState,
    TaskAction,
    TaskState,
)
from bridge.rules.notices.parcel_reviews import PARCEL_REVIEW_PREFIX
from bridge.rules.notices.timing import FINAL_PARCEL_STATUSES
from bridge.store.notices.accounts import NoticeAccountRows
from bridge.store.schema.notice_tables import notice_items
from bridge.store.schema.tables import requests, tasks
from bridge.store.session import Session
from bridge.store.upsert import upsert

NOTICE_ITEM_AAD = "notice_entries|{id}|doc|{shop}"
SEALED_ITEM_FIELDS = ("reference", "order", "order_id", "placed_at", "also", "matters", "note")
IMMUTABLE_ITEM_FIELDS = {"id", "shop", "request_id", "task_id", "processor", "names", "purpose", "version"}
UNSENT_ITEM_STATES = (NoticeState.WAITING, NoticeState.QUEUED)  # no letter that lists it was sent
BLANK_ITEM = NoticeItem(
    id="", shop="", request_id="", task_id="", processor="", names=ReferenceKind.WAYBILL, reference=""
)
NEXT_ITEM_VERSION = notice_items.c.version + 1
UNSEALED_ITEM_FIELDS = [name for name in NoticeItem.__slots__ if name not in SEALED_ITEM_FIELDS]


@cache
def _build_item_update() -> Any:
    """Build the statement that overwrites an item, once: it runs for each of thousands."""
    changed = [name for name in UNSEALED_ITEM_FIELDS if name not in IMMUTABLE_ITEM_FIELDS] + ["doc"]
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in changed}
    unchanged = (notice_items.c.id == bindparam("of"), notice_items.c.version == bindparam("was"))
    return update(notice_items).where(*unchanged).values(**values, version=NEXT_ITEM_VERSION)


class NoticeItemRows:
    """Notice items, sealed, and what the shop later reports about their orders and parcels."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._accounts = NoticeAccountRows(session)

    def add_items(self, items: Iterable[NoticeItem]) -> int:
        """Store those that their task does not list yet and wake their accounts. Return how many are new."""
        rows = {item.id: (item, self._build_item_row(item) | self._compute_item_keys(item)) for item in items}
        if not rows:
            return 0
        statement = upsert(self._connection, notice_items).returning(notice_items.c.id)
        new_ids = set(self._connection.scalars(statement, [row for _, row in rows.values()]))
        new = [item for item_id, (item, _) in rows.items() if item_id in new_ids]
        self._wake_accounts((item.shop, item.processor) for item in new)
        return len(new)

    def replace_items(self, items: Sequence[NoticeItem]) -> int:
        """Store items in the place of those of the same tasks and records: each is told anew. Return how many there are."""
        for item in items:
            same = notice_items.c.entry_key == self._compute_item_keys(item)["entry_key"]
            self._connection.execute(delete(notice_items).where(notice_items.c.task_id == item.task_id, same))
        return self.add_items(items)

    def _wake_accounts(self, accounts: Iterable[tuple[str, str]]) -> None:
        """Make these (shop, processor) due now, in one order for all workers."""
        for shop, processor in sorted(set(accounts)):
            self._accounts.wake_account(f"{shop}|{processor}")

    def _compute_item_keys(self, item: NoticeItem) -> dict[str, str]:
        """Return the pseudonyms of the record and of its order, by which later reports of the shop find the item."""
        keyring = self._session.keyring
        key = keyring.digest(f"entry|{item.shop}|{item.names}", item.reference.encode())[:64]
        if item.names is ReferenceKind.WAYBILL:
            key = keyring.pseudonym(item.shop, "waybill", item.reference)
        return {"entry_key": key, "order_key": keyring.pseudonym(item.shop, "order", item.order_id)}

    def _build_item_row(self, item: NoticeItem) -> dict[str, Any]:
        doc = None
        if item.reference or item.note:
            # without its reference an item keeps nothing that leads to the data subject
            source = item if item.reference else BLANK_ITEM
            sealed = {name: getattr(source, name) for name in SEALED_ITEM_FIELDS} | {"note": item.note}
            sealed["placed_at"] = [(order_id, at.isoformat()) for order_id, at in source.placed_at]
            aad = NOTICE_ITEM_AAD.format(id=item.id, shop=item.shop)
            doc = self._session.keyring.seal(json.dumps(sealed).encode(), aad)
        values = {name: getattr(item, name) for name in UNSEALED_ITEM_FIELDS} | {"doc": doc}
        return values if item.reference else values | {"clues": ""}

    def list_items(
        self,
        *,
        account: str = "",
        shop: str = "",
        request_id: str = "",
        notice_id: str = "",
        order_keys: Sequence[str] = (),
        states: Sequence[NoticeState] = (),
        due_at: datetime | None = None,
        limit: int = 0,
    ) -> list[NoticeItem]:
        """Return items, oldest first.

        `order_keys` are pseudonyms of orders; `due_at`: only those to be looked at by then; `limit` 0: all.
        """
        rows = select(notice_items).order_by(notice_items.c.id)
        if shop:
            rows = rows.where(notice_items.c.shop.in_(self._session.shops.list_keys(shop)))
        if order_keys:
            rows = rows.where(notice_items.c.order_key.in_(list(order_keys)))
        if account:
            at, _, processor = account.partition("|")
            rows = rows.where(notice_items.c.shop == at, notice_items.c.processor == processor)
        for column, value in ((notice_items.c.request_id, request_id), (notice_items.c.notice_id, notice_id)):
            if value:
                rows = rows.where(column == value)
        if states:
            rows = rows.where(notice_items.c.state.in_(list(states)))
        if due_at is not None:
            rows = rows.where(notice_items.c.look_at <= due_at).order_by(None)
            rows = rows.order_by(notice_items.c.look_at, notice_items.c.id)
        return [self._item_from_row(row) for row in self._connection.execute(rows.limit(limit or None))]

    def find_item(self, item_id: str) -> NoticeItem | None:
        """Return one item, if there is one with this id."""
        row = self._connection.execute(select(notice_items).where(notice_items.c.id == item_id)).one_or_none()
        return self._item_from_row(row) if row else None

    def save_items(self, items: Iterable[NoticeItem]) -> None:
        """Overwrite items; a blank `reference` destroys the sealed part.

        Raises ConcurrentChange where an item was changed since it was read; the caller must roll back.
        """
        rows = []
        for item in items:
            row = self._build_item_row(item)
            new = {f"new_{name}": value for name, value in row.items() if name not in IMMUTABLE_ITEM_FIELDS}
            rows.append({"of": item.id, "was": item.version} | new)
        if rows and self._connection.execute(_build_item_update(), rows).rowcount != len(rows):
            raise ConcurrentChange

    def delete_item(self, item: NoticeItem) -> None:
        """Delete an item whose record the processor never had, and its task where no other item belongs to it."""
        self._connection.execute(delete(notice_items).where(notice_items.c.id == item.id))
        other_items = exists().where(notice_items.c.task_id == item.task_id)
        self._connection.execute(delete(tasks).where(tasks.c.id == item.task_id, ~other_items))

    def record_parcel_status(self, shop: str, waybill: str, status: ParcelStatus, status_at: datetime | None) -> bool:
        """Record the shop's report of where an erased data subject's parcel is. False where no item lists it."""
        listed = self._match_pseudonym(shop, notice_items.c.entry_key, "waybill", waybill)
        if status_at is not None:
            older = or_(notice_items.c.status_at.is_(None), notice_items.c.status_at < status_at)
            self._update_unsent_items(and_(listed, older), {"status": status, "status_at": status_at})
        return bool(self._connection.scalar(select(exists().where(listed))))

    def record_blocker(self, shop: str, order_id: str, blocker: str, *, is_open: bool) -> None:
        """Record that a return or dispute (`return/9`) of an erased data subject's order began or ended."""
        changed = []
        for item in self.lock_items_of_order(shop, order_id):
            blockers = tuple(sorted({*item.matters, blocker} if is_open else {*item.matters} - {blocker}))
            if blockers == item.matters or not item.reference:
                continue
            changed.append(replace(item, matters=blockers))
            if item.state in UNSENT_ITEM_STATES:
                now = self._session.now()
                changed[-1] = replace(changed[-1], state=NoticeState.WAITING, notice_id="", look_at=now)
                self._accounts.wake_account(f"{item.shop}|{item.processor}")
        self.save_items(changed)

    def list_blockers(self, shop: str, order_id: str) -> tuple[str, ...]:
        """Return the open returns and disputes of an erased data subject's order, as its items have them."""
        items = self.lock_items_of_order(shop, order_id)
        blockers = {blocker for item in items for blocker in item.matters}
        return tuple(sorted(one for one in blockers if not one.startswith(PARCEL_REVIEW_PREFIX)))

    def lock_items_of_order(self, shop: str, order_id: str) -> list[NoticeItem]:
        """Return the items of one order, locked where the database can; none for a blank id."""
        of_order = self._match_pseudonym(shop, notice_items.c.order_key, "order", order_id)
        rows = select(notice_items).where(of_order).order_by(notice_items.c.id).with_for_update()
        return [self._item_from_row(row) for row in self._connection.execute(rows)]

    def _match_pseudonym(self, shop: str, column: Any, field: str, value: str) -> Any:
        """Return the condition that a column has this value's pseudonym under one of the shop's keys."""
        shop_keys = self._session.shops.list_keys(shop)
        keys = {self._session.keyring.pseudonym(key, field, value) for key in shop_keys} - {""}
        return and_(notice_items.c.shop.in_(shop_keys), column.in_(keys))

    def decide_anew(self, order_key: str) -> None:
        """Make the unsent items due now that the order with this pseudonym is a reason for; a queued one waits for it.

        Those of the order, and those by which its erasures name the data subject.
        """
        of_order = notice_items.c.order_key == order_key
        of_person = and_(
            notice_items.c.order_key == "",
            notice_items.c.request_id.in_(select(notice_items.c.request_id).where(of_order)),
        )
        unsent = (or_(of_order, of_person), notice_items.c.state.in_(UNSENT_ITEM_STATES))
        values = {"state": NoticeState.WAITING, "notice_id": "", "look_at": self._session.now()}
        statement = update(notice_items).where(*unsent).values(**values, version=NEXT_ITEM_VERSION)
        accounts = self._connection.execute(statement.returning(notice_items.c.shop, notice_items.c.processor)).all()
        self._wake_accounts((row.shop, row.processor) for row in accounts)

    def _update_unsent_items(self, condition: Any, values: dict[str, Any]) -> None:
        """Make unsent items with news due now; a queued item whose parcel moves again waits again."""
        is_final = values["status"] in FINAL_PARCEL_STATUSES
        waits = notice_items.c.state.in_([NoticeState.WAITING] if is_final else list(UNSENT_ITEM_STATES))
        values = {**values, "state": NoticeState.WAITING, "notice_id": "", "look_at": self._session.now()}
        statement = update(notice_items).where(waits, condition).values(**values, version=NEXT_ITEM_VERSION)
        accounts = self._connection.execute(statement.returning(notice_items.c.shop, notice_items.c.processor)).all()
        self._wake_accounts((row.shop, row.processor) for row in accounts)

    def wake_requests_of_items(self, items: Iterable[NoticeItem]) -> None:
        """Make the requests of these items due now, so that they read their state; a done request waits again."""
        items, now = list(items), self._session.now()
        task_ids = sorted({item.task_id for item in items})
        notice_tasks = (tasks.c.id.in_(task_ids), tasks.c.action == TaskAction.NOTIFY_PROCESSOR)
        of_items = requests.c.id.in_(sorted({item.request_id for item in items}))
        # the request before its tasks, and in one order, as every worker locks them
        rows = select(requests.c.id).where(of_items).order_by(requests.c.id).with_for_update()
        self._connection.execute(rows)
        waiting = {"state": TaskState.WAITING, "wake_at": now, "finished_at": None}
        self._connection.execute(update(tasks).where(*notice_tasks).values(waiting))
        self._connection.execute(update(requests).where(of_items).values(wake_at=now, rung_at=None))
        done = (of_items, requests.c.state == RequestState.DONE)
        self._connection.execute(update(requests).where(*done).values(state=RequestState.WAITING))

    def _item_from_row(self, row: Any) -> NoticeItem:
        values = {name: getattr(row, name) for name in UNSEALED_ITEM_FIELDS}
        values |= {
            "names": ReferenceKind(row.names),
            "state": NoticeState(row.state),
            "purpose": NoticePurpose(row.purpose),
            "status": ParcelStatus(row.status),
            "answer": ProcessorAnswer(row.answer) if row.answer else None,
            "reference": "",
        }
        if row.doc is not None:
            doc = json.loads(self._session.open(row.doc, NOTICE_ITEM_AAD.format(id=row.id, shop=row.shop)))
            values |= doc | {"also": tuple(doc["also"]), "matters": tuple(doc["matters"])}
            # an item of an earlier release does not say when its order was placed
            placed_at = doc.get("placed_at", ())
            values["placed_at"] = tuple((order_id, datetime.fromisoformat(at)) for order_id, at in placed_at)
        return NoticeItem(**values)
