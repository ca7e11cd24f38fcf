"""How the index forgets again: by the keys of an erasure that a restored backup took back. Nobody's name is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, func, or_, select

from bridge.model import Tombstone
from bridge.store.erasure.erase_person import PersonEraser
from bridge.store.schema.tables import orders

ORDER_FIELD = "order"


class ErasureReapplier(PersonEraser):
    """The half of `ports.Index` that works from suppression keys."""

    def list_order_rows_by_tombstones(self, shop: str, tombstones: Sequence[Tombstone]) -> list[Any]:
        """Rows of orders that these keys would erase: those they name, and hers that were gone before she was.

        What she ordered after her erasure is a new contract and stays.
        """
        named, order_keys = _split_tombstones(tombstones)
        ways: list[Any] = [orders.c.order_key.in_(order_keys)]
        if _names_whole_person(named, order_keys):
            until = or_(orders.c.placed_at.is_(None), orders.c.placed_at <= _last_erased_at(tombstones))
            ways.append(and_(self._match_person_orders(named), until))
        rows = select(orders).where(orders.c.shop == shop, or_(*ways))
        return list(self._connection.execute(rows.order_by(orders.c.placed_at, orders.c.order_key)))

    @staticmethod
    def _match_person_orders(person_keys: frozenset[tuple[str, str]]) -> Any:
        """Orders of her customer id, and those of her address that name no other customer."""
        keys = {field: [key for of, key in person_keys if of == field] for field in ("customer", "email")}
        hers = orders.c.customer_key.in_(keys["customer"])
        return or_(hers, and_(orders.c.email_key.in_(keys["email"]), or_(hers, orders.c.customer_key == "")))

    def reapply_erasure(self, shop: str, tombstones: Sequence[Tombstone]) -> Mapping[str, int]:
        """See ports.Index."""
        self._session.lock_shop(shop)
        named, listed = _split_tombstones(tombstones)
        mine = self.list_order_rows_by_tombstones(shop, tombstones)
        hers = [row.order_key for row in mine]
        key_ids = {row.data_key_id for row in mine} | self._find_data_key_ids(shop, named, [*hers, *listed])
        removed: dict[str, int] = self._delete_person_rows(shop, named, hers)
        if _names_whole_person(named, listed):
            subjects = [*(key for _, key in named), *listed]
            removed |= self._clear_prior_requests(shop, subjects, tombstones[0].request_id)
            removed["deliveries"] = self._destroy_webhook_bodies(shop, named, {*hers, *listed})
        else:
            theirs = select(func.count()).where(orders.c.shop == shop, self._match_person_orders(named))
            removed["undecided"] = self._connection.scalar(theirs) or 0
        self._upsert_suppressions(tombstones, ledger_at=self._session.now())
        self._destroy_keys_and_verify(shop, named, hers, key_ids)
        return {name: count for name, count in removed.items() if count}


def _names_whole_person(person_keys: frozenset[tuple[str, str]], order_keys: Sequence[str]) -> bool:
    """False where a customer's id is all that is named: so does the erasure of an id that was merged away."""
    return bool(order_keys) or {field for field, _ in person_keys} != {"customer"}


def _split_tombstones(tombstones: Sequence[Tombstone]) -> tuple[frozenset[tuple[str, str]], list[str]]:
    """(field, key) of the person, and keys of orders."""
    person = frozenset((one.field, one.key) for one in tombstones if one.field != ORDER_FIELD)
    return person, [one.key for one in tombstones if one.field == ORDER_FIELD]


def _last_erased_at(tombstones: Sequence[Tombstone]) -> Any:
    return max(one.erased_at for one in tombstones)
