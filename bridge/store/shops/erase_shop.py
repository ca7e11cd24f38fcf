"""How the index forgets a shop: table by table, then every table is read again.

What stays: the record of its requests without the persons, receipts of `shop/redact`, evidence. What statutory
holds keep goes only where that is asked for; sealed documents are `store/endings`' part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update

from bridge.errors import NeedsOperator
from bridge.model import Destruction, RequestState
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.retention.deletions import DELETION_KIND_SHOP, record_deletions
from bridge.store.schema.retention_tables import legal_holds, plans, refund_accounts, reviews
from bridge.store.schema.tables import (
    customers,
    data_keys,
    deliveries,
    findings,
    merges,
    notice_accounts,
    notice_items,
    notice_links,
    notices,
    orders,
    packages,
    parcels,
    requests,
    suppressions,
    tasks,
    tokens,
)

SHOP_TABLES = (
    customers,
    merges,
    orders,
    parcels,
    suppressions,
    data_keys,
    tokens,
    notice_items,
    notices,
    notice_accounts,
)
IS_NOT_RECEIPT = deliveries.c.topic != "shop/redact"
HAS_BODY = and_(deliveries.c.body.is_not(None), IS_NOT_RECEIPT)
SETTLED_DELIVERIES = "settled_deliveries"  # rows whose body is gone: when which topic came, and nothing else


class ShopEraser(PersonLookup):
    """The part of `ports.Index` that erases a shop."""

    def erase_shop(
        self, shop: str, *, request_id: str, include_held_records: bool = False
    ) -> Mapping[str, int]:
        """See ports.Index. Needs no token. Raises NeedsOperator where a re-read still finds something."""
        self._session.lock_shop(shop)
        gone_now = Destruction(kind=DELETION_KIND_SHOP, ref=request_id, shop=shop, at=self._session.now())
        record_deletions(self._session.connection, [gone_now])
        removed: dict[str, int] = {}
        ids = select(requests.c.id).where(requests.c.shop == shop)
        others = and_(requests.c.shop == shop, requests.c.id != request_id)
        other_ids = select(requests.c.id).where(others)
        for table in (findings, packages):
            removed[table.name] = self._connection.execute(
                delete(table).where(table.c.request_id.in_(ids))
            ).rowcount
        removed["requests"] = self._clear_other_requests(others)
        forgotten = {"cursor": None, "gaps": "[]"}
        self._connection.execute(update(tasks).where(tasks.c.request_id.in_(other_ids)).values(**forgotten))
        self._connection.execute(update(requests).where(requests.c.id == request_id).values(principal=None))
        letters = select(notices.c.id).where(notices.c.shop == shop)
        self._connection.execute(delete(notice_links).where(notice_links.c.notice_id.in_(letters)))
        mine = deliveries.c.shop == shop
        gone: list[tuple[str, Any, Any]] = [
            (deliveries.name, deliveries, and_(mine, deliveries.c.body.is_not(None))),
            (SETTLED_DELIVERIES, deliveries, and_(mine, IS_NOT_RECEIPT)),
            *((table.name, table, table.c.shop == shop) for table in SHOP_TABLES),
        ]
        if include_held_records:
            own = and_(reviews.c.shop == shop, reviews.c.request_id != request_id)
            gone += [(table.name, table, table.c.shop == shop) for table in (legal_holds, refund_accounts)]
            gone += [
                (reviews.name, reviews, own),
                (plans.name, plans, plans.c.request_id.in_(other_ids)),
            ]
        for name, table, where in gone:
            removed[name] = self._connection.execute(delete(table).where(where)).rowcount
        for _, table, where in gone:
            if self._connection.scalar(select(func.count()).select_from(table).where(where)):
                raise NeedsOperator(f"rows of an erased shop are still in {table.name}")
        return {name: count for name, count in removed.items() if count}

    def _clear_other_requests(self, others: Any) -> int:
        """The shop's other requests end; they keep their record without the person."""
        telling = or_(requests.c.principal.is_not(None), requests.c.state != RequestState.DONE)
        ended = {
            "principal": None,
            "state": RequestState.DONE,
            "active_key": None,
            "wake_at": None,
            "closed_at": func.coalesce(requests.c.closed_at, self._session.now()),
            "fence": requests.c.fence + 1,
            "lease_until": None,
            "last_error": "shop_erased",
        }
        return self._connection.execute(update(requests).where(others, telling).values(**ended)).rowcount
