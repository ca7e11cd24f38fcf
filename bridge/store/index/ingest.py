"""Upserts sightings of orders and parcels in bulk. Webhooks come late, twice and in any order.

The newest `updated_at` wins; sightings of erased data subjects are dropped. It reads the rows that it may change in
one statement per table, decides in memory, and writes once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, delete, exists, select, update

from bridge.rules.index.consignee.clues import ConsigneeTokens, build_digester, build_tokens, merge_tokens
from bridge.rules.index.listings import build_listings, merge_listings
from bridge.rules.index.minimise import Sighting, SightingKind
from bridge.rules.index.shipping import ParcelSighting
from bridge.store.index.contact_keys import delete_orphaned_contact_keys, replace_contact_keys
from bridge.store.index.order_docs import merge_order_docs, new_order_doc
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.index.routing import SightingRouter
from bridge.store.index.sighting_keys import SightingKeys, derive_sighting_keys
from bridge.store.index.source_times import format_sortable, is_newer, is_newest
from bridge.store.schema.index_tables import customers, merges, orders, parcels, suppressions
from bridge.store.session import Session
from bridge.store.upsert import upsert_rows
from bridge.store.value_lists import bind_values, match_shop_values

SUPPRESSED_FIELDS = ("customer", "email", "phone", "order")
KEY_COLUMNS = ("customer_key", "email_key", "phone_key")
BLANK_ORDER: Mapping[str, Any] = dict.fromkeys(orders.c.keys()) | dict.fromkeys((*KEY_COLUMNS, "data_key_id"), "")
NO_TOKENS = ConsigneeTokens()


@cache
def _select_for_update(dialect: str, table: Any, column: str) -> Select[Any]:
    """Build the selection of a shop's rows by the values of a column, once for each column."""
    rows = select(table).where(match_shop_values(dialect, table, column))
    if table is suppressions:  # its index has the field before the key
        rows = rows.where(suppressions.c.field.in_(SUPPRESSED_FIELDS))
    return rows.with_for_update()


def ingest_batch(session: Session, shop: str, sightings: Sequence[Sighting]) -> list[Sighting]:
    """Store a batch of one shop. Return the sightings that were dropped because their data subject was erased."""
    session.lock_shop(shop)
    dropped: list[Sighting] = []
    for key, sightings_of_key in SightingRouter(session).group_by_key(shop, sightings).items():
        batch = _IngestBatch(session, key, sightings_of_key)
        for sighting in sightings_of_key:
            batch.apply_sighting(sighting)
        batch.write_changes()
        dropped += batch.dropped
    return dropped


