"""Finds out to which shop, and under which of its keys, sightings belong: an order id belongs to one shop.

Only the body of a webhook is signed. A body of one shop that comes under another shop's header would restore a data
subject there. It reads only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from bridge.rules.index.minimise import Sighting, SightingKind
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.schema.index_tables import customers, merges, orders, suppressions
from bridge.store.session import Session

CUSTOMER_KINDS = frozenset({SightingKind.CUSTOMER, SightingKind.CUSTOMER_DELETED, SightingKind.CUSTOMERS_MERGED})
CHANGES_ALL_KEYS = frozenset({SightingKind.CUSTOMER_DELETED, SightingKind.CUSTOMERS_MERGED, SightingKind.ORDER_DELETED})


class SightingRouter:
    """Compares sightings with the rows that each key of each shop has."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._lookup = PersonLookup(session)

    def find_sightings_of_other_shops(self, shop: str, sightings: Sequence[Sighting]) -> set[int]:
        """Return the positions of sightings whose order or customer this shop does not know and another shop does.

        The other shop knows an order that it stores or erased, and a customer likewise. That it stores the customer of an
        order which neither knows is no sign: the order is new.
        """
        other_keys = self._session.shops.list_other_keys(shop)
        if not other_keys:
            return set()
        candidates = {position: sighting for position, sighting in enumerate(sightings) if _name_record(sighting)[1]}
        for key in self._session.shops.list_keys(shop):
            known = self._read_known(key, candidates.values())
            candidates = {at: one for at, one in candidates.items() if not self._is_known(key, one, known)}
        found: set[int] = set()
        for key in other_keys if candidates else ():
            known = self._read_known(key, candidates.values())
            found |= {at for at, one in candidates.items() if self._is_known(key, one, known, is_other_shop=True)}
        return found

    def group_by_key(self, shop: str, sightings: Sequence[Sighting]) -> Mapping[str, Sequence[Sighting]]:
        """Return the sightings by the key of the shop under which they change rows.

        Rows stay under the key where they are; an erased data subject's sightings go where the suppression key is. All
        else goes to the first key. A merge or a deletion changes every key.
        """
        keys = self._session.shops.list_keys(shop)
        if len(keys) == 1:
            return {shop: sightings}
        known = {key: self._read_known(key, sightings) for key in keys}
        grouped: dict[str, list[Sighting]] = {key: [] for key in keys}
        for sighting in sightings:
            chosen = list(keys) if sighting.kind in CHANGES_ALL_KEYS else [self._choose_key(sighting, known)]
            for key in chosen:
                grouped[key].append(sighting)
        return {key: part for key, part in grouped.items() if part}

    def _choose_key(self, sighting: Sighting, known: Mapping[str, Collection[tuple[str, str]]]) -> str:
        stored = [key for key in known if self._is_known(key, sighting, known[key], fields=("order",))]
        suppressed = (key for key in known if self._is_known(key, sighting, known[key], is_other_shop=True))
        return stored[0] if stored else next(suppressed, next(iter(known)))

    def _is_known(
        self,
        shop: str,
        sighting: Sighting,
        known: Collection[tuple[str, str]],
        *,
        is_other_shop: bool = False,
        fields: Sequence[str] = ("order", "customer"),
    ) -> bool:
        field, number = _name_record(sighting)
        names = [(field, number)] if field in fields else []
        if sighting.customer_id and field == "order" and "customer" in fields:
            names.append(("erased_customer" if is_other_shop else "customer", sighting.customer_id))
        return any(
            (at, self._lookup.pseudonym(shop, at.removeprefix("erased_"), value)) in known for at, value in names
        )

    def _read_known(self, shop: str, sightings: Collection[Sighting]) -> set[tuple[str, str]]:
        """Return (field, pseudonym) of orders and customers that this key stores or erased."""
        order_keys = {self._lookup.pseudonym(shop, "order", one.order_id) for one in sightings} - {""}
        customer_keys = {self._lookup.pseudonym(shop, "customer", one.customer_id) for one in sightings} - {""}
        known = {("order", key) for key in self._select(orders, "order_key", shop, order_keys)}
        for table, column in ((customers, "customer_key"), (orders, "customer_key"), (merges, "deleted_key")):
            known |= {("customer", key) for key in self._select(table, column, shop, customer_keys)}
        erased = set(self._select(suppressions, "key", shop, order_keys | customer_keys))
        known |= {("order", key) for key in erased & order_keys}
        return known | {(field, key) for key in erased & customer_keys for field in ("customer", "erased_customer")}

    def _select(self, table: Any, column: str, shop: str, keys: Collection[str]) -> Sequence[str]:
        if not keys:
            return []
        found = select(table.c[column]).where(table.c.shop == shop, table.c[column].in_(keys)).distinct()
        return list(self._connection.scalars(found))


def _name_record(sighting: Sighting) -> tuple[str, str]:
    """Return which record the sighting is about: its field and its number, '' where it names none."""
    if sighting.kind in CUSTOMER_KINDS:
        return "customer", sighting.customer_id
    return "order", sighting.order_id
