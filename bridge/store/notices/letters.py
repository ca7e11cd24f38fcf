"""Notices at rest: accounts that one worker owns at a time, the letters, the links that answer them.

What an entry names its record by (a waybill) is sealed; a link's token rests as a hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, exists, func, insert, or_, select, update

from bridge.errors import LeaseLost
from bridge.model import (
    Notice,
    NoticeChannel,
    NoticeItem,
    NoticeState,
    ParcelStatus,
    RequestState,
    TaskAction,
    TaskState,
)
from bridge.ports import Lease
from bridge.rules.notices.timing import FINAL_PARCEL_STATUSES
from bridge.store.notices.notice_items import NEXT_ITEM_VERSION, NoticeItemRows
from bridge.store.schema.notice_tables import notice_accounts, notice_items, notice_links, notices
from bridge.store.schema.tables import requests, tasks
from bridge.store.upsert import upsert

UNSENT_ITEM_STATES = (NoticeState.WAITING, NoticeState.QUEUED)  # no letter that lists it has gone
MUTABLE_NOTICE_FIELDS = {
    name for name in Notice.__slots__ if name not in {"id", "shop", "processor", "via", "created_at"}
}


class NoticeRows(NoticeItemRows):
    """`ports.Notices` in one transaction."""

    def add_items(self, items: Iterable[NoticeItem]) -> int:
        """See ports.Notices."""
        new = self.insert_items(items)
        for account in sorted({(entry.shop, entry.processor) for entry in new}):
            self.wake_account("|".join(account))
        return len(new)

    def acquire_lease(self, account: str) -> Lease | None:
        """See ports.Notices."""
        now = self._session.now()
        free = or_(notice_accounts.c.lease_until.is_(None), notice_accounts.c.lease_until < now)
        fence = self._connection.scalar(
            update(notice_accounts)
            .where(notice_accounts.c.id == account, notice_accounts.c.wake_at <= now, free)
            .values(
                fence=notice_accounts.c.fence + 1,
                attempts=notice_accounts.c.attempts + 1,
                lease_until=now + timedelta(seconds=self._session.lease_s),
            )
            .returning(notice_accounts.c.fence)
        )
        return None if fence is None else Lease(row_id=account, fence=fence)

    def verify_lease(self, lease: Lease) -> None:
        """See ports.Notices. Not what was given back: a renewal may have waited for that very transaction."""
        until = self._session.now() + timedelta(seconds=self._session.lease_s)
        self._update_leased_account(lease, {"lease_until": until}, notice_accounts.c.lease_until.is_not(None))

    def release_lease(
        self,
        lease: Lease,
        *,
        wake_at: datetime | None = None,
        error: str = "",
        not_before: datetime | None = None,
    ) -> None:
        """See ports.Notices."""
        self.verify_lease(
            lease
        )  # locked first: what somebody adds meanwhile is seen below, or wakes it afterwards
        shop, _, processor = lease.row_id.partition("|")
        mine = (notice_items.c.shop == shop, notice_items.c.processor == processor)
        look = self._connection.scalar(select(func.min(notice_items.c.look_at)).where(*mine))
        ours = (notices.c.shop == shop, notices.c.processor == processor)
        turn = self._connection.scalar(select(func.min(notices.c.next_at)).where(*ours))
        due = min((moment for moment in (look, turn, wake_at) if moment is not None), default=None)
        if due is not None and not_before is not None:
            due = max(due, not_before)
        values = {"wake_at": due or not_before, "rung_at": None, "lease_until": None}
        if not error:
            values["attempts"] = 0
        self._update_leased_account(lease, {**values, "last_error": error[:200]})

    def _update_leased_account(self, lease: Lease, values: dict[str, Any], *conditions: Any) -> None:
        owned = and_(
            notice_accounts.c.id == lease.row_id, notice_accounts.c.fence == lease.fence, *conditions
        )
        if self._connection.execute(update(notice_accounts).where(owned).values(**values)).rowcount != 1:
            raise LeaseLost(lease.row_id)

    def count_attempts(self, account: str) -> int:
        """See ports.Notices."""
        return (
            self._connection.scalar(select(notice_accounts.c.attempts).where(notice_accounts.c.id == account))
            or 0
        )

    def wake_account(self, account: str, wake_at: datetime | None = None) -> None:
        """See ports.Notices."""
        shop, _, processor = account.partition("|")
        times = {"wake_at": wake_at or self._session.now(), "rung_at": None}
        row = {"id": account, "shop": shop, "processor": processor, **times}
        statement = upsert(self._connection, notice_accounts, ["id"], times, where=_wakes_earlier)
        self._connection.execute(statement, row | {"attempts": 0, "last_error": "", "fence": 0})

    def open_notice(self, notice: Notice, items: Sequence[NoticeItem]) -> None:
        """See ports.Notices."""
        row = {name: getattr(notice, name) for name in Notice.__slots__}
        self._connection.execute(insert(notices), row)
        self.save_items(replace(entry, notice_id=notice.id) for entry in items)

    def withdraw_notice(self, notice_id: str) -> None:
        """See ports.Notices."""
        unsent = (notices.c.id == notice_id, notices.c.state == NoticeState.QUEUED)
        self._connection.execute(delete(notices).where(*unsent))

    def find_notice(self, notice_id: str) -> Notice | None:
        """See ports.Notices."""
        row = self._connection.execute(select(notices).where(notices.c.id == notice_id)).one_or_none()
        return _notice_from_row(row) if row else None

    def list_notices(
        self,
        *,
        account: str = "",
        states: Sequence[NoticeState] = (),
        due_at: datetime | None = None,
        limit: int = 0,
    ) -> list[Notice]:
        """See ports.Notices."""
        rows = select(notices).order_by(notices.c.created_at, notices.c.id)
        if account:
            shop, _, processor = account.partition("|")
            rows = rows.where(notices.c.shop == shop, notices.c.processor == processor)
        if states:
            rows = rows.where(notices.c.state.in_(list(states)))
        if due_at is not None:
            rows = rows.where(notices.c.next_at <= due_at)
        return [_notice_from_row(row) for row in self._connection.execute(rows.limit(limit or None))]

    def find_notice_by_message_id(self, message_id: str) -> Notice | None:
        """The notice whose last letter went under this Message-ID: an older one may have gone to an older address."""
        notice = self.find_notice(message_id.strip("<>").partition(".")[0])
        return notice if notice is not None and notice.message_id == message_id else None

    def delete_item(self, item: NoticeItem) -> None:
        """Remove an entry that was never its processor's, and its task where nothing is left of it."""
        self._connection.execute(delete(notice_items).where(notice_items.c.id == item.id))
        left = exists().where(notice_items.c.task_id == item.task_id)
        self._connection.execute(delete(tasks).where(tasks.c.id == item.task_id, ~left))

    def save_notice(self, notice: Notice, *, expected_state: NoticeState) -> bool:
        """See ports.Notices."""
        values = {name: getattr(notice, name) for name in MUTABLE_NOTICE_FIELDS} | {
            "last_error": notice.last_error[:200]
        }
        known = (notices.c.id == notice.id, notices.c.state == expected_state)
        return self._connection.execute(update(notices).where(*known).values(**values)).rowcount == 1

    def find_last_opened_at(self, account: str) -> datetime | None:
        """See ports.Notices."""
        shop, _, processor = account.partition("|")
        ours = (notices.c.shop == shop, notices.c.processor == processor)
        last: datetime | None = self._connection.scalar(select(func.max(notices.c.created_at)).where(*ours))
        return last

    def save_link_token(self, notice_id: str, token: str, expires_at: datetime) -> None:
        """See ports.Notices."""
        row = {"token_hash": _hash_link_token(token), "notice_id": notice_id, "expires_at": expires_at}
        self._connection.execute(insert(notice_links), row)

    def find_notice_by_token(self, token: str) -> Notice | None:
        """See ports.Notices."""
        known = (
            notice_links.c.token_hash == _hash_link_token(token),
            notice_links.c.expires_at > self._session.now(),
        )
        notice_id = self._connection.scalar(select(notice_links.c.notice_id).where(*known))
        return self.find_notice(notice_id) if notice_id else None

    def delete_link_tokens(self, notice_id: str, token: str = "") -> None:
        """See ports.Notices."""
        ends = delete(notice_links).where(notice_links.c.notice_id == notice_id)
        self._connection.execute(
            ends.where(notice_links.c.token_hash == _hash_link_token(token)) if token else ends
        )

    def record_parcel_status(
        self, shop: str, waybill: str, status: ParcelStatus, status_at: datetime | None
    ) -> bool:
        """See ports.Notices."""
        key = self._session.keyring.pseudonym(shop, "waybill", waybill)
        mine = and_(notice_items.c.shop == shop, notice_items.c.entry_key == key)
        if status_at is not None:
            older = or_(notice_items.c.status_at.is_(None), notice_items.c.status_at < status_at)
            self._update_waiting_items(and_(mine, older), {"status": status, "status_at": status_at})
        return bool(self._connection.scalar(select(exists().where(mine))))

    def record_blocker(self, shop: str, order_id: str, blocker: str, *, is_open: bool) -> None:
        """See ports.Notices."""
        told = []
        for entry in self._lock_items_of_order(shop, order_id):
            matters = tuple(sorted({*entry.matters, blocker} if is_open else {*entry.matters} - {blocker}))
            if matters == entry.matters or not entry.reference:
                continue
            told.append(replace(entry, matters=matters))
            if entry.state in UNSENT_ITEM_STATES:
                now = self._session.now()
                told[-1] = replace(told[-1], state=NoticeState.WAITING, notice_id="", look_at=now)
                self.wake_account(f"{shop}|{entry.processor}")
        self.save_items(told)

    def list_blockers(self, shop: str, order_id: str) -> tuple[str, ...]:
        """See ports.Notices."""
        return tuple(
            sorted(
                {matter for entry in self._lock_items_of_order(shop, order_id) for matter in entry.matters}
            )
        )

    def _lock_items_of_order(self, shop: str, order_id: str) -> list[NoticeItem]:
        """The entries of one order, locked where the database can."""
        key = self._session.keyring.pseudonym(shop, "order", order_id)
        mine = (notice_items.c.shop == shop, notice_items.c.order_key == key)
        rows = select(notice_items).where(*mine).order_by(notice_items.c.id).with_for_update()
        return [self._item_from_row(row) for row in self._connection.execute(rows)] if key else []

    def _update_waiting_items(self, condition: Any, values: dict[str, Any]) -> None:
        """What waits and is told something new is looked at now; what was to go out and moves again waits again."""
        rests = values["status"] in FINAL_PARCEL_STATUSES
        waits = notice_items.c.state.in_([NoticeState.WAITING] if rests else list(UNSENT_ITEM_STATES))
        values = {**values, "state": NoticeState.WAITING, "notice_id": "", "look_at": self._session.now()}
        accounts = self._connection.execute(
            update(notice_items)
            .where(waits, condition)
            .values(**values, version=NEXT_ITEM_VERSION)
            .returning(notice_items.c.shop, notice_items.c.processor)
        ).all()
        for shop, processor in sorted(set(accounts)):
            self.wake_account(f"{shop}|{processor}")

    def wake_requests_of_items(self, items: Iterable[NoticeItem]) -> None:
        """See ports.Notices. A request that was done goes on: what it waits for stands anew."""
        told = list(items)
        now = self._session.now()
        tasks_of = sorted({entry.task_id for entry in told})
        mine = (tasks.c.id.in_(tasks_of), tasks.c.action == TaskAction.NOTIFY_PROCESSOR)
        ours = requests.c.id.in_(sorted({entry.request_id for entry in told}))
        # the request before its tasks, and in one order, as everybody who works on a request
        self._connection.execute(select(requests.c.id).where(ours).order_by(requests.c.id).with_for_update())
        self._connection.execute(
            update(tasks).where(*mine).values(state=TaskState.WAITING, wake_at=now, finished_at=None)
        )
        self._connection.execute(update(requests).where(ours).values(wake_at=now, rung_at=None))
        done = (ours, requests.c.state == RequestState.DONE)
        self._connection.execute(update(requests).where(*done).values(state=RequestState.WAITING))


def _wakes_earlier(stored: Any, given: Any) -> Any:
    return or_(stored.wake_at.is_(None), stored.wake_at > given.wake_at)


def _hash_link_token(token: str) -> str:
    """256 random bits need no slow hash: nobody can try them out."""
    return hashlib.sha256(token.encode()).hexdigest()


def _notice_from_row(row: Any) -> Notice:
    told = {name: getattr(row, name) for name in Notice.__slots__}
    return Notice(**told | {"state": NoticeState(row.state), "via": NoticeChannel(row.via)})
