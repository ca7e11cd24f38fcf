"""What notices list, at rest: one row a record that has to go, what names it sealed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.errors import ChangedMeanwhile
from bridge.model import Answer, Entry, Names, NoticeState, ParcelStatus
from bridge.store.schema.notice_tables import notice_entries

if TYPE_CHECKING:
    from bridge.store.session import Session

PLACE = "notice_entries|{id}|doc|{shop}"
SEALED = ("reference", "order", "order_id", "also", "matters", "note")
FIXED = {"id", "shop", "request_id", "task_id", "processor", "names", "version"}
BLANK = Entry(id="", shop="", request_id="", task_id="", processor="", names=Names.WAYBILL, reference="")
NEXT = notice_entries.c.version + 1
PLAIN = [name for name in Entry.__slots__ if name not in SEALED]


@cache
def _save() -> Any:
    """Overwrite what changes of an entry; built once, for it is run for each of thousands."""
    changed = [name for name in PLAIN if name not in FIXED] + ["doc"]
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in changed}
    read = (notice_entries.c.id == bindparam("of"), notice_entries.c.version == bindparam("was"))
    return update(notice_entries).where(*read).values(**values, version=NEXT)


class EntryRows:
    """The entries' half of `ports.Notices`."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def insert_entries(self, entries: Iterable[Entry]) -> list[Entry]:
        """Keep those that their task does not list yet; gives them."""
        rows = {entry.id: (entry, self._row(entry) | self._keys(entry)) for entry in entries}
        if not rows:
            return []
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(notice_entries).on_conflict_do_nothing().returning(notice_entries.c.id)
        new = set(self._connection.scalars(statement, [row for _, row in rows.values()]))
        return [entry for entry_id, (entry, _) in rows.items() if entry_id in new]

    def _keys(self, entry: Entry) -> dict[str, str]:
        """What one task lists once, and its order. Pseudonyms: by them the shop's later word finds the entry."""
        vault = self._session.vault
        key = vault.digest(f"entry|{entry.shop}|{entry.names}", entry.reference.encode())[:64]
        if entry.names is Names.WAYBILL:
            key = vault.pseudonym(entry.shop, "waybill", entry.reference)
        return {"entry_key": key, "order_key": vault.pseudonym(entry.shop, "order", entry.order_id)}

    def _row(self, entry: Entry) -> dict[str, Any]:
        doc = None
        if entry.reference or entry.note:
            known = entry if entry.reference else BLANK  # with its name goes all that leads to the person
            sealed = {name: getattr(known, name) for name in SEALED} | {"note": entry.note}
            told = json.dumps(sealed).encode()
            doc = self._session.vault.seal(told, PLACE.format(id=entry.id, shop=entry.shop))
        return {name: getattr(entry, name) for name in PLAIN} | {"doc": doc}

    def entries(
        self,
        *,
        account: str = "",
        request_id: str = "",
        notice_id: str = "",
        order_keys: Sequence[str] = (),
        states: Sequence[NoticeState] = (),
        due_at: datetime | None = None,
        limit: int = 0,
    ) -> list[Entry]:
        """See ports.Notices."""
        rows = select(notice_entries).order_by(notice_entries.c.id)
        if order_keys:
            rows = rows.where(notice_entries.c.order_key.in_(list(order_keys)))
        if account:
            shop, _, processor = account.partition("|")
            rows = rows.where(notice_entries.c.shop == shop, notice_entries.c.processor == processor)
        for column, value in (
            (notice_entries.c.request_id, request_id),
            (notice_entries.c.notice_id, notice_id),
        ):
            if value:
                rows = rows.where(column == value)
        if states:
            rows = rows.where(notice_entries.c.state.in_(list(states)))
        if due_at is not None:
            rows = rows.where(notice_entries.c.look_at <= due_at).order_by(None)
            rows = rows.order_by(notice_entries.c.look_at, notice_entries.c.id)
        return [self._entry(row) for row in self._connection.execute(rows.limit(limit or None))]

    def entry(self, entry_id: str) -> Entry | None:
        """See ports.Notices."""
        row = self._connection.execute(
            select(notice_entries).where(notice_entries.c.id == entry_id)
        ).one_or_none()
        return self._entry(row) if row else None

    def save_entries(self, entries: Iterable[Entry]) -> None:
        """See ports.Notices."""
        rows = []
        for entry in entries:
            told = self._row(entry)
            new = {f"new_{name}": value for name, value in told.items() if name not in FIXED}
            rows.append({"of": entry.id, "was": entry.version} | new)
        if rows and self._connection.execute(_save(), rows).rowcount != len(rows):
            raise ChangedMeanwhile

    def _entry(self, row: Any) -> Entry:
        told = {name: getattr(row, name) for name in PLAIN}
        told |= {
            "names": Names(row.names),
            "state": NoticeState(row.state),
            "status": ParcelStatus(row.status),
            "answer": Answer(row.answer) if row.answer else None,
            "reference": "",
        }
        if row.doc is not None:
            doc = json.loads(self._session.open(row.doc, PLACE.format(id=row.id, shop=row.shop)))
            told |= doc | {"also": tuple(doc["also"]), "matters": tuple(doc["matters"])}
        return Entry(**told)
