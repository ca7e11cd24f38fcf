"""How the index forgets a person. Row by row, then read again; never a person half gone.

What stays of a person: suppression keys (keyed HMAC) that keep late deliveries from bringing her back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, select, update

from bridge.errors import KeyMissing, NeedsOperator, PayloadInvalid, SealBroken
from bridge.model import DeliveryState, Principal, RequestState, Tombstone
from bridge.rules.erasure.plan import CUSTOMER_MERGED_AWAY
from bridge.rules.index import minimise
from bridge.rules.webhooks import payload
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.schema.tables import (
    customers,
    data_keys,
    deliveries,
    findings,
    orders,
    packages,
    parcels,
    requests,
    suppressions,
)
from bridge.store.upsert import upsert
from bridge.store.webhooks.inbox import InboxRows

LOOKUP_FIELDS = ("customer", "email")  # a phone alone is nobody's: families and offices share one
PersonKeys = AbstractSet[tuple[str, str]]


class PersonEraser(PersonLookup):
    """The part of `ports.Index` that erases a person."""

    def lock_shop(self, shop: str) -> None:
        """See ports.Index."""
        self._session.lock_shop(shop)

    def preview_erasure(
        self, shop: str, principal: Principal, *, request_id: str, excluded_order_ids: Collection[str] = ()
    ) -> Mapping[str, int]:
        """See ports.Index. The deed itself, taken back: a plan that is made another way would miss something."""
        self.lock_shop(shop)  # before the savepoint: with it the turn would be given back, too
        with self._connection.begin_nested() as taken_back:
            removed = self.erase_person(
                shop, principal, request_id=request_id, excluded_order_ids=excluded_order_ids
            )
            taken_back.rollback()
        return removed

    def erase_person(
        self, shop: str, principal: Principal, *, request_id: str, excluded_order_ids: Collection[str] = ()
    ) -> Mapping[str, int]:
        """See ports.Index. Raises NeedsOperator where a re-read still finds something."""
        self._session.lock_shop(shop)
        keys = self.derive_person_keys(shop, principal)
        merged = self.is_merged(shop, principal)
        removed: dict[str, int] = {CUSTOMER_MERGED_AWAY: int(merged)}
        if merged:  # the id is dead, the person is not: her orders belong to the customer that was kept
            keys = {"customer": keys["customer"], "email": "", "phone": ""}
            mine: list[Any] = []
        else:
            keys["customer"] = keys["customer"] or self.find_sole_customer(shop, keys)
            stays = {self.pseudonym(shop, "order", number) for number in excluded_order_ids}
            mine = [row for row in self.list_order_rows(shop, principal) if row.order_key not in stays]
        named = {(field, key) for field, key in keys.items() if key}
        hers = [row.order_key for row in mine]
        key_ids = {row.data_key_id for row in mine} | self._find_data_key_ids(shop, named, hers)
        removed |= self._delete_person_rows(shop, named, hers)
        removed |= (
            {}
            if merged
            else self._clear_prior_requests(shop, [self.find_subject(shop, principal)], request_id)
        )
        listed = [] if merged else self._filter_unowned_orders(shop, principal.order_ids)
        removed["deliveries"] = 0 if merged else self._destroy_webhook_bodies(shop, named, {*hers, *listed})
        now = self._session.now()
        self._upsert_suppressions(
            Tombstone(shop=shop, field=field, key=key, erased_at=now, request_id=request_id)
            for field, key in sorted({*named, *(("order", key) for key in (*hers, *listed))})
        )
        self._destroy_keys_and_verify(shop, named, hers, key_ids)
        return {name: count for name, count in removed.items() if count}

    def _delete_person_rows(
        self, shop: str, person_keys: PersonKeys, order_keys: Sequence[str]
    ) -> dict[str, int]:
        """Remove the rows of a person and of these orders."""
        removed = {
            table.name: self._delete_rows_by_key(table, shop, "order_key", order_keys)
            for table in (orders, parcels)
        }
        removed["customers"] = sum(
            self._delete_rows_by_key(customers, shop, f"{field}_key", [key])
            for field, key in sorted(person_keys)
            if field in LOOKUP_FIELDS
        )
        return removed

    def _destroy_keys_and_verify(
        self, shop: str, person_keys: PersonKeys, order_keys: Sequence[str], key_ids: set[str]
    ) -> None:
        """Destroy data keys that seal nothing any more, and look again at what was removed."""
        self._session.destroy_unused_keys(shop, key_ids)
        left = self._count_remaining_rows(shop, person_keys, order_keys)
        if left:
            raise NeedsOperator(f"{left} rows of an erased person are still there")

    def _delete_rows_by_key(self, table: Any, shop: str, column: str, candidate_keys: Iterable[str]) -> int:
        keys = [key for key in candidate_keys if key]
        if not keys:
            return 0
        mine = and_(table.c.shop == shop, table.c[column].in_(keys))
        return int(self._connection.execute(delete(table).where(mine)).rowcount)

    def _find_data_key_ids(self, shop: str, person_keys: PersonKeys, order_keys: Sequence[str]) -> set[str]:
        """Data keys of her parcels, and those that were made for her under an earlier name."""
        parcel_keys = select(parcels.c.data_key_id).where(
            parcels.c.shop == shop, parcels.c.order_key.in_(order_keys)
        )
        subjects = [*(key for _, key in person_keys), *order_keys]
        own = select(data_keys.c.id).where(data_keys.c.shop == shop, data_keys.c.subject.in_(subjects))
        return {*self._connection.scalars(parcel_keys), *self._connection.scalars(own)}

    def _filter_unowned_orders(self, shop: str, order_ids: Iterable[str]) -> list[str]:
        """Listed orders once hers are gone: what is still there belongs to another customer and stays."""
        listed = [self.pseudonym(shop, "order", number) for number in order_ids]
        others = select(orders.c.order_key).where(orders.c.shop == shop, orders.c.order_key.in_(listed))
        kept = set(self._connection.scalars(others))
        return [key for key in listed if key not in kept]

    def _clear_prior_requests(self, shop: str, subjects: Sequence[str], request_id: str) -> dict[str, int]:
        """Earlier requests of the same person keep their record, and lose what they held of her."""
        earlier = and_(
            requests.c.shop == shop,
            requests.c.subject.in_(subjects),
            requests.c.subject != "",
            requests.c.id != request_id,
            requests.c.closed_at.is_not(None),
        )
        ids = list(self._connection.scalars(select(requests.c.id).where(earlier)))
        removed = {
            table.name: int(
                self._connection.execute(delete(table).where(table.c.request_id.in_(ids))).rowcount
            )
            for table in (findings, packages)
        }
        self._connection.execute(
            update(requests)
            .where(requests.c.id.in_(ids))
            .values(principal=None, state=RequestState.DONE, active_key=None, wake_at=None)
        )
        return removed

    def _destroy_webhook_bodies(self, shop: str, person_keys: PersonKeys, order_keys: set[str]) -> int:
        """Bodies that rest because they failed or were rejected may hold her too."""
        rows = self._connection.execute(
            select(deliveries).where(
                deliveries.c.shop.in_([shop, ""]),  # a malformed shop header is kept under none
                deliveries.c.body.is_not(None),
                deliveries.c.state.in_([DeliveryState.FAILED, DeliveryState.REJECTED]),
            )
        ).all()
        reader = InboxRows(self._session)
        hers = [row.id for row in rows if self._mentions_person(reader, row, shop, person_keys, order_keys)]
        if hers:
            self._connection.execute(
                update(deliveries)
                .where(deliveries.c.id.in_(hers))
                .values(body=None, state=DeliveryState.REJECTED, reason="person_erased")
            )
        return len(hers)

    def _mentions_person(
        self, reader: InboxRows, row: Any, shop: str, person_keys: PersonKeys, order_keys: set[str]
    ) -> bool:
        """An unreadable body cannot be shown not to be hers: it goes too."""
        try:
            body = payload.parse_json_object(reader.open_delivery(row).raw)
        except (PayloadInvalid, SealBroken, KeyMissing):
            return True
        customer = body.get("customer")
        seen = [minimise.extract_sighting(row.topic, body)]
        if isinstance(customer, Mapping):
            seen.append(minimise.extract_sighting("customers/update", customer))
        return any(
            not person_keys.isdisjoint(self.derive_person_keys(shop, sighting).items())
            or self.pseudonym(shop, "order", sighting.order_id) in order_keys
            for sighting in seen
        )

    def _upsert_suppressions(
        self, tombstones: Iterable[Tombstone], *, ledger_at: datetime | None = None
    ) -> None:
        """Keep these keys, newer than before; `ledger_at` None: the ledger outside the backup is still to be told."""
        rows = [
            {name: getattr(one, name) for name in Tombstone.__slots__} | {"ledger_at": ledger_at}
            for one in tombstones
        ]
        if rows:
            key, changes = ("shop", "field", "key"), ("erased_at", "request_id", "ledger_at")
            statement = upsert(self._connection, suppressions, key, changes, where=_is_erased_later)
            self._connection.execute(statement, rows)

    def _count_remaining_rows(self, shop: str, person_keys: PersonKeys, order_keys: Sequence[str]) -> int:
        """Rows that a fresh look still finds."""
        looks: list[Any] = [(table, table.c.order_key.in_(order_keys)) for table in (orders, parcels)]
        looks += [
            (customers, customers.c[f"{field}_key"] == key)
            for field, key in person_keys
            if field in LOOKUP_FIELDS
        ]
        return sum(
            self._connection.scalar(
                select(func.count()).select_from(table).where(table.c.shop == shop, found)
            )
            for table, found in looks
        )


def _is_erased_later(stored: Any, given: Any) -> Any:
    return given.erased_at >= stored.erased_at
