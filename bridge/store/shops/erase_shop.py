"""Erases a shop from the bridge's own tables, table by table, then reads every table again.

The record of its requests (without principals), receipts of `shop/redact` and evidence stay. Records under a statutory
hold are erased only where the caller asks for it. It never erases sealed documents: `shop_exits` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update

from bridge.errors import NeedsOperator
from bridge.model import Destruction, RequestState
from bridge.store.retention.deletions import DELETION_KIND_SHOP, record_deletions
from bridge.store.schema.index_tables import (
    contact_keys,
    customers,
    data_keys,
    merges,
    orders,
    parcels,
    reconciliations,
    suppressions,
)
from bridge.store.schema.notice_tables import notice_accounts, notice_items, notice_links, notices
from bridge.store.schema.retention_tables import legal_holds, plans, refund_accounts, reviews
from bridge.store.schema.tables import deliveries, findings, packages, requests, shop_turns, tasks, tokens
from bridge.store.session import Session

INDEX_TABLES = (customers, contact_keys, merges, orders, parcels, suppressions, data_keys)
SHOP_TABLES = (*INDEX_TABLES, reconciliations, notice_items, notices, notice_accounts, shop_turns)
IS_NOT_RECEIPT = deliveries.c.topic != "shop/redact"
HAS_BODY = and_(deliveries.c.body.is_not(None), IS_NOT_RECEIPT)
SETTLED_DELIVERIES = "settled_deliveries"  # rows without a body: which topic came when, and nothing else


def match_deliveries_of_shop(session: Session, shop: str) -> Any:
    """Return the condition for deliveries of a shop: under its domains, and under those that it had before others."""
    lost = session.shops.list_lost_domains(shop).items()
    return or_(
        deliveries.c.shop.in_(session.shops.list_domains(shop)),
        *(and_(deliveries.c.shop == domain, deliveries.c.received_at < lost_at) for domain, lost_at in lost),
    )


def build_shop_deletion_ref(request_id: str, number: int) -> str:
    """Return the id of one of the keys that a request erased, for the ledger: the first has the request's own."""
    return f"{request_id}.{number}" if number else request_id


class ShopEraser:
    """Deletes the rows of one shop."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def erase_shop(self, shop: str, *, request_id: str, include_held_records: bool = False) -> Mapping[str, int]:
        """Erase all of a shop but the record of its requests and its sealed documents. Return rows deleted per table.

        Under all keys and names of the shop.

        Legal holds, refund accounts, reviews and plans are erased only with `include_held_records`. Needs no token.
        Raises NeedsOperator where a second reading still finds a row.
        """
        self._session.lock_shop(shop)
        keys, now = self._session.shops.list_keys(shop), self._session.now()
        record_deletions(
            self._session.connection,
            (
                Destruction(kind=DELETION_KIND_SHOP, ref=build_shop_deletion_ref(request_id, number), shop=key, at=now)
                for number, key in enumerate(keys)
            ),
        )
        removed: dict[str, int] = {}
        is_of_shop = requests.c.shop.in_(keys)
        ids = select(requests.c.id).where(is_of_shop)
        others = and_(is_of_shop, requests.c.id != request_id)
        other_ids = select(requests.c.id).where(others)
        for table in (findings, packages):
            removed[table.name] = self._connection.execute(delete(table).where(table.c.request_id.in_(ids))).rowcount
        removed["requests"] = self._clear_other_requests(others)
        of_others = tasks.c.request_id.in_(other_ids)
        self._connection.execute(update(tasks).where(of_others).values(cursor=None, gaps="[]"))
        self._connection.execute(update(requests).where(requests.c.id == request_id).values(principal=None))
        notice_ids = select(notices.c.id).where(notices.c.shop.in_(keys))
        self._connection.execute(delete(notice_links).where(notice_links.c.notice_id.in_(notice_ids)))
        of_shop = match_deliveries_of_shop(self._session, shop)
        deletions: list[tuple[str, Any, Any]] = [
            (deliveries.name, deliveries, and_(of_shop, deliveries.c.body.is_not(None))),
            (SETTLED_DELIVERIES, deliveries, and_(of_shop, IS_NOT_RECEIPT)),
            *((table.name, table, table.c.shop.in_(keys)) for table in SHOP_TABLES),
            (tokens.name, tokens, tokens.c.shop.in_(self._session.shops.list_domains(shop))),
        ]
        if include_held_records:
            other_reviews = and_(reviews.c.shop.in_(keys), reviews.c.request_id != request_id)
            deletions += [
                *((table.name, table, table.c.shop.in_(keys)) for table in (legal_holds, refund_accounts)),
                (reviews.name, reviews, other_reviews),
                (plans.name, plans, plans.c.request_id.in_(other_ids)),
            ]
        for name, table, where in deletions:
            removed[name] = self._connection.execute(delete(table).where(where)).rowcount
        for _, table, where in deletions:
            if self._connection.scalar(select(func.count()).select_from(table).where(where)):
                raise NeedsOperator(f"rows of an erased shop are still in {table.name}")
        if any(removed.values()):
            self._session.mark_remnants(request_id)
        return {name: count for name, count in removed.items() if count}

    def _clear_other_requests(self, others: Any) -> int:
        """Close the shop's other requests and remove their principals. Return how many."""
        unfinished = or_(requests.c.principal.is_not(None), requests.c.state != RequestState.DONE)
        values: dict[str, Any] = dict.fromkeys(("principal", "active_key", "wake_at", "lease_until"))
        values |= {"state": RequestState.DONE, "last_error": "shop_erased", "fence": requests.c.fence + 1}
        values["closed_at"] = func.coalesce(requests.c.closed_at, self._session.now())
        return self._connection.execute(update(requests).where(others, unfinished).values(values)).rowcount
