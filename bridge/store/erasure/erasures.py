"""Finds earlier erasures by their suppression keys, which name nobody. It only reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import and_, or_, select

from bridge.model import ErasureRecord, Principal, RequestKind
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.schema.index_tables import suppressions
from bridge.store.schema.tables import requests
from bridge.store.session import Session


class ErasureLookup:
    """Erasures that were done."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._person_lookup = PersonLookup(session)

    def find_erasing_request(self, shop: str, order_id: str) -> str:
        """Return the request that erased the data subject of this order; '' where none did."""
        shop_keys = self._session.shops.list_keys(shop)
        keys = [self._person_lookup.pseudonym(key, "order", order_id) for key in shop_keys]
        of_order = (suppressions.c.shop.in_(shop_keys), suppressions.c.field == "order", suppressions.c.key.in_(keys))
        return self._connection.scalar(select(suppressions.c.request_id).where(*of_order).limit(1)) or ""

    def list_prior_erasures(self, shop: str, principal: Principal) -> Sequence[ErasureRecord]:
        """Return earlier erasures of this data subject, newest first: by customer id and e-mail, never by phone alone.

        A later erasure overwrites the suppression keys of customer id and e-mail, so earlier ones are found by the
        subject of their request. Of these, an erasure without orders is left out: the erasure of a customer id that
        was merged away looks the same.
        """
        found: dict[str, ErasureRecord] = {}
        for key in self._session.shops.list_keys(shop):
            for erasure in self._list_prior_erasures_at(key, principal):
                known = found.get(erasure.request_id, erasure)
                order_keys = tuple(dict.fromkeys((*known.order_keys, *erasure.order_keys)))
                # one erasure under several keys of the shop: the same values, so the most under one of them
                key_counts = Counter(known.key_counts) | Counter(erasure.key_counts)
                found[erasure.request_id] = replace(known, order_keys=order_keys, key_counts=key_counts)
        return sorted(found.values(), key=lambda erasure: erasure.erased_at, reverse=True)

    def _list_prior_erasures_at(self, shop: str, principal: Principal) -> Sequence[ErasureRecord]:
        """Return those under one key of the shop."""
        lookup = self._person_lookup
        emails = lookup.derive_search_keys(shop, principal)["email"]
        numbers = (lookup.pseudonym(shop, "customer", number) for number in principal.customer_ids)
        found = [lookup.follow_merges(shop, key) for key in numbers if key]
        if not found and emails:
            found = [lookup.find_sole_customer_by(shop, "email", emails)]
        person_keys = {"customer": [customer for customer in found if customer], "email": emails}
        if not any(person_keys.values()):
            return []
        keys = (
            and_(suppressions.c.field == field, suppressions.c.key.in_(keys)) for field, keys in person_keys.items()
        )
        named = select(suppressions.c.request_id).where(suppressions.c.shop == shop, or_(*keys))
        requested = select(requests.c.id).where(
            requests.c.shop == shop,
            requests.c.kind == RequestKind.ERASURE,
            requests.c.subject.in_([*person_keys["customer"], *emails]),
        )
        by_key = set(self._connection.scalars(named))
        erasures = self._read_erasures(shop, by_key.union(self._connection.scalars(requested)))
        return [erasure for erasure in erasures if erasure.request_id in by_key or erasure.order_keys]

    def _read_erasures(self, shop: str, request_ids: Collection[str]) -> list[ErasureRecord]:
        if not request_ids:
            return []
        rows = select(suppressions).where(suppressions.c.shop == shop, suppressions.c.request_id.in_(request_ids))
        newest_first = (suppressions.c.erased_at.desc(), suppressions.c.request_id, suppressions.c.key)
        rows_by_request: dict[str, list[Any]] = {}
        for row in self._connection.execute(rows.order_by(*newest_first)).all():
            rows_by_request.setdefault(row.request_id, []).append(row)
        return [
            ErasureRecord(
                request_id=request_id,
                erased_at=its_rows[0].erased_at,
                order_keys=tuple(row.key for row in its_rows if row.field == "order"),
                key_counts=Counter(row.field for row in its_rows),
            )
            for request_id, its_rows in rows_by_request.items()
        ]
