"""Takes back suppression keys where an erased customer turns out to have been merged into another.

Shopify sends `customers/redact` for the customer that a merge removes. Where it came long before `customers/merge`, the
orders of the customer that remains were erased and suppressed with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import and_, delete, select

from bridge.model import Destruction
from bridge.rules.notices.timing import FINAL_PARCEL_STATUSES
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.retention.deletions import DELETION_KIND_SUPPRESSION, record_deletions
from bridge.store.schema.index_tables import suppressions
from bridge.store.schema.notice_tables import notice_items
from bridge.store.session import Session


class SuppressionReleaser:
    """Deletes suppression keys that a merge shows to be another customer's."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._lookup = PersonLookup(session)

    def release_suppressions(self, shop: str, deleted_id: str, kept_id: str) -> Mapping[str, list[str]]:
        """Take back what the erasure of a merged customer suppressed but the customer id itself.

        Orders whose parcels have all arrived stay suppressed: nothing more is reported of them. Return the pseudonyms of
        the orders that are learned again, by the request that erased them; empty where the merge was known before or the
        customer that remains was erased too.
        """
        self._session.lock_shop(shop)
        released: dict[str, list[str]] = {}
        for key in self._session.shops.list_keys(shop):
            for row in self._select_merged_suppressions(key, deleted_id, kept_id):
                orders = released.setdefault(row.request_id, [])
                if row.field == "order":
                    orders.append(row.key)
        return released

    def _select_merged_suppressions(self, shop: str, deleted_id: str, kept_id: str) -> list[Any]:
        """Delete and return the keys to take back under one key of the shop."""
        deleted, kept = (self._lookup.pseudonym(shop, "customer", number) for number in (deleted_id, kept_id))
        if not deleted or not kept or self._lookup.follow_merges(shop, deleted) != deleted:
            return []
        remaining = self._lookup.follow_merges(shop, kept)
        erasures = {row.key: row.request_id for row in self._read(shop, "customer", [deleted, remaining])}
        if deleted not in erasures or remaining in erasures:
            return []
        of_request = and_(suppressions.c.shop == shop, suppressions.c.request_id == erasures[deleted])
        rows = self._connection.execute(select(suppressions).where(of_request, suppressions.c.key != deleted)).all()
        settled = self._find_settled_orders([row.key for row in rows if row.field == "order"])
        rows = [row for row in rows if row.key not in settled]
        keys = [row.key for row in rows]
        self._connection.execute(delete(suppressions).where(of_request, suppressions.c.key.in_(keys)))
        now = self._session.now()
        kind = DELETION_KIND_SUPPRESSION
        record_deletions(self._connection, [Destruction(kind=kind, ref=one, shop=shop, at=now) for one in keys])
        return rows

    def _read(self, shop: str, field: str, keys: Iterable[str]) -> list[Any]:
        named = (suppressions.c.shop == shop, suppressions.c.field == field, suppressions.c.key.in_(list(keys)))
        return list(self._connection.execute(select(suppressions).where(*named)))

    def _find_settled_orders(self, order_keys: list[str]) -> set[str]:
        """Return those of these orders that had parcels, all of which have arrived."""
        columns = (notice_items.c.order_key, notice_items.c.status)
        rows = self._connection.execute(select(*columns).where(notice_items.c.order_key.in_(order_keys))).all()
        moving = {row.order_key for row in rows if row.status not in FINAL_PARCEL_STATUSES}
        return {row.order_key for row in rows} - moving
