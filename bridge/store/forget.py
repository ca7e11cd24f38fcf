"""How the index forgets a person. Row by row, then read again; never a person half gone.

What stays of a person: suppression keys (keyed HMAC) that keep late deliveries from bringing her back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.errors import KeyMissing, NeedsOperator, PayloadInvalid, SealBroken
from bridge.model import DeliveryState, Principal, RequestState
from bridge.rules import minimise, payload
from bridge.store.inbox import InboxRows
from bridge.store.tables import (
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
from bridge.store.who import Who


class Forgetting(Who):
    """The part of `ports.Index` that erases a person."""

    def held(
        self, shop: str, who: Principal, *, request_id: str, spare: Collection[str] = ()
    ) -> Mapping[str, int]:
        """See ports.Index. The deed itself, taken back: a plan that is made another way would miss something."""
        with self._connection.begin_nested() as taken_back:
            removed = self.erase(shop, who, request_id=request_id, spare=spare)
            taken_back.rollback()
        return removed

    def erase(
        self, shop: str, who: Principal, *, request_id: str, spare: Collection[str] = ()
    ) -> Mapping[str, int]:
        """See ports.Index. Raises NeedsOperator where a re-read still finds something."""
        self._session.alone(shop)
        keys = self.keys(shop, who)
        merged = bool(keys["customer"]) and self.kept(shop, keys["customer"]) != keys["customer"]
        removed: dict[str, int] = {"merged_into_another": int(merged)}
        if merged:  # the id is dead, the person is not: her orders belong to the customer that was kept
            keys = {"customer": keys["customer"], "email": "", "phone": ""}
            mine: list[Any] = []
        else:
            keys["customer"] = keys["customer"] or self.alone_named(shop, keys)
            stays = {self.pseudonym(shop, "order", number) for number in spare}
            mine = [row for row in self.orders_of(shop, who) if row.order_key not in stays]
        order_keys = [row.order_key for row in mine]
        key_ids = {row.data_key_id for row in mine} | self._key_ids(shop, keys, order_keys)
        of_orders = {orders: order_keys, parcels: order_keys}
        for table, wanted in of_orders.items():
            removed[table.name] = self._delete_in(table, shop, "order_key", wanted)
        removed["customers"] = self._delete_in(customers, shop, "customer_key", [keys["customer"]])
        if not merged and keys["email"]:
            removed["customers"] += self._delete_in(customers, shop, "email_key", [keys["email"]])
        removed |= {} if merged else self._forget_requests(shop, who, request_id)
        listed = [] if merged else self._nobody_elses(shop, who.order_ids)
        removed["deliveries"] = 0 if merged else self._wipe_bodies(shop, keys, set(order_keys) | set(listed))
        self._suppress(shop, keys, [*order_keys, *listed], request_id)
        self._session.destroy_unused_keys(shop, key_ids)
        left = self._left(shop, keys, order_keys)
        if left:
            raise NeedsOperator(f"{left} rows of an erased person are still there")
        return {name: count for name, count in removed.items() if count}

    def _delete_in(self, table: Any, shop: str, column: str, wanted: Iterable[str]) -> int:
        keys = [key for key in wanted if key]
        if not keys:
            return 0
        mine = and_(table.c.shop == shop, table.c[column].in_(keys))
        return int(self._connection.execute(delete(table).where(mine)).rowcount)

    def _key_ids(self, shop: str, keys: Mapping[str, str], order_keys: Sequence[str]) -> set[str]:
        """Data keys of her parcels, and those that were made for her under an earlier name."""
        parcel_keys = select(parcels.c.data_key_id).where(
            parcels.c.shop == shop, parcels.c.order_key.in_(order_keys)
        )
        subjects = [key for key in (*keys.values(), *order_keys) if key]
        own = select(data_keys.c.id).where(data_keys.c.shop == shop, data_keys.c.subject.in_(subjects))
        return {*self._connection.scalars(parcel_keys), *self._connection.scalars(own)}

    def _nobody_elses(self, shop: str, numbers: Iterable[str]) -> list[str]:
        """Listed orders once hers are gone: what is still there belongs to another customer and stays."""
        listed = [self.pseudonym(shop, "order", number) for number in numbers]
        others = select(orders.c.order_key).where(orders.c.shop == shop, orders.c.order_key.in_(listed))
        kept = set(self._connection.scalars(others))
        return [key for key in listed if key not in kept]

    def _forget_requests(self, shop: str, who: Principal, request_id: str) -> dict[str, int]:
        """Earlier requests of the same person keep their record, and lose what they held of her."""
        subject = self.subject(shop, who)
        earlier = and_(
            requests.c.shop == shop,
            requests.c.subject == subject,
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

    def _wipe_bodies(self, shop: str, keys: Mapping[str, str], order_keys: set[str]) -> int:
        """Bodies that rest because they failed or were rejected may hold her too."""
        rows = self._connection.execute(
            select(deliveries).where(
                deliveries.c.shop.in_([shop, ""]),  # a malformed shop header is kept under none
                deliveries.c.body.is_not(None),
                deliveries.c.state.in_([DeliveryState.FAILED, DeliveryState.REJECTED]),
            )
        ).all()
        reader = InboxRows(self._session)
        hers = [row.id for row in rows if self._tells_of(reader, row, shop, keys, order_keys)]
        if hers:
            self._connection.execute(
                update(deliveries)
                .where(deliveries.c.id.in_(hers))
                .values(body=None, state=DeliveryState.REJECTED, reason="person_erased")
            )
        return len(hers)

    def _tells_of(
        self, reader: InboxRows, row: Any, shop: str, keys: Mapping[str, str], order_keys: set[str]
    ) -> bool:
        """An unreadable body cannot be shown not to be hers: it goes too."""
        try:
            body = payload.parse(reader.opened(row).raw)
        except (PayloadInvalid, SealBroken, KeyMissing):
            return True
        customer = body.get("customer")
        seen = [minimise.learn(row.topic, body)]
        if isinstance(customer, Mapping):
            seen.append(minimise.learn("customers/update", customer))
        return any(
            ((theirs := self.keys(shop, sighting)) and any(keys[f] and keys[f] == theirs[f] for f in keys))
            or self.pseudonym(shop, "order", sighting.order_id) in order_keys
            for sighting in seen
        )

    def _suppress(
        self, shop: str, keys: Mapping[str, str], order_keys: Sequence[str], request_id: str
    ) -> None:
        now = self._session.now()
        named = {*keys.items(), *(("order", key) for key in order_keys)}
        rows = [
            {"shop": shop, "field": field, "key": key, "erased_at": now, "request_id": request_id}
            for field, key in sorted(named)
            if key
        ]
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(suppressions)
        again = {name: statement.excluded[name] for name in ("erased_at", "request_id")}
        if rows:
            self._connection.execute(
                statement.on_conflict_do_update(index_elements=["shop", "field", "key"], set_=again), rows
            )

    def _left(self, shop: str, keys: Mapping[str, str], order_keys: Sequence[str]) -> int:
        """Rows that a fresh look still finds."""
        looks = [
            (customers, customers.c.customer_key == keys["customer"]),
            (orders, orders.c.order_key.in_(order_keys)),
            (parcels, parcels.c.order_key.in_(order_keys)),
        ]
        if keys["email"]:
            looks.append((customers, customers.c.email_key == keys["email"]))
        return sum(
            self._connection.scalar(
                select(func.count()).select_from(table).where(table.c.shop == shop, found)
            )
            for table, found in looks
        )
