"""A notice that was sent with a link, and a client of the page that answers it."""

from __future__ import annotations

import itertools
import json
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sqlalchemy import select

from bridge.model import (
    Notice,
    NoticeChannel,
    NoticeItem,
    NoticeState,
    ReferenceKind,
    RequestKind,
    TaskAction,
    TaskState,
)
from bridge.store.schema.tables import metadata
from bridge.web import create_app
from tests.factories import SHOP, make_request, make_task, opened

if TYPE_CHECKING:
    from bridge.services import Services

PROCESSOR = "delhivery"
_numbers = itertools.count(1)


def entry_of(number: int, **given: Any) -> NoticeItem:
    """Make an item for a parcel."""
    usual: dict[str, Any] = {
        "id": f"ent_{number:026}",
        "shop": SHOP,
        "request_id": "req_none",
        "task_id": "tsk_none",
        "processor": PROCESSOR,
        "names": ReferenceKind.WAYBILL,
        "reference": f"1490{number:08}",
        "order": f"#{1000 + number}",
        "order_id": str(9_000_000 + number),
        "state": NoticeState.SENT,
    }
    return NoticeItem(**(usual | given))


@dataclass(frozen=True, kw_only=True)
class Instructed:
    """A stored notice, its items, and the token of its letter."""

    services: Services
    notice: Notice
    entries: list[NoticeItem]
    token: str

    @property
    def path(self) -> str:
        return f"/notices/{self.token}"

    def now(self) -> Notice:
        with self.services.store.transaction() as tx:
            return tx.notices.find_notice(self.notice.id)

    def lines(self) -> list[NoticeItem]:
        with self.services.store.transaction() as tx:
            return tx.notice_items.list_items(notice_id=self.notice.id)

    def facts(self) -> list[Any]:
        with self.services.store.transaction() as tx:
            return [event for event in tx.evidence.iterate_facts() if event.fact.startswith("notice.")]


def notify_task(
    services: Services, count: int = 1, *, days: float = 60, entry: dict[str, Any] | None = None, **given: Any
) -> Instructed:
    """Store an erasure's notice as if it had been sent an hour ago; `given` changes the notice."""
    number, now, token = next(_numbers), services.clock.now(), secrets.token_urlsafe(32)
    request = make_request(kind=RequestKind.ERASURE, subject=f"subject-{number}")
    task = make_task(request.id, PROCESSOR, TaskAction.NOTIFY_PROCESSOR, state=TaskState.WAITING)
    entries = [
        entry_of(number * 100_000 + each, request_id=request.id, task_id=task.id) for each in range(1, count + 1)
    ]
    entries[0] = replace(entries[0], **({"also": ("RTO77", "RTO78")} | (entry or {})))
    usual: dict[str, Any] = {
        "id": f"ntc_{number:026}",
        "shop": SHOP,
        "processor": PROCESSOR,
        "via": NoticeChannel.EMAIL,
        "created_at": now - timedelta(hours=1),
        "state": NoticeState.SENT,
        "sent_at": now - timedelta(hours=1),
        "due_at": now + timedelta(days=15),
        "next_at": now + timedelta(days=10),
    }
    notice = Notice(**(usual | given))
    with services.store.transaction() as tx:
        opened(tx, request, task)
        tx.notice_items.add_items(entries)
        tx.notices.open_notice(notice, entries[:500])
        for start in range(500, count, 500):  # a statement takes so many ids and no more
            tx.notice_items.save_items([replace(each, notice_id=notice.id) for each in entries[start : start + 500]])
        tx.notices.save_link_token(notice.id, token, now + timedelta(days=days))
    return Instructed(services=services, notice=notice, entries=entries, token=token)


def client_of(services: Services) -> Any:
    """Return a client of the routes, without cookies."""
    return create_app(services, services.store).test_client(use_cookies=False)


def rows(services: Services) -> str:
    """Return the rows of all tables, to compare."""
    with services.store.transaction() as tx:
        return json.dumps(
            {
                table.name: sorted(str(tuple(row)) for row in tx.session.connection.execute(select(table)))
                for table in metadata.sorted_tables
            }
        )


def sent(client: Any, path: str, fields: dict[str, str] | bytes, **more: Any) -> Any:
    """Send a form as a browser does."""
    body = fields if isinstance(fields, bytes) else urlencode(fields)
    usual = {"content_type": "application/x-www-form-urlencoded"} | more
    return client.post(path, data=body, **usual)


def answered(one: Instructed, answer: str = "", **every: str) -> dict[str, str]:
    """Return the fields of a form with one answer for all, and every line unchanged."""
    fields = {f"all-{part}": value for part, value in ({"answer": answer} | every).items()}
    if len(one.entries) == 1:
        fields = {f"{one.entries[0].id}-{part}": value for part, value in ({"answer": answer} | every).items()}
    for each in one.entries if len(one.entries) > 1 else ():
        fields |= {f"{each.id}-{part}": "" for part in ("answer", "law", "until", "note")}
    return fields | {"do": "answer"}
