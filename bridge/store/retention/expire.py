"""Records that are over by their age alone: found, destroyed and looked for again, a batch at a time.

Whatever a claim holds that lives is left: who disputes needs what is disputed. Rows that somebody else works on at
that moment are left to the next turn, and what was found is looked at again once nobody can change it any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, and_, delete, exists, func, or_, select, tuple_, update

from bridge.errors import NeedsOperator
from bridge.model import DeliveryState, RequestState
from bridge.store.notices.notice_items import NEXT
from bridge.store.schema.notice_tables import notice_entries, notice_links, notices
from bridge.store.schema.retention_tables import legal_claims, plans, reviews, vault_documents
from bridge.store.schema.tables import (
    certificates,
    customers,
    deliveries,
    findings,
    merges,
    orders,
    packages,
    parcels,
    requests,
    suppressions,
    tasks,
)

if TYPE_CHECKING:
    from bridge.store.session import Session

AGED = "aged|"  # what stands in place of a request's key once only its line in the register is left
ENDED = (DeliveryState.DONE, DeliveryState.REJECTED, DeliveryState.FAILED)


# a proceeding that was disposed of, while there are books that the law keeps on for it
BINDS_BOOKS = and_(
    legal_claims.c.disposed_at.is_not(None),
    exists().where(
        vault_documents.c.shop == legal_claims.c.shop, vault_documents.c.order_key == legal_claims.c.order_key
    ),
)


def _claimed(*on: Any) -> Any:
    return exists().where(legal_claims.c.released_at.is_(None), *on)


def _suppressions(before: datetime) -> Select[Any]:
    rows = select(suppressions.c.shop, suppressions.c.field, suppressions.c.key)
    return rows.where(suppressions.c.erased_at < before).order_by(suppressions.c.erased_at)


def _receipts(before: datetime) -> Select[Any]:
    over = (deliveries.c.body.is_(None), deliveries.c.state.in_(ENDED), deliveries.c.received_at < before)
    return select(deliveries.c.shop, deliveries.c.id).where(*over).order_by(deliveries.c.received_at)


def _closed(before: datetime) -> Select[Any]:
    over = (
        requests.c.state == RequestState.DONE,
        requests.c.closed_at < before,
        ~requests.c.once_key.startswith(AGED, autoescape=True),
        ~_claimed(legal_claims.c.request_id == requests.c.id),
        ~exists().where(reviews.c.request_id == requests.c.id, reviews.c.closed_at.is_(None)),
    )
    rows = select(requests.c.shop, requests.c.id, requests.c.data_key_id)
    return rows.where(*over).order_by(requests.c.closed_at)


def _released(before: datetime) -> Select[Any]:
    """Claims that are over and of no request that is kept. A proceeding is still asked for while its books are kept."""
    over = (
        legal_claims.c.released_at < before,
        ~exists().where(
            requests.c.id == legal_claims.c.request_id,
            ~requests.c.once_key.startswith(AGED, autoescape=True),
        ),
        ~BINDS_BOOKS,
    )
    rows = select(legal_claims.c.shop, legal_claims.c.id, legal_claims.c.order_key)
    return rows.where(*over).order_by(legal_claims.c.released_at)


def _texts(before: datetime) -> Select[Any]:
    """What nobody asks about any more: an entry that is looked at again still needs its name."""
    over = (
        notice_entries.c.doc.is_not(None),
        notice_entries.c.answered_at < before,
        notice_entries.c.look_at.is_(None),
        ~_claimed(
            legal_claims.c.shop == notice_entries.c.shop,
            legal_claims.c.order_key == notice_entries.c.order_key,
            legal_claims.c.order_key != "",
        ),
        ~_claimed(legal_claims.c.request_id == notice_entries.c.request_id),
    )
    rows = select(notice_entries.c.shop, notice_entries.c.id)
    return rows.where(*over).order_by(notice_entries.c.answered_at)


def _orders(before: datetime) -> Select[Any]:
    """Orders nobody spoke of since: neither of the order nor of one of its parcels. No date, no age."""
    of_it = and_(parcels.c.shop == orders.c.shop, parcels.c.order_key == orders.c.order_key)
    heard = func.coalesce(parcels.c.source_updated_at, parcels.c.shipped_at)
    last = func.coalesce(
        orders.c.source_updated_at,
        orders.c.placed_at,
        select(func.max(heard)).where(of_it).scalar_subquery(),
    )
    over = (
        last < before,
        ~exists().where(of_it, or_(heard >= before, heard.is_(None))),
        ~_claimed(legal_claims.c.shop == orders.c.shop, legal_claims.c.order_key == orders.c.order_key),
    )
    return select(orders.c.shop, orders.c.order_key, orders.c.data_key_id).where(*over).order_by(last)


def _customers(before: datetime) -> Select[Any]:
    theirs = and_(orders.c.shop == customers.c.shop, orders.c.customer_key == customers.c.customer_key)
    over = (customers.c.source_updated_at < before, ~exists().where(theirs))
    return select(customers.c.shop, customers.c.customer_key).where(*over)


def _merges(before: datetime) -> Select[Any]:
    lives = [
        exists().where(table.c.shop == merges.c.shop, table.c.customer_key == merges.c.kept_key)
        for table in (orders, customers)
    ]
    over = (merges.c.merged_at < before, *(~one for one in lives))
    return select(merges.c.shop, merges.c.deleted_key).where(*over)


FOUND: Mapping[str, tuple[Callable[[datetime], Select[Any]], ...]] = {
    "suppression": (_suppressions,),
    "security_log": (_receipts,),
    "request_evidence": (_closed, _released),
    "instruction_text": (_texts,),
    "parcel_index": (_orders, _customers, _merges),
}


class AgeingRows:
    """`ports.Ageing` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._destroy: Mapping[Any, Callable[[Sequence[Any]], None]] = {
            _suppressions: lambda rows: self._rows_go(suppressions, ("shop", "field", "key"), rows),
            _receipts: lambda rows: self._rows_go(deliveries, ("shop", "id"), rows),
            _closed: self._evidence_goes,
            _released: lambda rows: self._rows_go(legal_claims, ("shop", "id", "order_key"), rows),
            _texts: self._texts_go,
            _orders: self._orders_go,
            _customers: lambda rows: self._rows_go(customers, ("shop", "customer_key"), rows),
            _merges: lambda rows: self._rows_go(merges, ("shop", "deleted_key"), rows),
        }

    def count(self, category: str, before: datetime) -> int:
        """See ports.Ageing."""
        found = (select(func.count()).select_from(which(before).subquery()) for which in FOUND[category])
        return sum(self._connection.scalar(rows) or 0 for rows in found)

    def sweep(self, category: str, before: datetime, *, limit: int) -> Mapping[str, int]:
        """See ports.Ageing."""
        gone: Counter[str] = Counter()
        for which in FOUND[category]:
            rows = self._found(which(before), limit)
            if rows:
                self._destroy[which](rows)
                gone.update(row.shop for row in rows)
        return gone

    def _found(self, over: Select[Any], limit: int) -> Sequence[Any]:
        """Lock first, then look again: what was committed in between is heard of by the second statement only."""
        free = over.limit(limit).with_for_update(skip_locked=True)
        rows = self._connection.execute(free).all()
        if not rows or self._connection.dialect.name != "postgresql":  # SQLite has one writer
            return rows
        named = [column for column in over.selected_columns if column.name != "data_key_id"]
        locked = [tuple(row)[: len(named)] for row in rows]
        return self._connection.execute(over.where(tuple_(*named).in_(locked))).all()

    def _rows_go(self, table: Any, names: Sequence[str], rows: Sequence[Any]) -> None:
        these = tuple_(*(table.c[name] for name in names)).in_([tuple(row)[: len(names)] for row in rows])
        self._connection.execute(delete(table).where(these))
        self._none_left(table, these)

    def _none_left(self, table: Any, *which: Any) -> None:
        if self._connection.scalar(select(func.count()).select_from(table).where(*which)):
            raise NeedsOperator(f"rows of {table.name} that were over are still there")

    def _texts_go(self, rows: Sequence[Any]) -> None:
        these = notice_entries.c.id.in_([row.id for row in rows])
        self._connection.execute(update(notice_entries).where(these).values(doc=None, version=NEXT))
        self._none_left(notice_entries, these, notice_entries.c.doc.is_not(None))

    def _orders_go(self, rows: Sequence[Any]) -> None:
        of_orders = tuple_(parcels.c.shop, parcels.c.order_key).in_(
            [(row.shop, row.order_key) for row in rows]
        )
        keys = {(row.shop, row.data_key_id) for row in rows}
        keys |= set(self._connection.execute(select(parcels.c.shop, parcels.c.data_key_id).where(of_orders)))
        self._connection.execute(delete(parcels).where(of_orders))
        self._rows_go(orders, ("shop", "order_key"), rows)
        self._none_left(parcels, of_orders)
        self._keys_go(keys)

    def _evidence_goes(self, rows: Sequence[Any]) -> None:
        """All but a line in the register: kind, days, whether it was late. The chain is never cut."""
        ids = [row.id for row in rows]
        mine: dict[Any, Any] = {
            table: table.c.request_id.in_(ids) for table in (tasks, certificates, plans, findings, packages)
        }
        mine[notice_entries] = notice_entries.c.request_id.in_(ids)
        mine[reviews] = reviews.c.request_id.in_(ids)
        theirs = legal_claims.c.request_id.in_(ids)
        mine[legal_claims] = and_(theirs, ~BINDS_BOOKS)
        letters = select(notice_entries.c.notice_id).where(mine[notice_entries]).distinct()
        named = [letter for letter in self._connection.scalars(letters) if letter]
        for table, which in mine.items():
            self._connection.execute(delete(table).where(which))
            self._none_left(table, which)
        self._connection.execute(update(legal_claims).where(theirs).values(subject=""))
        empty = and_(notices.c.id.in_(named), ~exists().where(notice_entries.c.notice_id == notices.c.id))
        gone = self._connection.execute(delete(notices).where(empty).returning(notices.c.id)).scalars().all()
        self._connection.execute(delete(notice_links).where(notice_links.c.notice_id.in_(gone)))
        stub = {"principal": None, "subject": "", "active_key": None, "external_ref": "", "data_key_id": ""}
        these = requests.c.id.in_(ids)
        self._connection.execute(update(requests).where(these).values(**stub, once_key=AGED + requests.c.id))
        self._none_left(requests, these, requests.c.subject != "")
        self._keys_go({(row.shop, row.data_key_id) for row in rows})

    def _keys_go(self, keys: set[Any]) -> None:
        for shop in sorted({shop for shop, _ in keys}):
            self._session.destroy_unused_keys(shop, [key for at, key in keys if at == shop and key])
