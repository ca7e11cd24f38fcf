"""Restrictions of processing: imposed on a person's customers and orders, searched by either, and lifted.

Holds keyed pseudonyms, codes and days. A row stays after it was lifted, until its request is reduced to the register.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, func, or_, select, update

from bridge.model import PrivacyRequest, Restriction, ShopOrderKey
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.requests.requests import RequestRows
from bridge.store.schema.desk_tables import restrictions
from bridge.store.session import Session
from bridge.store.upsert import upsert_rows

PERSON, ORDER = "person", "order"
EVERY_PURPOSE = ""  # nothing but storage, claims and what the person consents to
IS_IN_FORCE = restrictions.c.lifted_at.is_(None)


def is_restricted(shop: Any, *keys: Any) -> Any:
    """Return the condition that a restriction of every purpose is in force on one of these columns' pseudonyms."""
    of_record = (restrictions.c.shop == shop, or_(*(restrictions.c.record_key == key for key in keys)))
    return exists().where(*of_record, restrictions.c.purpose == EVERY_PURPOSE, IS_IN_FORCE)


class RestrictionRows:
    """Restrictions of processing."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def impose_restriction(self, request: PrivacyRequest, ground: str, purposes: Iterable[str]) -> int:
        """Restrict the data of a request's person, for each purpose; one that is in force stays. Return how many orders.

        A later order is a new contract, and is covered as far as the customer is.
        """
        now = self._session.now()
        records = list(self._iterate_records(request))
        common = {"request_id": request.id, "ground": ground, "since": now, "ends_at": None, "lifted_at": None}
        rows = [
            common | {"purpose": purpose, "shop": shop, "field": field, "record_key": key}
            for purpose in purposes
            for shop, field, key in records
        ]
        upsert_rows(self._connection, restrictions, rows)
        return sum(field == ORDER for _, field, _ in records)

    def _iterate_records(self, request: PrivacyRequest) -> Iterator[tuple[str, str, str]]:
        """Yield the shop's key, the field and the pseudonym of each customer and order of the person, each once."""
        lookup, subjects = PersonLookup(self._session), RequestRows(self._session).list_subjects(request)
        for shop in self._session.shops.list_keys(request.shop):
            orders = lookup.list_order_keys_at(shop, request.principal)
            customers = {lookup.follow_merges(shop, key) for key in self._list_customer_keys(shop, request)}
            yield from ((shop, PERSON, key) for key in sorted({subjects.get(shop, ""), *customers} - {"", *orders}))
            yield from ((shop, ORDER, key) for key in sorted(set(orders)))

    def _list_customer_keys(self, shop: str, request: PrivacyRequest) -> list[str]:
        return PersonLookup(self._session).derive_search_keys(shop, request.principal)["customer"]

    def list_restrictions(self, request_id: str = "", *, only_in_force: bool = False) -> list[Restriction]:
        """Return the restrictions of a request, or all, one for each purpose, oldest first."""
        c = restrictions.c
        columns = (c.request_id, c.purpose, c.ground, c.since, c.ends_at, c.lifted_at)
        counted = select(*columns, func.count().filter(c.field == ORDER).label("orders")).group_by(*columns)
        if request_id:
            counted = counted.where(c.request_id == request_id)
        if only_in_force:
            counted = counted.where(IS_IN_FORCE)
        rows = self._connection.execute(counted.order_by(c.since, c.request_id, c.purpose))
        return [Restriction(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's way to a row's columns

    def set_end(self, request_id: str, ends_at: datetime) -> bool:
        """Set when what is in force of a request ends. Return whether anything is in force."""
        of_request = (restrictions.c.request_id == request_id, IS_IN_FORCE)
        return bool(self._connection.execute(update(restrictions).where(*of_request).values(ends_at=ends_at)).rowcount)

    def lift_restriction(self, request_id: str, purposes: Collection[str]) -> bool:
        """End what is in force of a request for these purposes. Return whether anything was in force."""
        of_request = (restrictions.c.request_id == request_id, restrictions.c.purpose.in_(purposes), IS_IN_FORCE)
        lifted = {"lifted_at": self._session.now()}
        return bool(self._connection.execute(update(restrictions).where(*of_request).values(lifted)).rowcount)

    def find_restricting_requests(self, request: PrivacyRequest) -> list[str]:
        """Return the ids of the requests by which all processing of this request's person is restricted now."""
        of_shop = restrictions.c.shop.in_(self._session.shops.list_keys(request.shop))
        in_force = exists().where(of_shop, restrictions.c.purpose == EVERY_PURPOSE, IS_IN_FORCE)
        if not self._connection.scalar(select(in_force)):
            return []  # nobody is restricted, as nearly always: no need to know all records of a person with thousands
        return self._find_requests(((shop, key) for shop, _, key in self._iterate_records(request)))

    def find_restricted_orders(self, orders: Iterable[ShopOrderKey]) -> set[ShopOrderKey]:
        """Return those of these orders that a restriction of every purpose is in force on."""
        wanted = set(orders)
        if not wanted:
            return set()
        named = restrictions.c.record_key.in_({key for _, key in wanted})
        columns = (restrictions.c.shop, restrictions.c.record_key)
        rows = select(*columns).where(named, restrictions.c.purpose == EVERY_PURPOSE, IS_IN_FORCE)
        return {(shop, key) for shop, key in self._connection.execute(rows)} & wanted

    def _find_requests(self, records: Iterable[tuple[str, str]]) -> list[str]:
        keys_by_shop: dict[str, set[str]] = {}
        for shop, key in records:
            keys_by_shop.setdefault(shop, set()).add(key)
        matches = [
            and_(restrictions.c.shop == shop, restrictions.c.record_key.in_(keys))
            for shop, keys in keys_by_shop.items()
        ]
        if not matches:
            return []
        rows = select(restrictions.c.request_id).distinct().where(or_(*matches))
        rows = rows.where(restrictions.c.purpose == EVERY_PURPOSE, IS_IN_FORCE)
        return sorted(self._connection.scalars(rows))
