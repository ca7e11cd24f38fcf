"""Which erasures of a person there were, as suppression keys tell of them. Reads only; nobody's name is needed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import and_, or_, select

from bridge.model import ErasureRecord, Principal, RequestKind
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.schema.tables import requests, suppressions


class ErasureLookup(PersonLookup):
    """The part of `ports.Index` that remembers erasures."""

    def list_prior_erasures(self, shop: str, principal: Principal) -> Sequence[ErasureRecord]:
        """See ports.Index.

        A later erasure takes over the keys of her id and e-mail, so earlier ones are found by whom they were for;
        of these an erasure without orders is left out: so looks that of an id that was merged away.
        """
        email = self.pseudonym(shop, "email", principal.email)
        customer = self.follow_merges(shop, self.pseudonym(shop, "customer", principal.customer_id))
        if not customer and email:
            customer = self._find_sole_customer_by(shop, "email", email)
        hers = {field: key for field, key in (("customer", customer), ("email", email)) if key}
        if not hers:
            return []
        keys = (and_(suppressions.c.field == field, suppressions.c.key == key) for field, key in hers.items())
        named = select(suppressions.c.request_id).where(suppressions.c.shop == shop, or_(*keys))
        asked = select(requests.c.id).where(
            requests.c.shop == shop,
            requests.c.kind == RequestKind.ERASURE,
            requests.c.subject.in_(hers.values()),
        )
        by_key = set(self._connection.scalars(named))
        told = self._read_erasures(shop, by_key.union(self._connection.scalars(asked)))
        return [one for one in told if one.request_id in by_key or one.order_keys]

    def _read_erasures(self, shop: str, request_ids: Collection[str]) -> list[ErasureRecord]:
        if not request_ids:
            return []
        rows = self._connection.execute(
            select(suppressions)
            .where(suppressions.c.shop == shop, suppressions.c.request_id.in_(request_ids))
            .order_by(suppressions.c.erased_at.desc(), suppressions.c.request_id, suppressions.c.key)
        ).all()
        found: dict[str, list[Any]] = {}
        for row in rows:
            found.setdefault(row.request_id, []).append(row)
        return [
            ErasureRecord(
                request_id=request_id,
                erased_at=its[0].erased_at,
                order_keys=tuple(row.key for row in its if row.field == "order"),
            )
            for request_id, its in found.items()
        ]
