"""Repeats erasures that a restored backup undid, by their suppression keys, which name nobody."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, func, or_, select

from bridge.model import ORDER_FIELD, IndexedOrder, Tombstone, Waybill
from bridge.store.erasure.erase_person import PersonEraser
from bridge.store.erasure.person_traces import PersonTraceRows
from bridge.store.erasure.suppress import upsert_suppressions
from bridge.store.index.rows import IndexRows
from bridge.store.schema.index_tables import orders, suppressions
from bridge.store.session import Session


class ErasureReapplier:
    """Erases by suppression keys instead of by a principal."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._eraser, self._traces = PersonEraser(session), PersonTraceRows(session)

    def list_rows_by_tombstones(
        self, shop: str, tombstones: Sequence[Tombstone]
    ) -> tuple[dict[str, IndexedOrder], list[Waybill]]:
        """Return every order by id, and its parcels, that these keys would erase."""
        rows, index = self._list_order_rows(shop, tombstones), IndexRows(self._session)
        return index.read_orders(rows), index.list_parcels_of_rows(shop, rows)

    def _list_order_rows(self, shop: str, tombstones: Sequence[Tombstone]) -> list[Any]:
        """Return the orders that these keys name, and the data subject's orders from before the erasure.

        An order placed after the erasure is a new contract and stays.
        """
        person_keys, order_keys = _split_tombstones(tombstones)
        matches: list[Any] = [orders.c.order_key.in_(order_keys)]
        if _names_whole_person(person_keys, order_keys):
            erased_at = max(tombstone.erased_at for tombstone in tombstones)
            is_older = or_(orders.c.placed_at.is_(None), orders.c.placed_at <= erased_at)
            matches.append(and_(_match_person_orders(person_keys), is_older))
        rows = select(orders).where(orders.c.shop == shop, or_(*matches))
        return list(self._connection.execute(rows.order_by(orders.c.placed_at, orders.c.order_key)))

    def list_order_keys(self, shop: str, tombstones: Sequence[Tombstone]) -> list[str]:
        """Return the keys of every order that these keys would erase, and of those that they name and nobody suppressed yet."""
        stored = [row.order_key for row in self._list_order_rows(shop, tombstones)]
        of_order = (suppressions.c.shop == shop, suppressions.c.field == ORDER_FIELD)
        known = select(suppressions.c.key, suppressions.c.erased_at).where(
            *of_order, suppressions.c.key.in_(_split_tombstones(tombstones)[1])
        )
        erased_at = {row.key: row.erased_at for row in self._connection.execute(known)}
        missing = [
            one.key
            for one in tombstones
            if one.field == ORDER_FIELD and (one.key not in erased_at or erased_at[one.key] < one.erased_at)
        ]
        return list(dict.fromkeys([*stored, *missing]))

    def reapply_to_orders(
        self, shop: str, order_keys: Sequence[str], tombstones: Sequence[Tombstone], *, request_id: str
    ) -> Mapping[str, int]:
        """Erase some orders of an erasure again, and write their keys. Return rows deleted per table.

        The data subject stays for `reapply_to_person`. Raises NeedsOperator as `erase_person`.
        """
        self._session.lock_shop(shop)
        key_ids = self._eraser.find_data_key_ids(shop, frozenset(), order_keys)
        removed = self._eraser.delete_person_rows(shop, frozenset(), order_keys)
        removed |= self._traces.clear_traces_of_orders(shop, order_keys, request_id)
        upsert_suppressions(self._connection, tombstones, ledger_at=self._session.now())
        self._eraser.destroy_keys_and_verify(shop, frozenset(), order_keys, key_ids)
        if any(removed.values()):
            self._session.mark_remnants(request_id)
        return {name: count for name, count in removed.items() if count}

    def reapply_to_person(
        self, shop: str, tombstones: Sequence[Tombstone], order_keys: Collection[str], *, keeps_customer: bool
    ) -> Mapping[str, int]:
        """Erase again what the keys of one erasure name besides orders, and write those keys. Return rows deleted per table.

        `order_keys` are orders of the erasure that no key names, for what mentions them. With `keeps_customer` the customer stays, as with
        `erase_person`. Where the keys name a customer id only, `undecided` counts that customer's orders, which stay: in a
        database from before two customers were merged they may belong to the customer that remains. Raises NeedsOperator
        as `erase_person`.
        """
        self._session.lock_shop(shop)
        eraser, (person_keys, named_keys) = self._eraser, _split_tombstones(tombstones)
        request_id = tombstones[0].request_id
        customer_keys = frozenset[tuple[str, str]]() if keeps_customer else person_keys
        key_ids = eraser.find_data_key_ids(shop, person_keys, [])
        removed: dict[str, int] = eraser.delete_person_rows(shop, customer_keys, [])
        if _names_whole_person(person_keys, named_keys):
            subjects = [key for _, key in person_keys]
            removed |= self._traces.clear_traces(shop, subjects, request_id, person_keys, {*order_keys, *named_keys})
        else:
            undecided = select(func.count()).where(orders.c.shop == shop, _match_person_orders(person_keys))
            removed["undecided"] = self._connection.scalar(undecided) or 0
        of_person = [tombstone for tombstone in tombstones if tombstone.field != ORDER_FIELD]
        upsert_suppressions(self._connection, of_person, ledger_at=self._session.now())
        eraser.destroy_keys_and_verify(shop, customer_keys, [], key_ids)
        if any(removed.values()):
            self._session.mark_remnants(request_id)
        return {name: count for name, count in removed.items() if count}


def _match_person_orders(person_keys: frozenset[tuple[str, str]]) -> Any:
    """Return the condition for orders of the customer id, and of the e-mail where they name no other customer."""
    keys = {field: [key for of, key in person_keys if of == field] for field in ("customer", "email")}
    of_customer = orders.c.customer_key.in_(keys["customer"])
    no_other_customer = or_(of_customer, orders.c.customer_key == "")
    return or_(of_customer, and_(orders.c.email_key.in_(keys["email"]), no_other_customer))


def _names_whole_person(person_keys: frozenset[tuple[str, str]], order_keys: Sequence[str]) -> bool:
    """Return False for keys of a customer id only, as the erasure of an id that was merged away leaves them."""
    return bool(order_keys) or {field for field, _ in person_keys} != {"customer"}


def _split_tombstones(tombstones: Sequence[Tombstone]) -> tuple[frozenset[tuple[str, str]], list[str]]:
    """Return (field, key) of the data subject, and keys of orders."""
    keys = [(tombstone.field, tombstone.key) for tombstone in tombstones]
    person_keys = frozenset((field, key) for field, key in keys if field != ORDER_FIELD)
    return person_keys, [key for field, key in keys if field == ORDER_FIELD]
