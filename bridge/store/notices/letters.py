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
from sqlalchemy.dialects import postgresql, sqlite

from bridge.errors import ClaimLost
from bridge.model import Action, Entry, Notice, NoticeState, ParcelStatus, RequestState, TaskState, Via
from bridge.ports import Claim
from bridge.rules.notices.timing import AT_REST
from bridge.store.notices.notice_items import NEXT, EntryRows
from bridge.store.schema.notice_tables import notice_accounts, notice_entries, notice_links, notices
from bridge.store.schema.tables import requests, tasks

NOT_OUT = (NoticeState.WAITING, NoticeState.QUEUED)  # no letter that lists it has gone
KEPT = {name for name in Notice.__slots__ if name not in {"id", "shop", "processor", "via", "created_at"}}


class NoticeRows(EntryRows):
    """`ports.Notices` in one transaction."""

    def add(self, entries: Iterable[Entry]) -> int:
        """See ports.Notices."""
        new = self.insert_entries(entries)
        for account in sorted({(entry.shop, entry.processor) for entry in new}):
            self.wake("|".join(account))
        return len(new)

    def claim(self, account: str) -> Claim | None:
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
        return None if fence is None else Claim(row_id=account, fence=fence)

    def hold(self, claim: Claim) -> None:
        """See ports.Notices. Not what was given back: a renewal may have waited for that very transaction."""
        until = self._session.now() + timedelta(seconds=self._session.lease_s)
        self._own(claim, {"lease_until": until}, notice_accounts.c.lease_until.is_not(None))

    def release(
        self,
        claim: Claim,
        *,
        at: datetime | None = None,
        error: str = "",
        not_before: datetime | None = None,
    ) -> None:
        """See ports.Notices."""
        self.hold(claim)  # locked first: what somebody adds meanwhile is seen below, or wakes it afterwards
        shop, _, processor = claim.row_id.partition("|")
        mine = (notice_entries.c.shop == shop, notice_entries.c.processor == processor)
        look = self._connection.scalar(select(func.min(notice_entries.c.look_at)).where(*mine))
        ours = (notices.c.shop == shop, notices.c.processor == processor)
        turn = self._connection.scalar(select(func.min(notices.c.next_at)).where(*ours))
        due = min((moment for moment in (look, turn, at) if moment is not None), default=None)
        if due is not None and not_before is not None:
            due = max(due, not_before)
        values = {"wake_at": due or not_before, "rung_at": None, "lease_until": None}
        if not error:
            values["attempts"] = 0
        self._own(claim, {**values, "last_error": error[:200]})

    def _own(self, claim: Claim, values: dict[str, Any], *more: Any) -> None:
        owned = and_(notice_accounts.c.id == claim.row_id, notice_accounts.c.fence == claim.fence, *more)
        if self._connection.execute(update(notice_accounts).where(owned).values(**values)).rowcount != 1:
            raise ClaimLost(claim.row_id)

    def tries(self, account: str) -> int:
        """See ports.Notices."""
        return (
            self._connection.scalar(select(notice_accounts.c.attempts).where(notice_accounts.c.id == account))
            or 0
        )

    def wake(self, account: str, at: datetime | None = None) -> None:
        """See ports.Notices."""
        shop, _, processor = account.partition("|")
        at = at or self._session.now()
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(notice_accounts).values(
            id=account, shop=shop, processor=processor, wake_at=at, attempts=0, last_error="", fence=0
        )
        earlier = or_(notice_accounts.c.wake_at.is_(None), notice_accounts.c.wake_at > at)
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["id"], set_={"wake_at": at, "rung_at": None}, where=earlier
            )
        )

    def open(self, notice: Notice, entries: Sequence[Entry]) -> None:
        """See ports.Notices."""
        row = {name: getattr(notice, name) for name in Notice.__slots__}
        self._connection.execute(insert(notices), row)
        self.save_entries(replace(entry, notice_id=notice.id) for entry in entries)

    def withdraw(self, notice_id: str) -> None:
        """See ports.Notices."""
        unsent = (notices.c.id == notice_id, notices.c.state == NoticeState.QUEUED)
        self._connection.execute(delete(notices).where(*unsent))

    def notice(self, notice_id: str) -> Notice | None:
        """See ports.Notices."""
        row = self._connection.execute(select(notices).where(notices.c.id == notice_id)).one_or_none()
        return _notice(row) if row else None

    def notices(
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
        return [_notice(row) for row in self._connection.execute(rows.limit(limit or None))]

    def by_message_id(self, message_id: str) -> Notice | None:
        """The notice whose last letter went under this Message-ID: an older one may have gone to an older address."""
        notice = self.notice(message_id.strip("<>").partition(".")[0])
        return notice if notice is not None and notice.message_id == message_id else None

    def drop(self, entry: Entry) -> None:
        """Remove an entry that was never its processor's, and its task where nothing is left of it."""
        self._connection.execute(delete(notice_entries).where(notice_entries.c.id == entry.id))
        left = exists().where(notice_entries.c.task_id == entry.task_id)
        self._connection.execute(delete(tasks).where(tasks.c.id == entry.task_id, ~left))

    def save(self, notice: Notice, *, was: NoticeState) -> bool:
        """See ports.Notices."""
        values = {name: getattr(notice, name) for name in KEPT} | {"last_error": notice.last_error[:200]}
        known = (notices.c.id == notice.id, notices.c.state == was)
        return self._connection.execute(update(notices).where(*known).values(**values)).rowcount == 1

    def last_opened_at(self, account: str) -> datetime | None:
        """See ports.Notices."""
        shop, _, processor = account.partition("|")
        ours = (notices.c.shop == shop, notices.c.processor == processor)
        last: datetime | None = self._connection.scalar(select(func.max(notices.c.created_at)).where(*ours))
        return last

    def link(self, notice_id: str, token: str, expires_at: datetime) -> None:
        """See ports.Notices."""
        row = {"token_hash": _hashed(token), "notice_id": notice_id, "expires_at": expires_at}
        self._connection.execute(insert(notice_links), row)

    def linked(self, token: str) -> Notice | None:
        """See ports.Notices."""
        known = (notice_links.c.token_hash == _hashed(token), notice_links.c.expires_at > self._session.now())
        notice_id = self._connection.scalar(select(notice_links.c.notice_id).where(*known))
        return self.notice(notice_id) if notice_id else None

    def unlink(self, notice_id: str, token: str = "") -> None:
        """See ports.Notices."""
        ends = delete(notice_links).where(notice_links.c.notice_id == notice_id)
        self._connection.execute(ends.where(notice_links.c.token_hash == _hashed(token)) if token else ends)

    def seen(self, shop: str, waybill: str, status: ParcelStatus, at: datetime | None) -> bool:
        """See ports.Notices."""
        key = self._session.vault.pseudonym(shop, "waybill", waybill)
        mine = and_(notice_entries.c.shop == shop, notice_entries.c.entry_key == key)
        if at is not None:
            older = or_(notice_entries.c.status_at.is_(None), notice_entries.c.status_at < at)
            self._moved(and_(mine, older), {"status": status, "status_at": at})
        return bool(self._connection.scalar(select(exists().where(mine))))

    def settled(self, shop: str, order_id: str, matter: str, *, is_open: bool) -> None:
        """See ports.Notices."""
        told = []
        for entry in self._about(shop, order_id):
            matters = tuple(sorted({*entry.matters, matter} if is_open else {*entry.matters} - {matter}))
            if matters == entry.matters or not entry.reference:
                continue
            told.append(replace(entry, matters=matters))
            if entry.state in NOT_OUT:
                now = self._session.now()
                told[-1] = replace(told[-1], state=NoticeState.WAITING, notice_id="", look_at=now)
                self.wake(f"{shop}|{entry.processor}")
        self.save_entries(told)

    def matters(self, shop: str, order_id: str) -> tuple[str, ...]:
        """See ports.Notices."""
        return tuple(sorted({matter for entry in self._about(shop, order_id) for matter in entry.matters}))

    def _about(self, shop: str, order_id: str) -> list[Entry]:
        """The entries of one order, locked where the database can."""
        key = self._session.vault.pseudonym(shop, "order", order_id)
        mine = (notice_entries.c.shop == shop, notice_entries.c.order_key == key)
        rows = select(notice_entries).where(*mine).order_by(notice_entries.c.id).with_for_update()
        return [self._entry(row) for row in self._connection.execute(rows)] if key else []

    def _moved(self, which: Any, told: dict[str, Any]) -> None:
        """What waits and is told something new is looked at now; what was to go out and moves again waits again."""
        rests = told["status"] in AT_REST
        waits = notice_entries.c.state.in_([NoticeState.WAITING] if rests else list(NOT_OUT))
        told = {**told, "state": NoticeState.WAITING, "notice_id": "", "look_at": self._session.now()}
        accounts = self._connection.execute(
            update(notice_entries)
            .where(waits, which)
            .values(**told, version=NEXT)
            .returning(notice_entries.c.shop, notice_entries.c.processor)
        ).all()
        for shop, processor in sorted(set(accounts)):
            self.wake(f"{shop}|{processor}")

    def touch(self, entries: Iterable[Entry]) -> None:
        """See ports.Notices. A request that was done goes on: what it waits for stands anew."""
        told = list(entries)
        now = self._session.now()
        tasks_of = sorted({entry.task_id for entry in told})
        mine = (tasks.c.id.in_(tasks_of), tasks.c.action == Action.INSTRUCT)
        ours = requests.c.id.in_(sorted({entry.request_id for entry in told}))
        # the request before its tasks, and in one order, as everybody who works on a request
        self._connection.execute(select(requests.c.id).where(ours).order_by(requests.c.id).with_for_update())
        self._connection.execute(
            update(tasks).where(*mine).values(state=TaskState.WAITING, wake_at=now, finished_at=None)
        )
        self._connection.execute(update(requests).where(ours).values(wake_at=now, rung_at=None))
        done = (ours, requests.c.state == RequestState.DONE)
        self._connection.execute(update(requests).where(*done).values(state=RequestState.WAITING))


def _hashed(token: str) -> str:
    """256 random bits need no slow hash: nobody can try them out."""
    return hashlib.sha256(token.encode()).hexdigest()


def _notice(row: Any) -> Notice:
    told = {name: getattr(row, name) for name in Notice.__slots__}
    return Notice(**told | {"state": NoticeState(row.state), "via": Via(row.via)})
