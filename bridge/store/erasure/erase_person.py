"""Erases a data subject from the bridge's own tables, then reads the tables again.

Suppression keys (keyed HMAC) remain, by which late webhooks of the data subject are dropped. It never erases in part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select

from bridge.errors import NeedsOperator
from bridge.model import Principal, ShopOrderKey, Tombstone
from bridge.rules.erasure.plan import CUSTOMER_MERGED_AWAY
from bridge.store.erasure.person_traces import PersonTraceRows
from bridge.store.erasure.suppress import upsert_suppressions
from bridge.store.index.contact_keys import delete_orphaned_contact_keys
from bridge.store.index.person_lookup import LOOKUP_FIELDS, PersonLookup
from bridge.store.schema.index_tables import contact_keys, customers, data_keys, orders, parcels
from bridge.store.session import Session
from bridge.store.webhooks.person_bodies import PersonKeys


@dataclass(frozen=True, kw_only=True, slots=True)
class _PersonRows:
    """What an erasure is about under one key of the shop; no order where the customer was merged into another.

    `keys` are those to search by, by field; `named_keys` are orders without a row; `subjects` those of earlier requests.
    """

    shop: str
    keys: Mapping[str, list[str]]
    contacts: Mapping[str, list[str]]
    order_keys: Sequence[str] = ()
    named_keys: Sequence[str] = ()
    subjects: Sequence[str] = ()

    @property
    def person_keys(self) -> frozenset[tuple[str, str]]:
        return frozenset((field, key) for field, field_keys in self.keys.items() for key in field_keys)


class PersonEraser:
    """Deletes the rows of one data subject and writes the suppression keys."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._person_lookup, self._traces = PersonLookup(session), PersonTraceRows(session)

    def preview_erasure(
        self,
        shop: str,
        principal: Principal,
        *,
        request_id: str,
        excluded_order_ids: Collection[str] = (),
        keeps_customer: bool = False,
    ) -> Mapping[str, int]:
        """Return what `erase_person` would delete, per table. Changes nothing."""
        is_merged = self._person_lookup.is_merged(shop, principal)
        counts: Counter[str] = Counter()
        for key in self._session.shops.list_keys(shop):
            rows = self._select_rows(key, principal, excluded_order_ids, is_merged)
            customer_keys = frozenset[tuple[str, str]]() if keeps_customer else rows.person_keys
            counts["orders"] += len(rows.order_keys)
            of_orders = (parcels.c.shop == key, parcels.c.order_key.in_(rows.order_keys))
            counts["parcels"] += self._connection.scalar(select(func.count()).where(*of_orders)) or 0
            counts["customers"] += len(self._find_customer_keys(key, customer_keys, principal.cutoff_at))
            if not is_merged:
                counts.update(
                    self._traces.count_traces(
                        key,
                        rows.subjects,
                        request_id,
                        *_collect_keys(rows, self._traces.list_erased_orders(key, request_id)),
                        cutoff_at=principal.cutoff_at,
                    )
                )
        return ({CUSTOMER_MERGED_AWAY: 1} if is_merged else {}) | dict(+counts)

    def list_erasable_orders(
        self, shop: str, principal: Principal, excluded_order_ids: Collection[str]
    ) -> list[ShopOrderKey]:
        """Return the orders that `erase_person` would delete, each under its key of the shop."""
        if self._person_lookup.is_merged(shop, principal):
            return []
        return [
            (key, order_key)
            for key in self._session.shops.list_keys(shop)
            for order_key in self._select_rows(key, principal, excluded_order_ids, is_merged=False).order_keys
        ]

    def list_named_orders(self, shop: str, principal: Principal) -> list[ShopOrderKey]:
        """Return the orders that the principal names and the index does not have, under each key of the shop."""
        if self._person_lookup.is_merged(shop, principal):
            return []
        keys = self._session.shops.list_keys(shop)
        return [(at, key) for at in keys for key in self._filter_unowned_orders(at, principal.order_ids)]

    def erase_orders(
        self,
        order_keys: Iterable[ShopOrderKey],
        named_keys: Iterable[ShopOrderKey],
        *,
        request_id: str,
        cutoff_at: datetime | None,
    ) -> Mapping[str, int]:
        """Delete some of a data subject's orders with their parcels and suppress them. Return rows deleted per table.

        `named_keys`, which the index does not have, are suppressed only. The rest of the data subject stays for
        `erase_person`. Call after `lock_shop`. Raises NeedsOperator as it does.
        """
        keys_by_shop: dict[str, list[str]] = {}
        for shop, order_key in order_keys:
            keys_by_shop.setdefault(shop, []).append(order_key)
        removed: Counter[str] = Counter()
        erased_at = cutoff_at or self._session.now()
        suppressed = [*((at, key) for at, keys in keys_by_shop.items() for key in keys), *named_keys]
        upsert_suppressions(
            self._connection,
            (
                Tombstone(shop=at, field="order", key=key, erased_at=erased_at, request_id=request_id)
                for at, key in sorted(suppressed)
            ),
        )
        for shop, keys in keys_by_shop.items():
            key_ids = self.find_data_key_ids(shop, frozenset(), keys)
            removed += Counter(self.delete_person_rows(shop, frozenset(), keys))
            self.destroy_keys_and_verify(shop, frozenset(), keys, key_ids)
        if removed.total():
            self._session.mark_remnants(request_id)
        return dict(removed)

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
            rows = self._select_rows(key, principal, excluded_order_ids, is_merged)
            removed += Counter(
                self._erase_rows(rows, request_id, principal.cutoff_at, is_merged, keeps_customer=keeps_customer)
            )
        if removed.total():
            self._session.mark_remnants(request_id)
        return ({CUSTOMER_MERGED_AWAY: 1} if is_merged else {}) | dict(removed)

    def _select_rows(
        self, shop: str, principal: Principal, excluded_order_ids: Collection[str], is_merged: bool
    ) -> _PersonRows:
        """Return what an erasure is about under one key of the shop. Changes nothing."""
        lookup = self._person_lookup
        keys = lookup.derive_search_keys(shop, principal)
        if not is_merged and len(lookup.list_surviving_customers(shop, keys["customer"])) < len(keys["customer"]):
            # one of several customers was merged into another person's, who may have its e-mail address and phone now
            principal = replace(principal, email="", phone="")
            keys = lookup.derive_search_keys(shop, principal)
        contacts = lookup.derive_contact_keys(shop, principal)  # former keys suppress only what has no other
        if is_merged:  # only the id is erased: the orders belong to the customer that remains
            keys = {"customer": keys["customer"]}
            return _PersonRows(shop=shop, keys=keys, contacts=contacts)
        if not keys["customer"] and (customer := lookup.find_sole_customer(shop, keys)):
            keys["customer"] = [customer]
        subjects = [lookup.find_subject(shop, principal)]
        subjects += keys["customer"] if principal.further_customer_ids else []
        if not principal.customer_id:  # a request that came before the customer was known
            subjects += (keys["email"] or keys["phone"])[:1]
        excluded = {lookup.pseudonym(shop, "order", number) for number in excluded_order_ids}
        return _PersonRows(
            shop=shop,
            keys=keys,
            contacts=contacts,
            order_keys=[key for key in lookup.list_order_keys_at(shop, principal) if key not in excluded],
            named_keys=self._filter_unowned_orders(shop, principal.order_ids),
            subjects=subjects,
        )

    def _erase_rows(
        self, rows: _PersonRows, request_id: str, cutoff_at: datetime | None, is_merged: bool, *, keeps_customer: bool
    ) -> dict[str, int]:
        """Erase under one key of the shop."""
        shop, order_keys, person_keys = rows.shop, rows.order_keys, rows.person_keys
        erased = self._traces.list_erased_orders(shop, request_id)  # before, by this erasure
        key_ids = self.find_data_key_ids(shop, person_keys, order_keys)
        customer_keys = frozenset[tuple[str, str]]() if keeps_customer else person_keys
        removed = self.delete_person_rows(shop, customer_keys, order_keys, cutoff_at=cutoff_at)
        if not is_merged:
            found = (rows.subjects, request_id, *_collect_keys(rows, erased))
            removed |= self._traces.clear_traces(shop, *found, cutoff_at=cutoff_at)
        erased_at = cutoff_at or self._session.now()  # an order that is placed later is a new contract
        suppressed = {(field, key) for field in rows.keys for key in rows.contacts.get(field) or rows.keys[field]}
        suppressed |= {("order", key) for key in (*order_keys, *rows.named_keys)}
        suppressed -= {("order", key) for key in erased}
        upsert_suppressions(
            self._connection,
            (
                Tombstone(shop=shop, field=field, key=key, erased_at=erased_at, request_id=request_id)
                for field, key in sorted(suppressed)
            ),
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
        delete_orphaned_contact_keys(self._connection, shop, [*order_keys, *customer_keys])
        return removed

    def _find_customer_keys(self, shop: str, person_keys: PersonKeys, cutoff_at: datetime | None) -> list[str]:
        """Return the keys of the customers with these ids or e-mail addresses, as they were reported by the cut-off."""
        if not person_keys:
            return []
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
        named = delete(table).where(table.c.shop == shop, table.c[column].in_(keys))
        return int(self._connection.execute(named).rowcount) if keys else 0

    def find_data_key_ids(self, shop: str, person_keys: PersonKeys, order_keys: Sequence[str]) -> set[str]:
        """Return the data keys of orders and parcels, and those made for the data subject under an earlier pseudonym."""
        found: set[str] = set()
        for table in (orders, parcels):
            of_orders = (table.c.shop == shop, table.c.order_key.in_(order_keys))
            found.update(self._connection.scalars(select(table.c.data_key_id).where(*of_orders).distinct()))
        subjects = [*(key for _, key in person_keys), *order_keys]
        own = select(data_keys.c.id).where(data_keys.c.shop == shop, data_keys.c.subject.in_(subjects))
        return {*found, *self._connection.scalars(own)}

    def _filter_unowned_orders(self, shop: str, order_ids: Iterable[str]) -> list[str]:
        """Return pseudonyms of named orders without a row: a row that remains belongs to another customer."""
        named = [self._person_lookup.pseudonym(shop, "order", number) for number in order_ids]
        remaining = select(orders.c.order_key).where(orders.c.shop == shop, orders.c.order_key.in_(named))
        of_others = set(self._connection.scalars(remaining))
        return [key for key in named if key not in of_others]

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


def _collect_keys(rows: _PersonRows, erased: Iterable[str]) -> tuple[PersonKeys, set[str]]:
    """Return the keys by which a webhook is about the data subject: of orders that this erasure deleted before, too."""
    return rows.person_keys, {*rows.order_keys, *rows.named_keys, *erased}


def _is_reported_by(customer_row: Any, cutoff_at: datetime) -> bool:
    """Return whether the customer was reported by the cut-off; False where nobody knows when."""
    return customer_row.source_updated_at is not None and customer_row.source_updated_at <= cutoff_at
