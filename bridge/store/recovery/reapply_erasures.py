"""How the index forgets again: by the keys of an erasure that a restored backup took back. Nobody's name is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, func, or_, select

from bridge.model import Tombstone
from bridge.store.erasure.erase_person import Forgetting
from bridge.store.schema.tables import orders

ORDER = "order"


class Reapplying(Forgetting):
    """The half of `ports.Index` that works from suppression keys."""

    def orders_under(self, shop: str, tombstones: Sequence[Tombstone]) -> list[Any]:
        """Rows of orders that these keys would erase: those they name, and hers that were gone before she was.

        What she ordered after her erasure is a new contract and stays.
        """
        named, order_keys = _parted(tombstones)
        ways: list[Any] = [orders.c.order_key.in_(order_keys)]
        if _whole(named, order_keys):
            until = or_(orders.c.placed_at.is_(None), orders.c.placed_at <= _last(tombstones))
            ways.append(and_(self._of(named), until))
        rows = select(orders).where(orders.c.shop == shop, or_(*ways))
        return list(self._connection.execute(rows.order_by(orders.c.placed_at, orders.c.order_key)))

    @staticmethod
    def _of(named: frozenset[tuple[str, str]]) -> Any:
        """Orders of her customer id, and those of her address that name no other customer."""
        keys = {field: [key for of, key in named if of == field] for field in ("customer", "email")}
        hers = orders.c.customer_key.in_(keys["customer"])
        return or_(hers, and_(orders.c.email_key.in_(keys["email"]), or_(hers, orders.c.customer_key == "")))

    def erase_keys(self, shop: str, tombstones: Sequence[Tombstone]) -> Mapping[str, int]:
        """See ports.Index."""
        self._session.alone(shop)
        named, listed = _parted(tombstones)
        mine = self.orders_under(shop, tombstones)
        hers = [row.order_key for row in mine]
        key_ids = {row.data_key_id for row in mine} | self._key_ids(shop, named, [*hers, *listed])
        removed: dict[str, int] = self._take_out(shop, named, hers)
        if _whole(named, listed):
            subjects = [*(key for _, key in named), *listed]
            removed |= self._forget_requests(shop, subjects, tombstones[0].request_id)
            removed["deliveries"] = self._wipe_bodies(shop, named, {*hers, *listed})
        else:
            theirs = select(func.count()).where(orders.c.shop == shop, self._of(named))
            removed["undecided"] = self._connection.scalar(theirs) or 0
        self._suppress(tombstones, ledger_at=self._session.now())
        self._shred(shop, named, hers, key_ids)
        return {name: count for name, count in removed.items() if count}


def _whole(named: frozenset[tuple[str, str]], order_keys: Sequence[str]) -> bool:
    """False where a customer's id is all that is named: so does the erasure of an id that was merged away."""
    return bool(order_keys) or {field for field, _ in named} != {"customer"}


def _parted(tombstones: Sequence[Tombstone]) -> tuple[frozenset[tuple[str, str]], list[str]]:
    """(field, key) of the person, and keys of orders."""
    person = frozenset((one.field, one.key) for one in tombstones if one.field != ORDER)
    return person, [one.key for one in tombstones if one.field == ORDER]


def _last(tombstones: Sequence[Tombstone]) -> Any:
    return max(one.erased_at for one in tombstones)
