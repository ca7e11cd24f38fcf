"""Finds what the index lacks of orders as the platform has them. It writes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from bridge.rules.index.consignee.clues import build_digester, build_tokens, load_tokens, merge_tokens
from bridge.rules.index.minimise import Sighting, SightingKind
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.index.source_times import is_newer
from bridge.store.schema.index_tables import customers, orders, parcels, suppressions
from bridge.store.session import Session


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderHoles:
    """What the index lacks of one order. `is_erased`: its data subject was erased, so that it is not known any more.

    `is_newer` where the index knows a later version already: a webhook came meanwhile.
    """

    is_missing: bool = False
    is_outdated: bool = False
    parcels: int = 0
    is_erased: bool = False
    is_newer: bool = False

    @property
    def is_open(self) -> bool:
        """Return whether anything is to be filled in, or applied to what was erased."""
        return self.is_missing or self.is_outdated or self.parcels > 0 or self.is_erased


class HoleFinder:
    """Compares sightings of orders with the rows of the index."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._lookup = PersonLookup(session)

    def find_holes(self, shop: str, sightings: Mapping[str, Sequence[Sighting]]) -> dict[str, OrderHoles]:
        """Return the holes of each order, whose sightings are given by its id."""
        order_keys = {self._lookup.pseudonym(key, "order", o): o for o in sightings for key in self._list_keys(shop)}
        rows = {order_keys[row.order_key]: row for row in self._select(orders, "order_key", order_keys)}
        stored = {(row.order_key, row.parcel_key) for row in self._select(parcels, "order_key", order_keys)}
        erased = {order_keys[row.key] for row in self._select(suppressions, "key", order_keys) if row.field == "order"}
        known_customers = self._find_customers(shop, sightings)
        return {
            one: OrderHoles(is_erased=True)
            if one in erased
            else self._compare_order(rows.get(one), seen, stored, known_customers)
            for one, seen in sightings.items()
        }

    def _compare_order(
        self, row: Any, sightings: Sequence[Sighting], stored: set[tuple[str, str]], known_customers: Mapping[str, Any]
    ) -> OrderHoles:
        if row is None or row.doc is None:
            return OrderHoles(is_missing=True, parcels=len({p.number for one in sightings for p in one.parcels}))
        order = next(one for one in sightings if one.kind is SightingKind.ORDER)
        if is_newer(row.source_updated_at, order.updated_at):
            return OrderHoles(is_newer=True)
        keys = {self._lookup.pseudonym(row.shop, "waybill", p.number) for one in sightings for p in one.parcels} - {""}
        lacking = sum((row.order_key, key) not in stored for key in keys)
        is_outdated = (
            row.source_updated_at is None
            or is_newer(order.updated_at, row.source_updated_at)
            or self._lacks_details(row, sightings)
            or any(self._is_customer_unknown(row.shop, one, known_customers) for one in sightings)
        )
        return OrderHoles(is_outdated=is_outdated, parcels=lacking)

    def _lacks_details(self, row: Any, sightings: Sequence[Sighting]) -> bool:
        """Return whether a return, a dispute or a person that a parcel is for is not known as the sightings have it."""
        doc = json.loads(self._session.open(row.doc, f"orders|{row.order_key}|doc|{row.shop}"))
        blockers = doc.get("matters", {})
        for one in sightings:
            at, is_open = blockers.get(one.matter, ["", None])
            # one with a time of its own is known better: the platform's list has none
            if one.matter and not at and is_open is not one.matter_open:
                return True
        encode = build_digester(self._session.keyring.digest, row.shop)
        known = load_tokens(doc.get("clues", ""))
        return merge_tokens(known, *(build_tokens(one.clues, encode) for one in sightings)) != known

    def _find_customers(self, shop: str, sightings: Mapping[str, Sequence[Sighting]]) -> dict[str, Any]:
        """Return the stored rows of the customers by key; None for one that was erased, which stays unknown for good."""
        seen = [one for of_order in sightings.values() for one in of_order if one.kind is SightingKind.CUSTOMER]
        people = [self._lookup.derive_search_keys(key, one) for key in self._list_keys(shop) for one in seen]
        customer_keys = {key for keys in people for key in keys["customer"]}
        named = customer_keys | {key for keys in people for key in keys["email"]}
        erased = {row.key for row in self._select(suppressions, "key", named)}
        found = {row.customer_key: row for row in self._select(customers, "customer_key", customer_keys)}
        suppressed = [keys["customer"] for keys in people if not erased.isdisjoint([*keys["customer"], *keys["email"]])]
        return {key: None for keys in suppressed for key in keys} | found

    def _list_keys(self, shop: str) -> Sequence[str]:
        return self._session.shops.list_keys(shop)

    def _is_customer_unknown(self, shop: str, sighting: Sighting, known: Mapping[str, Any]) -> bool:
        if sighting.kind is not SightingKind.CUSTOMER:
            return False
        key = self._lookup.follow_merges(shop, self._lookup.pseudonym(shop, "customer", sighting.customer_id))
        if key not in known:
            return True
        return known[key] is not None and is_newer(sighting.updated_at, known[key].source_updated_at)

    def _select(self, table: Any, column: str, keys: Any) -> list[Any]:
        wanted = [key for key in keys if key]
        return list(self._connection.execute(select(table).where(table.c[column].in_(wanted)))) if wanted else []