class _IngestBatch:
    """One batch in memory, between one reading and one writing."""

    def __init__(self, session: Session, shop: str, sightings: Sequence[Sighting]) -> None:
        self._session, self._connection, self._shop = session, session.connection, shop
        self._lookup = lookup = PersonLookup(session)
        self.dropped: list[Sighting] = []
        self._keys = [derive_sighting_keys(session.keyring, shop, sighting) for sighting in sightings]
        order_keys = {keys.order for keys in self._keys} - {""}
        self._orders = {
            row.order_key: row._asdict() for row in self._select_rows_for_update(orders, "order_key", order_keys)
        }
        self._merged_into = {
            row.deleted_key: lookup.follow_merges(shop, row.deleted_key)
            for row in self._select_rows_for_update(
                merges, "deleted_key", {keys.person["customer"] for keys in self._keys}
            )
        }
        self._suppressed = self._read_suppressions(order_keys)
        self._changed: dict[str, dict[str, Any]] = {}
        self._customers: dict[str, dict[str, Any]] = {}
        self._parcels: dict[tuple[str, str], dict[str, Any]] = {}
        self._order_docs: dict[str, dict[str, Any]] = {}
        self._order_tokens: dict[str, ConsigneeTokens] = {}
        self._contact_keys: dict[tuple[str, str], Sequence[str]] = {}
        self._deleted_keys: set[str] = set()
        self._position = 0
        self._encode_clue = cache(build_digester(session.keyring.digest, shop))  # people share names and initials

    def _select_rows_for_update(self, table: Any, column: str, keys: Iterable[str]) -> list[Any]:
        wanted = [key for key in keys if key]
        if not wanted:
            return []
        rows = _select_for_update(self._connection.dialect.name, table, column)
        given = {"at": self._shop, "those": bind_values(self._connection, wanted)}
        return list(self._connection.execute(rows, given))

    def _read_suppressions(self, order_keys: set[str]) -> dict[tuple[str, str], datetime]:
        named = {key for keys in self._keys for field_keys in keys.searched.values() for key in field_keys}
        named |= order_keys | set(self._merged_into.values())
        return {(row.field, row.key): row.erased_at for row in self._select_rows_for_update(suppressions, "key", named)}

    def apply_sighting(self, sighting: Sighting) -> None:
        """Decide what one sighting changes."""
        derived = self._keys[self._position]
        self._position += 1
        keys, order_key = {**derived.person}, derived.order
        keys["customer"] = self._merged_into.get(keys["customer"], keys["customer"])
        if sighting.kind is SightingKind.CUSTOMERS_MERGED:
            self._merge_customers(sighting)
        elif sighting.kind is SightingKind.CUSTOMER_DELETED:
            self._customers.pop(keys["customer"], None)
            self._delete_rows(customers, "customer_key", keys["customer"])
        elif sighting.kind is SightingKind.ORDER_DELETED:
            self._delete_unshipped_order(order_key)
        elif sighting.kind in (SightingKind.CUSTOMER, SightingKind.ORDER, SightingKind.PARCELS):
            if self._is_suppressed(sighting, {**derived.searched, "customer": [keys["customer"]]}, order_key):
                self.dropped.append(sighting)
            elif sighting.kind is SightingKind.CUSTOMER:
                self._apply_customer(sighting, keys, derived)
            elif order_key:
                self._apply_order(sighting, keys, derived)

    def _is_suppressed(self, sighting: Sighting, keys: Mapping[str, Sequence[str]], order_key: str) -> bool:
        """Return True for a sighting of an erased data subject; an order placed after the erasure is a new contract."""
        if not self._suppressed:
            return False
        if ("order", order_key) in self._suppressed:
            return True
        if order_key in self._orders or order_key in self._changed:
            return False
        named = [(field, key) for field in ("customer", "email") for key in keys[field] if key]
        named = named or [("phone", key) for key in keys["phone"]]
        erased = [self._suppressed[name] for name in named if name in self._suppressed]
        if not erased:
            return False
        placed_at = sighting.placed_at if sighting.kind is not SightingKind.PARCELS else None
        return placed_at is None or placed_at <= max(erased)

    def _apply_customer(self, sighting: Sighting, keys: Mapping[str, str], derived: SightingKeys) -> None:
        if not keys["customer"] or not (keys["email"] or keys["phone"] or sighting.updated_at):
            return
        before = self._customers.get(keys["customer"])
        if before and is_newer(before["source_updated_at"], sighting.updated_at):
            return
        self._customers[keys["customer"]] = {
            "shop": self._shop,
            **{f"{field}_key": key for field, key in keys.items()},
            "source_updated_at": sighting.updated_at,
        }
        self._note_contact_keys(derived, keys["customer"], self._customers[keys["customer"]])

    def _note_contact_keys(self, derived: SightingKeys, row_key: str, row: Mapping[str, Any]) -> None:
        """Remember the further keys of each field whose first key the row takes from this sighting."""
        for field, keys in derived.contacts.items():
            if keys and row[f"{field}_key"] == keys[0]:
                self._contact_keys[row_key, field] = keys[1:]

    def _apply_order(self, sighting: Sighting, keys: Mapping[str, str], derived: SightingKeys) -> None:
        order_key = derived.order
        row = self._changed.get(order_key) or self._orders.get(order_key)
        row = {**BLANK_ORDER, "shop": self._shop, "order_key": order_key} if row is None else {**row}
        named = {f"{field}_key": key for field, key in keys.items()}
        if sighting.kind is SightingKind.ORDER and not is_newer(row["source_updated_at"], sighting.updated_at):
            row |= {column: key or row[column] for column, key in named.items()}  # a blank removes nothing
            row["source_updated_at"] = sighting.updated_at
            row["placed_at"] = sighting.placed_at or row["placed_at"]
        else:  # part of an order, or an older version of it: it only fills blanks
            row |= {column: row[column] or key for column, key in named.items()}
            row["placed_at"] = row["placed_at"] or sighting.placed_at
        doc = self._order_docs.setdefault(order_key, new_order_doc(sighting.order_id))
        doc["name"] = sighting.order_name or doc["name"]
        doc["cod"] = doc["cod"] if sighting.cod is None else sighting.cod
        if sighting.matter:
            doc["matters"][sighting.matter] = [format_sortable(sighting.updated_at), sighting.matter_open]
        if sighting.listings:
            doc["listings"] = merge_listings(doc["listings"], build_listings(sighting.listings))
        known_tokens = self._order_tokens.get(order_key, NO_TOKENS)
        self._order_tokens[order_key] = merge_tokens(known_tokens, build_tokens(sighting.clues, self._encode_clue))
        self._changed[order_key] = row
        self._note_contact_keys(derived, order_key, row)
        for parcel in sighting.parcels:
            self._apply_parcel(parcel, order_key, sighting.updated_at)

    def _apply_parcel(self, parcel: ParcelSighting, order_key: str, updated_at: datetime | None) -> None:
        key = self._lookup.pseudonym(self._shop, "waybill", parcel.number)
        before = self._parcels.get((key, order_key))
        if not key or (before and is_newer(before["source_updated_at"], updated_at)):
            return
        status_at = format_sortable(parcel.status_at)
        self._parcels[key, order_key] = {
            "shop": self._shop,
            "parcel_key": key,
            "order_key": order_key,
            "carrier": parcel.carrier,
            "account_holder": parcel.account_holder,
            "doc": json.dumps(
                {
                    "number": parcel.number,
                    "status": parcel.status,
                    "status_at": status_at,
                    "is_return": parcel.is_return,
                    "is_conflict": parcel.is_conflict,
                }
            ),
            "shipped_at": parcel.shipped_at or (before["shipped_at"] if before else None),
            "source_updated_at": updated_at,
        }

    def _merge_customers(self, sighting: Sighting) -> None:
        """Give the deleted customer's orders to the customer that remains."""
        deleted, remaining = (
            self._lookup.pseudonym(self._shop, "customer", number)
            for number in (sighting.customer_id, sighting.kept_customer_id)
        )
        if not deleted or not remaining or deleted == remaining:
            return
        self._customers.pop(deleted, None)
        now = self._session.now()
        row = {"shop": self._shop, "deleted_key": deleted, "kept_key": remaining, "merged_at": now}
        self._upsert_rows(merges, ["shop", "deleted_key"], [row])
        remaining = self._lookup.follow_merges(self._shop, remaining)  # merges come in any order too
        self._merged_into = {old: remaining if new == deleted else new for old, new in self._merged_into.items()} | {
            deleted: remaining
        }
        for row in (*self._orders.values(), *self._changed.values()):
            row["customer_key"] = remaining if row["customer_key"] == deleted else row["customer_key"]
        of_deleted = (orders.c.shop == self._shop, orders.c.customer_key == deleted)
        self._connection.execute(update(orders).where(*of_deleted).values(customer_key=remaining))
        self._delete_rows(customers, "customer_key", deleted)

    def _delete_unshipped_order(self, order_key: str) -> None:
        """Delete an order that the shop deleted, unless a carrier has its parcel and needs a notice of an erasure."""
        shipped = and_(parcels.c.shop == self._shop, parcels.c.order_key == order_key)
        if any(key[1] == order_key for key in self._parcels) or self._connection.scalar(
            select(exists().where(shipped))
        ):
            return
        for known in (self._changed, self._orders, self._order_docs, self._order_tokens):
            known.pop(order_key, None)
        self._delete_rows(orders, "order_key", order_key)

    def _delete_rows(self, table: Any, column: str, key: str) -> None:
        self._connection.execute(delete(table).where(table.c.shop == self._shop, table.c[column] == key))
        self._deleted_keys.add(key)

    def write_changes(self) -> None:
        """Seal and write what changed; a row that another worker made newer meanwhile stays."""
        subjects = {
            key: row["customer_key"] or row["email_key"] or row["phone_key"] or key
            for key, row in self._changed.items()
        }
        if subjects:
            data_keys = self._session.get_or_create_data_keys(self._shop, subjects.values())
            build_sealer = self._session.keyring.build_sealer
            sealers = {subject: (key.id, build_sealer(key.id, key.key)) for subject, key in data_keys.items()}
            for order_key, row in self._changed.items():
                key_id, seal = sealers[subjects[order_key]]
                row["data_key_id"] = key_id
                row["doc"] = seal(self._build_order_doc(order_key, row), f"orders|{order_key}|doc|{self._shop}")
            for parcel in self._parcels.values():
                key_id, seal = sealers[subjects[parcel["order_key"]]]
                parcel["data_key_id"] = key_id
                parcel["doc"] = seal(parcel["doc"].encode(), f"parcels|{parcel['parcel_key']}|doc|{self._shop}")
        for table, unique, rows in (
            (orders, ["shop", "order_key"], self._changed),
            (customers, ["shop", "customer_key"], self._customers),
            (parcels, ["shop", "parcel_key", "order_key"], self._parcels),
        ):
            self._upsert_rows(table, unique, list(rows.values()), newest_wins=True)
        replace_contact_keys(self._connection, self._shop, self._contact_keys)
        delete_orphaned_contact_keys(self._connection, self._shop, self._deleted_keys)

    def _build_order_doc(self, order_key: str, row: Mapping[str, Any]) -> bytes:
        sealed = row["doc"]
        known = sealed and json.loads(self._session.open(sealed, f"orders|{order_key}|doc|{self._shop}"))
        return json.dumps(merge_order_docs(known, self._order_docs[order_key], self._order_tokens[order_key])).encode()

    def _upsert_rows(
        self, table: Any, unique: list[str], rows: list[dict[str, Any]], *, newest_wins: bool = False
    ) -> None:
        if not rows:
            return
        changes = [name for name in rows[0] if name not in unique]
        where = is_newest if newest_wins else None
        upsert_rows(self._connection, table, rows, unique, changes, where=where)
