"""Notices as they were sent, and the links that answer them. A link's token is stored as a hash only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from bridge.model import Notice, NoticeChannel, NoticeItem, NoticePurpose, NoticeState
from bridge.store.crypto.token_hash import hash_token
from bridge.store.notices.notice_items import NoticeItemRows
from bridge.store.schema.notice_tables import notice_links, notices
from bridge.store.session import Session

MUTABLE_NOTICE_FIELDS = set(Notice.__slots__) - {"id", "shop", "processor", "via", "purpose", "created_at"}


class NoticeRows:
    """Notices, each to one account, and the tokens that may answer them."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._items = NoticeItemRows(session)

    def open_notice(self, notice: Notice, items: Sequence[NoticeItem]) -> None:
        """Store a new notice that lists these items. Raises ConcurrentChange as `save_items`."""
        row = {name: getattr(notice, name) for name in Notice.__slots__}
        self._connection.execute(insert(notices), row)
        self._items.save_items(replace(item, notice_id=notice.id) for item in items)

    def withdraw_notice(self, notice_id: str) -> None:
        """Delete a notice that has no items any more, with its links: it was never sent, or others took their place."""
        self.delete_link_tokens(notice_id)
        self._connection.execute(delete(notices).where(notices.c.id == notice_id))

    def find_notice(self, notice_id: str) -> Notice | None:
        """Return one notice, if there is one with this id."""
        row = self._connection.execute(select(notices).where(notices.c.id == notice_id)).one_or_none()
        return notice_from_row(row) if row else None

    def list_notices(
        self, *, account: str = "", states: Sequence[NoticeState] = (), due_at: datetime | None = None, limit: int = 0
    ) -> list[Notice]:
        """Return notices, oldest first. `due_at`: only those that are due by then. `limit` 0: all."""
        rows = select(notices).order_by(notices.c.created_at, notices.c.id)
        if account:
            shop, _, processor = account.partition("|")
            rows = rows.where(notices.c.shop == shop, notices.c.processor == processor)
        if states:
            rows = rows.where(notices.c.state.in_(list(states)))
        if due_at is not None:
            rows = rows.where(notices.c.next_at <= due_at)
        return [notice_from_row(row) for row in self._connection.execute(rows.limit(limit or None))]

    def find_notice_by_message_id(self, message_id: str) -> Notice | None:
        """Return the notice whose last letter has this Message-ID; an older letter may have gone to an old address."""
        notice = self.find_notice(message_id.strip("<>").partition(".")[0])
        return notice if notice is not None and notice.message_id == message_id else None

    def save_notice(self, notice: Notice, *, expected_state: NoticeState) -> bool:
        """Overwrite a notice; False where its state is no longer `expected_state`: it was answered meanwhile."""
        values = {name: getattr(notice, name) for name in MUTABLE_NOTICE_FIELDS}
        values["last_error"] = notice.last_error[:200]
        known = (notices.c.id == notice.id, notices.c.state == expected_state)
        return self._connection.execute(update(notices).where(*known).values(**values)).rowcount == 1

    def find_last_opened_at(self, account: str) -> datetime | None:
        """Return when this account's newest notice was opened: a letter goes out at fixed intervals."""
        shop, _, processor = account.partition("|")
        of_account = (notices.c.shop == shop, notices.c.processor == processor)
        last: datetime | None = self._connection.scalar(select(func.max(notices.c.created_at)).where(*of_account))
        return last

    def save_link_token(self, notice_id: str, token: str, expires_at: datetime) -> None:
        """Let this token answer this notice until it expires; only its hash is stored."""
        row = {"token_hash": hash_token(token), "notice_id": notice_id, "expires_at": expires_at}
        self._connection.execute(insert(notice_links), row)

    def find_notice_by_token(self, token: str) -> Notice | None:
        """Return the notice that this token may answer; None where the token is unknown, used or expired."""
        known = (notice_links.c.token_hash == hash_token(token), notice_links.c.expires_at > self._session.now())
        notice_id = self._connection.scalar(select(notice_links.c.notice_id).where(*known))
        return self.find_notice(notice_id) if notice_id else None

    def delete_link_tokens(self, notice_id: str, token: str = "") -> None:
        """Delete every token of a notice, or only this one."""
        rows = delete(notice_links).where(notice_links.c.notice_id == notice_id)
        self._connection.execute(rows.where(notice_links.c.token_hash == hash_token(token)) if token else rows)


def notice_from_row(row: Any) -> Notice:
    """Return a row as a Notice."""
    values = {name: getattr(row, name) for name in Notice.__slots__}
    values |= {"state": NoticeState(row.state), "via": NoticeChannel(row.via), "purpose": NoticePurpose(row.purpose)}
    return Notice(**values)
