"""Takes back suppression keys where an erased customer turns out to have been merged into another.

Shopify sends `customers/redact` for the customer that a merge removes. Where it came long before `customers/merge`, the
orders of the customer that remains were erased and suppressed with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, delete, exists, false, or_, select

from bridge.model import ORDER_FIELD, Destruction
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

    def release_suppressions(
        self, shop: str, deleted_id: str, kept_id: str, *, limit: int | None = None
    ) -> Mapping[str, list[str]]:
        """Take back what the erasure of a merged customer suppressed but the customer id itself; of orders at most `limit`.

        With a limit, only keys of orders: what else the erasure suppressed names the person, and goes with the last of it.
        Orders whose parcels have all arrived stay suppressed: nothing more is reported of them. Return the pseudonyms of
        the orders that are learned again, by the request that erased them; empty where the merge was known before or the
        customer that remains was erased too.
        """
        self._session.lock_shop(shop)
        released: dict[str, list[str]] = {}
        for key in self._session.shops.list_keys(shop):
            taken = sum(map(len, released.values()))
            for row in self._delete_merged_suppressions(key, deleted_id, kept_id, limit and limit - taken):
                orders = released.setdefault(row.request_id, [])
                if row.field == ORDER_FIELD:
                    orders.append(row.key)
        return released

    def has_more_orders(self, shop: str, deleted_id: str, kept_id: str, than: int) -> bool:
        """Return whether `release_suppressions` takes back more orders than so many under one key of the shop."""
        for key in self._session.shops.list_keys(shop):
            named = self._match_merged_suppressions(key, deleted_id, kept_id)
            rows = select(suppressions.c.key).where(named, suppressions.c.field == ORDER_FIELD)
            if self._connection.scalar(rows.offset(than).limit(1)) is not None:
                return True
        return False

    def _delete_merged_suppressions(self, shop: str, deleted_id: str, kept_id: str, limit: int | None) -> Sequence[Any]:
        """Delete and return keys to take back under one key of the shop."""
        rows = select(suppressions).where(self._match_merged_suppressions(shop, deleted_id, kept_id))
        if limit is not None:
            rows = rows.where(suppressions.c.field == ORDER_FIELD).limit(limit)
        found = self._connection.execute(rows).all()
        if not found:
            return found
        keys = [row.key for row in found]
        of_request = suppressions.c.request_id.in_({row.request_id for row in found})
        named = (suppressions.c.shop == shop, of_request, suppressions.c.key.in_(keys))
        self._connection.execute(delete(suppressions).where(*named))
        now = self._session.now()
        kind = DELETION_KIND_SUPPRESSION
        record_deletions(self._connection, [Destruction(kind=kind, ref=one, shop=shop, at=now) for one in keys])
        return found

    def _match_merged_suppressions(self, shop: str, deleted_id: str, kept_id: str) -> Any:
        """Return the condition for the keys to take back under one key of the shop."""
        deleted, kept = (self._lookup.pseudonym(shop, "customer", number) for number in (deleted_id, kept_id))
        if not deleted or not kept or self._lookup.follow_merges(shop, deleted) != deleted:
            return false()
        remaining = self._lookup.follow_merges(shop, kept)
        erasures = {row.key: row.request_id for row in self._read(shop, "customer", [deleted, remaining])}
        if deleted not in erasures or remaining in erasures:
            return false()
        of_request = and_(suppressions.c.shop == shop, suppressions.c.request_id == erasures[deleted])
        is_unsettled = or_(suppressions.c.field != ORDER_FIELD, ~self._match_settled_orders(shop))
        return and_(of_request, suppressions.c.key != deleted, is_unsettled)

    def _read(self, shop: str, field: str, keys: Iterable[str]) -> list[Any]:
        named = (suppressions.c.shop == shop, suppressions.c.field == field, suppressions.c.key.in_(list(keys)))
        return list(self._connection.execute(select(suppressions).where(*named)))

    def _match_settled_orders(self, shop: str) -> Any:
        """Return the condition for keys of orders that had parcels, all of which have arrived."""
        of_shop = notice_items.c.shop.in_(self._session.shops.list_keys(shop))
        of_order = exists().where(of_shop, notice_items.c.order_key == suppressions.c.key)
        return and_(of_order, ~of_order.where(notice_items.c.status.not_in(FINAL_PARCEL_STATUSES)))
