"""What all row classes share inside one transaction: connection, keyring, clock, data keys."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, bindparam, delete, exists, func, insert, select

from bridge.model import Event, ShopName
from bridge.rules.shops.shop_names import ShopDirectory
from bridge.store.crypto.keyring import Keyring
from bridge.store.schema.index_tables import data_keys, orders, parcels, remnants, shop_names
from bridge.store.schema.tables import requests
from bridge.store.schema.ulid import new_id
from bridge.store.shops.directory_cache import ShopDirectoryCache, read_shop_directory
from bridge.store.upsert import upsert, upsert_rows
from bridge.store.value_lists import bind_values, match_shop_values

SELECT_WRAPPED_KEY = select(data_keys.c.wrapped).where(data_keys.c.id == bindparam("of"))
WRAPPED_KEY_AAD = "data_keys|{id}|wrapped"
SHOP_NAME_KEY = ("domain", "number")
MAX_ANSWERS = 1000  # that a transaction keeps: one that reads very many persons must not grow
T = TypeVar("T")


@cache
def _select_data_keys(dialect: str) -> Select[Any]:
    return (
        select(data_keys.c.id, data_keys.c.subject, data_keys.c.wrapped)
        .where(match_shop_values(dialect, data_keys, "subject"))
        .order_by(data_keys.c.subject)
        # a worker that destroys a key waits for the transactions that seal with it
        .with_for_update(read=True, key_share=True)
    )


@dataclass(frozen=True, slots=True)
class DataKey:
    """One data subject's key: what it sealed cannot be read once its row is destroyed."""

    id: str
    key: bytes


