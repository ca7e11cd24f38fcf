"""Erases a data subject from the bridge's own tables, then reads the tables again.

Suppression keys (keyed HMAC) remain, by which late webhooks of the data subject are dropped. It never erases in part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, select, true, update

from bridge.errors import KeyMissing, NeedsOperator, PayloadInvalid, SealBroken
from bridge.model import DeliveryState, Principal, RequestState, Tombstone
from bridge.rules.erasure.plan import CUSTOMER_MERGED_AWAY
from bridge.rules.webhooks.topics import is_mandatory
from bridge.store.index.contact_keys import delete_orphaned_contact_keys
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.schema.index_tables import contact_keys, customers, data_keys, orders, parcels, suppressions
from bridge.store.schema.tables import deliveries, findings, packages, requests
from bridge.store.session import Session
from bridge.store.upsert import upsert
from bridge.store.webhooks.inbox import SETTLED_REASONS, InboxRows
from bridge.store.webhooks.person_bodies import PersonBodyRows, PersonKeys

LOOKUP_FIELDS = ("customer", "email")  # a phone alone names nobody: families and offices share one


class PersonEraser:
    """Deletes the rows of one data subject and writes the suppression keys."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._person_lookup, self._bodies = PersonLookup(session), PersonBodyRows(session)

    def preview_erasure(
        self,
        shop: str,
        principal: Principal,
        *,
        request_id: str,
        excluded_order_ids: Collection[str] = (),
        keeps_customer: bool = False,
    ) -> Mapping[str, int]:
        """Return what `erase_person` would delete, per table: it erases and rolls back, so that nothing is missed."""
        self._session.lock_shop(shop)  # before the savepoint, whose rollback would release the lock
        with self._connection.begin_nested() as savepoint:
            removed = self.erase_person(
                shop,
                principal,
                request_id=request_id,
                excluded_order_ids=excluded_order_ids,
                keeps_customer=keeps_customer,
            )
            savepoint.rollback()
        return removed

    def erase_person(
        self,
        shop: str,
        principal: Principal,
        *,
        request_id: str,
        excluded_order_ids: Collection[str] = (),
        keeps_customer: bool = False,
    ) -> Mapping[str, int]:
        """Erase the data subject and write suppression keys, under all keys of the shop. Return rows deleted per table.

        Orders in `excluded_order_ids` stay with their parcels, and the index still finds them; so does the customer with
        `keeps_customer`. What was placed or learned after the principal's cut-off stays too, unless it is named. Raises NeedsOperator where a second reading
        still finds a row.
        """
        self._session.lock_shop(shop)
        is_merged = self._person_lookup.is_merged(shop, principal)
        removed: Counter[str] = Counter()
        for key in self._session.shops.list_keys(shop):
            removed += Counter(
                self._erase_person_at(
                    key, principal, request_id, excluded_order_ids, is_merged, keeps_customer=keeps_customer
                )
            )
        if removed.total():
            self._session.mark_remnants(request_id)
        return ({CUSTOMER_MERGED_AWAY: 1} if is_merged else {}) | dict(removed)

    def _erase_person_at(
        self,
        shop: str,
        principal: Principal,
        request_id: str,
        excluded_order_ids: Collection[str],
        is_merged: bool,
        *,
        keeps_customer: bool,
    ) -> dict[str, int]:
        """Erase under one key of the shop."""
        lookup = self._person_lookup
        keys = lookup.derive_search_keys(shop, principal)
        removed: dict[str, int] = {}
        if not is_merged and len(lookup.list_surviving_customers(shop, keys["customer"])) < len(keys["customer"]):
            # one of several customers was merged into another person's, who may have its e-mail address and phone now
            principal = replace(principal, email="", phone="")
            keys = lookup.derive_search_keys(shop, principal)
        if is_merged:  # only the id is erased: the orders belong to the customer that remains
            keys = {"customer": keys["customer"]}
            order_rows: list[Any] = []
        else:
            if not keys["customer"] and (customer := lookup.find_sole_customer(shop, keys)):
                keys["customer"] = [customer]
            excluded = {lookup.pseudonym(shop, "order", number) for number in excluded_order_ids}
            order_rows = [row for row in lookup.list_order_rows_at(shop, principal) if row.order_key not in excluded]
        person_keys = {(field, key) for field, field_keys in keys.items() for key in field_keys}
        order_keys = [row.order_key for row in order_rows]
        key_ids = {row.data_key_id for row in order_rows}
        key_ids |= self.find_data_key_ids(shop, person_keys, order_keys)
        cutoff_at = principal.cutoff_at
        customer_keys = frozenset[tuple[str, str]]() if keeps_customer else person_keys
        removed |= self.delete_person_rows(shop, customer_keys, order_keys, cutoff_at=cutoff_at)
        named_keys: list[str] = []
        if not is_merged:
            subjects = [lookup.find_subject(shop, principal)]
            subjects += keys["customer"] if principal.further_customer_ids else []
            removed |= self.clear_prior_requests(shop, subjects, request_id, cutoff_at=cutoff_at)
            named_keys = self._filter_unowned_orders(shop, principal.order_ids)
            removed["deliveries"] = self.destroy_webhook_bodies(
                shop, person_keys, {*order_keys, *named_keys}, cutoff_at=cutoff_at
            )
        erased_at = cutoff_at or self._session.now()  # an order that is placed later is a new contract
        contacts = lookup.derive_contact_keys(shop, principal)  # former keys suppress only what has no other
        suppressed = {(field, key) for field in keys for key in contacts.get(field) or keys[field]}
        suppressed |= {("order", key) for key in (*order_keys, *named_keys)}
        self.upsert_suppressions(
            Tombstone(shop=shop, field=field, key=key, erased_at=erased_at, request_id=request_id)
            for field, key in sorted(suppressed)
        )
        self.destroy_keys_and_verify(shop, customer_keys, order_keys, key_ids, cutoff_at=cutoff_at)
        return removed

    def delete_person_rows(
        self, shop: str, person_keys: PersonKeys, order_keys: Sequence[str], *, cutoff_at: datetime | None = None
    ) -> dict[str, int]:
        """Delete the rows of a data subject and of these orders. Return how many per table."""
        removed = {
            table.name: self._delete_rows_by_key(table, shop, "order_key", order_keys) for table in (orders, parcels)
        }
        customer_keys = self._find_customer_keys(shop, person_keys, cutoff_at)
        removed["customers"] = self._delete_rows_by_key(customers, shop, "customer_key", customer_keys)
        delete_orphaned_contact_keys(self._connection)
        return removed

    def _find_customer_keys(self, shop: str, person_keys: PersonKeys, cutoff_at: datetime | None) -> list[str]:
        """Return the keys of the customers with these ids or e-mail addresses, as they were reported by the cut-off."""
        keys = {field: [key for of, key in person_keys if of == field] for field in LOOKUP_FIELDS}
        rows = self._person_lookup.list_customer_rows_at(shop, keys)
        return [row.customer_key for row in rows if cutoff_at is None or _is_reported_by(row, cutoff_at)]

    def destroy_keys_and_verify(
        self,
        shop: str,
        person_keys: PersonKeys,
        order_keys: Sequence[str],
        key_ids: set[str],
        *,
        cutoff_at: datetime | None = None,
    ) -> None:
        """Destroy data keys that seal no row any more, and read again. Raises NeedsOperator where a row remains."""
        self._session.destroy_unused_keys(shop, key_ids)
        remaining = self._count_remaining_rows(shop, person_keys, order_keys, cutoff_at)
        if remaining:
            raise NeedsOperator(f"{remaining} rows of an erased person are still there")

    def _delete_rows_by_key(self, table: Any, shop: str, column: str, candidate_keys: Iterable[str]) -> int:
        keys = [key for key in candidate_keys if key]
        if not keys:
            return 0
        named = and_(table.c.shop == shop, table.c[column].in_(keys))
        return int(self._connection.execute(delete(table).where(named)).rowcount)

    def find_data_key_ids(self, shop: str, person_keys: PersonKeys, order_keys: Sequence[str]) -> set[str]:
        """Return the data keys of the parcels, and those made for the data subject under an earlier pseudonym."""
        parcel_keys = select(parcels.c.data_key_id).where(parcels.c.shop == shop, parcels.c.order_key.in_(order_keys))
        subjects = [*(key for _, key in person_keys), *order_keys]
        own = select(data_keys.c.id).where(data_keys.c.shop == shop, data_keys.c.subject.in_(subjects))
        return {*self._connection.scalars(parcel_keys), *self._connection.scalars(own)}

    def _filter_unowned_orders(self, shop: str, order_ids: Iterable[str]) -> list[str]:
        """Return pseudonyms of named orders without a row: a row that remains belongs to another customer."""
        named = [self._person_lookup.pseudonym(shop, "order", number) for number in order_ids]
        remaining = select(orders.c.order_key).where(orders.c.shop == shop, orders.c.order_key.in_(named))
        of_others = set(self._connection.scalars(remaining))
        return [key for key in named if key not in of_others]

    def clear_prior_requests(
        self, shop: str, subjects: Sequence[str], request_id: str, *, cutoff_at: datetime | None = None
    ) -> dict[str, int]:
        """Remove the personal data of the data subject's earlier requests; the requests themselves stay on record."""
        earlier = and_(
            requests.c.shop == shop,
            requests.c.subject.in_(subjects),
            requests.c.subject != "",
            requests.c.id != request_id,
            requests.c.closed_at.is_not(None),
            _is_by(requests.c.received_at, cutoff_at),
        )
        ids = list(self._connection.scalars(select(requests.c.id).where(earlier)))
        removed = {
            table.name: int(self._connection.execute(delete(table).where(table.c.request_id.in_(ids))).rowcount)
            for table in (findings, packages)
        }
        closed = {"principal": None, "state": RequestState.DONE, "active_key": None, "wake_at": None}
        self._connection.execute(update(requests).where(requests.c.id.in_(ids)).values(closed))
        return removed

    def destroy_webhook_bodies(
        self, shop: str, person_keys: PersonKeys, order_keys: set[str], *, cutoff_at: datetime | None = None
    ) -> int:
        """Destroy bodies of failed and rejected webhooks that mention the data subject. Return how many."""
        has_body = and_(
            deliveries.c.shop.in_([*self._session.shops.list_domains(shop), ""]),  # a malformed header is stored as ''
            deliveries.c.body.is_not(None),
            deliveries.c.state.in_([DeliveryState.FAILED, DeliveryState.REJECTED]),
            _is_by(deliveries.c.received_at, cutoff_at),
        )
        rows = self._connection.execute(select(deliveries).where(has_body)).all()
        reader = InboxRows(self._session)
        ids = [row.id for row in rows if self._mentions_person(reader, row, shop, person_keys, order_keys)]
        if ids:
            destroyed = {"body": None, "state": DeliveryState.REJECTED, "reason": "person_erased"}
            self._connection.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(destroyed))
        return len(ids)

    def _mentions_person(
        self, reader: InboxRows, row: Any, shop: str, person_keys: PersonKeys, order_keys: set[str]
    ) -> bool:
        """Return whether a body is about the data subject; True for one that nobody can read.

        Of the mandatory webhooks an unreadable one is kept: it waits for an operator, and may be another's request.
        """
        try:
            return self._bodies.mentions_person(reader.open_delivery(row), shop, person_keys, order_keys)
        except (PayloadInvalid, SealBroken, KeyMissing):
            return row.reason in SETTLED_REASONS or not is_mandatory(row.topic, row.reason)

    def upsert_suppressions(self, tombstones: Iterable[Tombstone], *, ledger_at: datetime | None = None) -> None:
        """Write suppression keys; an older erasure never replaces a newer one. `ledger_at` None: not in the ledger yet."""
        rows = [
            {name: getattr(tombstone, name) for name in Tombstone.__slots__} | {"ledger_at": ledger_at}
            for tombstone in tombstones
        ]
        if rows:
            key, changes = ("shop", "field", "key"), ("erased_at", "request_id", "ledger_at")
            statement = upsert(self._connection, suppressions, key, changes, where=_is_erased_later)
            self._connection.execute(statement, rows)

    def _count_remaining_rows(
        self, shop: str, person_keys: PersonKeys, order_keys: Sequence[str], cutoff_at: datetime | None
    ) -> int:
        """Count the rows that a second reading still finds."""
        searches: list[Any] = [(table, table.c.order_key.in_(order_keys)) for table in (orders, parcels)]
        searches += [(contact_keys, contact_keys.c.row_key.in_(order_keys))]
        return sum(len(self._find_customer_keys(shop, {key}, cutoff_at)) for key in person_keys) + sum(
            self._connection.scalar(select(func.count()).select_from(table).where(table.c.shop == shop, condition))
            for table, condition in searches
        )


def _is_by(column: Any, cutoff_at: datetime | None) -> Any:
    """Return the condition that something is from before the cut-off; without one everything is."""
    return true() if cutoff_at is None else column <= cutoff_at


def _is_reported_by(customer_row: Any, cutoff_at: datetime) -> bool:
    """Return whether the customer was reported by the cut-off; False where nobody knows when."""
    return customer_row.source_updated_at is not None and customer_row.source_updated_at <= cutoff_at


def _is_erased_later(stored: Any, given: Any) -> Any:
    return given.erased_at >= stored.erased_at
