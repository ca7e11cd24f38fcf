"""Finds out to which shop, and under which of its keys, sightings belong: an order id belongs to one shop.

Only the body of a webhook is signed. A body of one shop that comes under another shop's header would restore a data
subject there. It reads only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import ARRAY, Select, Text, bindparam, cast, func, select, tuple_

from bridge.rules.index.minimise import Sighting, SightingKind
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.schema.index_tables import customers, merges, orders, suppressions
from bridge.store.session import Session

CUSTOMER_KINDS = frozenset(
    {SightingKind.CUSTOMER, SightingKind.CUSTOMER_DELETED, SightingKind.CUSTOMERS_MERGED, SightingKind.CONSENT}
)
MAX_PAIRS = {"postgresql": 10_000, "sqlite": 400}  # of one statement
CHANGES_ALL_KEYS = frozenset({SightingKind.CUSTOMER_DELETED, SightingKind.CUSTOMERS_MERGED, SightingKind.ORDER_DELETED})


class SightingRouter:
    """Compares sightings with the rows that each key of each shop has."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._pseudonym = cache(PersonLookup(session).pseudonym)

    def find_sightings_of_other_shops(
        self, shop: str, sightings: Sequence[Sighting], own: Iterable[Sighting] = ()
    ) -> set[int]:
        """Return the positions of sightings whose order or customer this shop does not know and another shop does.

        The other shop knows an order that it stores or erased, and a customer likewise. That it stores the customer of an
        order which neither knows is no sign: the order is new. `own` are sightings that came at the same time and say that
        they are this shop's: it knows what they name. A search at all other shops costs a pseudonym at each.
        """
        other_keys = self._session.shops.list_other_keys(shop)
        if not other_keys:
            return set()
        named = {("order", one.order_id) for one in own} | {("customer", one.customer_id) for one in own}
        records = {position: _name_record(sighting) for position, sighting in enumerate(sightings)}
        candidates = {at: sightings[at] for at, record in records.items() if record[1] and record not in named}
        own_keys = self._session.shops.list_keys(shop)
        known = self._read_known(own_keys, candidates.values())
        candidates = {
            at: one for at, one in candidates.items() if not any(self._is_known(key, one, known) for key in own_keys)
        }
        known = self._read_known(other_keys, candidates.values())
        return {
            at
            for at, one in candidates.items()
            if any(self._is_known(key, one, known, is_other_shop=True) for key in other_keys)
        }

    def group_by_key(self, shop: str, sightings: Sequence[Sighting]) -> Mapping[str, Sequence[Sighting]]:
        """Return the sightings by the key of the shop under which they change rows.

        Rows stay under the key where they are; an erased data subject's sightings go where the suppression key is. All
        else goes to the first key. A merge or a deletion changes every key.
        """
        keys = self._session.shops.list_keys(shop)
        if len(keys) == 1:
            return {shop: sightings}
        known = {key: self._read_known([key], sightings) for key in keys}
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
        return any((at, self._pseudonym(shop, at.removeprefix("erased_"), value)) in known for at, value in names)

    def _read_known(self, shops: Sequence[str], sightings: Collection[Sighting]) -> set[tuple[str, str]]:
        """Return (field, pseudonym) of orders and customers that these keys store or erased."""
        orders_of = {(shop, self._pseudonym(shop, "order", one.order_id)) for one in sightings for shop in shops}
        customers_of = {
            (shop, self._pseudonym(shop, "customer", one.customer_id)) for one in sightings for shop in shops
        }
        known = {("order", key) for key in self._select(orders, "order_key", orders_of)}
        for table, column in ((customers, "customer_key"), (orders, "customer_key"), (merges, "deleted_key")):
            known |= {("customer", key) for key in self._select(table, column, customers_of)}
        erased = self._select(suppressions, "key", orders_of | customers_of)
        known |= {("order", key) for key in erased & {key for _, key in orders_of}}
        erased_customers = erased & {key for _, key in customers_of}
        return known | {(field, key) for key in erased_customers for field in ("customer", "erased_customer")}

    def _select(self, table: Any, column: str, pairs: Iterable[tuple[str, str]]) -> set[str]:
        """Return those pseudonyms of the pairs of shop and pseudonym that the column has."""
        found: set[str] = set()
        dialect = self._connection.dialect.name
        for part in _cut_pairs((pair for pair in pairs if pair[1]), MAX_PAIRS[dialect]):
            shops, keys = zip(*part, strict=True)
            given = {"shops": list(shops), "keys": list(keys)} if dialect == "postgresql" else {"pairs": part}
            found.update(self._connection.scalars(_select_pairs(dialect, table, column), given))
        return found


@cache
def _select_pairs(dialect: str, table: Any, column: str) -> Select[Any]:
    """Build the selection of a column's values by pairs of shop and value, once for each column."""
    if dialect != "postgresql":
        return select(table.c[column]).where(
            tuple_(table.c.shop, table.c[column]).in_(bindparam("pairs", expanding=True))
        )
    arrays = (cast(bindparam(name), ARRAY(Text())) for name in ("shops", "keys"))
    given = func.unnest(*arrays).table_valued("shop", "key").render_derived()
    return select(table.c[column]).join(given, (table.c.shop == given.c.shop) & (table.c[column] == given.c.key))


def _cut_pairs(pairs: Iterable[tuple[str, str]], size: int) -> Iterator[list[tuple[str, str]]]:
    """Yield the pairs in parts."""
    rest = iter(pairs)
    while part := list(islice(rest, size)):
        yield part


def _name_record(sighting: Sighting) -> tuple[str, str]:
    """Return which record the sighting is about: its field and its number, '' where it names none."""
    if sighting.kind in CUSTOMER_KINDS:
        return "customer", sighting.customer_id
    return "order", sighting.order_id