@dataclass(slots=True)
class Session:
    """The resources of one transaction."""

    connection: Connection
    keyring: Keyring
    now: Callable[[], datetime]
    lease_s: float
    shop_cache: ShopDirectoryCache
    sees_one_state: bool = False  # it only reads, and what others commit meanwhile is not seen
    last_fact: Event | None = None  # that this transaction appended to the chain
    _key_cache: dict[str, bytes | None] = field(default_factory=dict)
    _shops: ShopDirectory | None = None
    _has_saved_shop_name: bool = False
    _answers: dict[Hashable, Any] = field(default_factory=dict)

    def ask_once(self, question: Hashable, ask: Callable[[], T]) -> T:
        """Return what `ask` gives; where the transaction sees one state, each question is asked once."""
        if not self.sees_one_state:
            return ask()
        if question not in self._answers:
            if len(self._answers) >= MAX_ANSWERS:
                self._answers.clear()
            self._answers[question] = ask()
        answer: T = self._answers[question]
        return answer

    @property
    def shops(self) -> ShopDirectory:
        """Return the names of all shops, as this transaction has them."""
        if self._shops is None:
            read = read_shop_directory if self._has_saved_shop_name else self.shop_cache.read_directory
            self._shops = read(self.connection)
        return self._shops

    def save_shop_name(self, name: ShopName) -> None:
        """Store a name of a shop; one without a number that becomes known is replaced."""
        row = {field: getattr(name, field) for field in ShopName.__slots__}
        unnumbered = (shop_names.c.domain == name.domain, shop_names.c.number == "")
        self.connection.execute(delete(shop_names).where(*unnumbered))
        changes = [field for field in row if field not in SHOP_NAME_KEY]
        self.connection.execute(upsert(self.connection, shop_names, SHOP_NAME_KEY, changes), row)
        self._shops, self._has_saved_shop_name = None, True

    def lock_shop(self, shop: str) -> None:
        """Take the shop's advisory lock until commit. Call before any other lock.

        Without it, a batch of webhooks that read before an erasure could write after it and restore the data subject. SQLite
        has one writer anyway.
        """
        if self.connection.dialect.name == "postgresql":
            for key in sorted(self.shops.list_keys(shop)):
                self.connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"index|{key}"))))

    def get_or_create_data_key(self, shop: str, subject: str) -> DataKey:
        """Return the key of this subject at this shop, made on first use."""
        return self.get_or_create_data_keys(shop, [subject])[subject]

    def get_or_create_data_keys(self, shop: str, subjects: Iterable[str]) -> dict[str, DataKey]:
        """Return the keys of several subjects; the missing ones are made in one statement."""
        wanted = sorted(set(subjects))  # in one order for all workers, or two could deadlock
        found = self._read_data_keys(shop, wanted)
        while missing := [subject for subject in wanted if subject not in found]:
            made = {subject: DataKey(new_id("key"), secrets.token_bytes(32)) for subject in missing}
            if upsert_rows(self.connection, data_keys, self._build_key_rows(shop, made)) == len(made):
                found |= made
            else:  # another worker inserted first: its key is used, unless it was destroyed since
                found |= self._read_data_keys(shop, missing)
        self._key_cache |= {key.id: key.key for key in found.values()}
        return found

    def _build_key_rows(self, shop: str, keys: Mapping[str, DataKey]) -> list[dict[str, Any]]:
        seal, now = self.keyring.build_sealer(), self.now()
        return [
            {
                "id": key.id,
                "shop": shop,
                "subject": subject,
                "wrapped": seal(key.key, WRAPPED_KEY_AAD.format(id=key.id)),
                "created_at": now,
            }
            for subject, key in keys.items()
        ]

    def _read_data_keys(self, shop: str, subjects: list[str]) -> dict[str, DataKey]:
        given = {"at": shop, "those": bind_values(self.connection, subjects)}
        rows = self.connection.execute(_select_data_keys(self.connection.dialect.name), given)
        return {row.subject: DataKey(row.id, self._unwrap_key(row.id, row.wrapped)) for row in rows.all()}

    def find_data_key(self, key_id: str) -> bytes | None:
        """Return a data key by id; None where it was destroyed."""
        if key_id not in self._key_cache:
            self.take_data_key(key_id, self.connection.scalar(SELECT_WRAPPED_KEY, {"of": key_id}))
        return self._key_cache[key_id]

    def take_data_key(self, key_id: str, wrapped: bytes | None) -> None:
        """Keep a data key that was read together with what it seals; `wrapped` is None where it was destroyed."""
        self._key_cache[key_id] = None if wrapped is None else self._unwrap_key(key_id, wrapped)

    def _unwrap_key(self, key_id: str, wrapped: bytes) -> bytes:
        return self.keyring.open(wrapped, WRAPPED_KEY_AAD.format(id=key_id))

    def open(self, sealed: bytes, aad: str) -> bytes:
        """Open what the keyring or a data key sealed."""
        return self.keyring.open(sealed, aad, find_data_key=self.find_data_key)

    def destroy_unused_keys(self, shop: str, key_ids: Iterable[str]) -> int:
        """Destroy those of these data keys that seal no stored row. Return how many.

        It waits for workers that seal with one of them, and only then looks whether the key is used.
        """
        unused = [~exists().where(table.c.data_key_id == data_keys.c.id) for table in (orders, parcels)] + [
            ~exists().where(requests.c.data_key_id == data_keys.c.id, requests.c.principal.is_not(None))
        ]
        # by id first: without counts of its rows SQLite would read all keys of the shop
        named = (data_keys.c.id.in_(list(key_ids)), data_keys.c.shop.concat("") == shop)
        locked = select(data_keys.c.id).where(*named).order_by(data_keys.c.subject).with_for_update()
        self.connection.execute(locked).all()
        destroyed = self.connection.execute(delete(data_keys).where(*named, *unused)).rowcount
        if destroyed:
            self.mark_remnants()
        return destroyed

    def mark_remnants(self, request_id: str = "") -> None:
        """Record that this transaction destroys keys or sealed values: the database's files hold their bytes for a while.

        `request_id` is the request that it is done for, '' where there is none. `remnants` overwrites and forgets. What
        overwrites the remnants of this transaction overwrites those of the request's earlier ones: one row says both.
        """
        destroyed_at = self.now()
        if request_id:
            earlier = (remnants.c.request_id == request_id, remnants.c.overwritten == "")
            known = self.connection.scalars(delete(remnants).where(*earlier).returning(remnants.c.destroyed_at))
            destroyed_at = min([*known, destroyed_at])
        row = {"id": new_id("rmn"), "request_id": request_id, "destroyed_at": destroyed_at, "overwritten": ""}
        number = func.txid_current() if self.connection.dialect.name == "postgresql" else None
        self.connection.execute(insert(remnants).values(**row, transaction_id=number))
