"""Erases a shop from the bridge's own tables, part by part, then reads every table again.

The record of its requests (without principals), receipts of `shop/redact` and evidence stay. Records under a statutory
hold are erased only where the caller asks for it. It never erases sealed documents: `shop_exits` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, and_, delete, exists, func, or_, select, update

from bridge.errors import NeedsOperator
from bridge.model import Destruction, RequestState
from bridge.store.bounded_changes import change_some
from bridge.store.retention.deletions import DELETION_KIND_SHOP, record_deletions
from bridge.store.schema.desk_tables import (
    disclosure_keys,
    disclosures,
    incident_persons,
    mails,
    marketing_stops,
    nominations,
    person_letters,
    person_links,
    request_details,
    restrictions,
)
from bridge.store.schema.identity_tables import identity_checks, page_submissions
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
DESK_TABLES = (
    *(page_submissions, identity_checks, person_letters, request_details, mails, marketing_stops),
    *(restrictions, nominations, incident_persons),
)
SHOP_TABLES = (*INDEX_TABLES, reconciliations, notice_items, notices, notice_accounts, shop_turns, *DESK_TABLES)
IS_NOT_RECEIPT = deliveries.c.topic != "shop/redact"
HAS_BODY = and_(deliveries.c.body.is_not(None), IS_NOT_RECEIPT)
HELD_TABLES = (legal_holds, refund_accounts, disclosure_keys, disclosures)
SETTLED_DELIVERIES = "settled_deliveries"  # rows without a body: which topic came when, and nothing else
# what the erasure says that it removed
COUNTED_AS_ERASED = {
    *(table.name for table in (findings, packages, requests, deliveries, *SHOP_TABLES, tokens)),
    *(table.name for table in (*HELD_TABLES, reviews, plans)),
    SETTLED_DELIVERIES,
}


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

    def erase_part(
        self,
        shop: str,
        *,
        request_id: str,
        include_held_records: bool,
        limit: int,
        first: int = 0,
        is_repeated: bool = False,
    ) -> tuple[Mapping[str, int], int]:
        """Delete at most `limit` rows of what `erase_shop` deletes. Return rows deleted per table, and where the next part begins.

        `first` is where this one begins: what stands before it was done by earlier parts, and is not searched again. Fewer
        rows than `limit` say that it was the last. Rows that are only changed are counted under ''.

        The ledger receives the erasure with the first part: a backup that is restored then is erased again. `is_repeated`
        says that it comes from the ledger: it is recorded at the end, or nobody would know that parts are left.
        """
        if is_repeated:
            self._session.lock_shop(shop)
        else:
            self._lock_and_record(shop, request_id)
        removed: Counter[str] = Counter()
        for name, change, table, where in self._list_changes(shop, request_id, include_held_records)[first:]:
            count = change_some(self._connection, change, table, where, limit=limit - removed.total())
            removed[name if name in COUNTED_AS_ERASED else ""] += count
            if removed.total() >= limit:
                break
            first += 1
        removed = +removed
        if any(removed):
            self._session.mark_remnants(request_id)
        return removed, first

    def erase_shop(self, shop: str, *, request_id: str, include_held_records: bool = False) -> Mapping[str, int]:
        """Erase all of a shop but the record of its requests and its sealed documents. Return rows deleted per table.

        Under all keys and names of the shop.

        Legal holds, refund accounts, disclosures, reviews and plans are erased only with `include_held_records`. Needs no token.
        Raises NeedsOperator where a second reading still finds a row.
        """
        self._lock_and_record(shop, request_id)
        removed: Counter[str] = Counter()
        for name, change, table, where in self._list_changes(shop, request_id, include_held_records):
            is_needed = select(exists().where(where))
            if self._connection.scalar(is_needed):
                removed[name] += self._connection.execute(change.where(where)).rowcount
                if self._connection.scalar(is_needed):
                    raise NeedsOperator(f"rows of an erased shop are still in {table.name}")
        counted = {name: count for name, count in removed.items() if count and name in COUNTED_AS_ERASED}
        if counted:
            self._session.mark_remnants(request_id)
        return counted

    def _lock_and_record(self, shop: str, request_id: str) -> None:
        self._session.lock_shop(shop)
        now = self._session.now()
        keys = enumerate(self._session.shops.list_keys(shop))
        record_deletions(
            self._session.connection,
            (
                Destruction(kind=DELETION_KIND_SHOP, ref=build_shop_deletion_ref(request_id, number), shop=key, at=now)
                for number, key in keys
            ),
        )

    def _list_changes(
        self, shop: str, request_id: str, include_held_records: bool
    ) -> list[tuple[str, Any, Table, Any]]:
        """Return each change in its order: what it is counted as, the statement, its table, the rows that need it."""
        keys, of_shop = self._session.shops.list_keys(shop), match_deliveries_of_shop(self._session, shop)
        is_of_shop = requests.c.shop.in_(keys)
        others = and_(is_of_shop, requests.c.id != request_id)
        ids, other_ids = select(requests.c.id).where(is_of_shop), select(requests.c.id).where(others)
        notice_ids = select(notices.c.id).where(notices.c.shop.in_(keys))
        read_tasks = and_(tasks.c.request_id.in_(other_ids), or_(tasks.c.cursor.is_not(None), tasks.c.gaps != "[]"))
        own = and_(requests.c.id == request_id, requests.c.principal.is_not(None))
        unfinished = and_(others, or_(requests.c.principal.is_not(None), requests.c.state != RequestState.DONE))
        changes: list[tuple[str, Any, Table, Any]] = [
            *((table.name, delete(table), table, table.c.request_id.in_(ids)) for table in (findings, packages)),
            (requests.name, self._build_request_end(), requests, unfinished),
            (tasks.name, update(tasks).values(cursor=None, gaps="[]"), tasks, read_tasks),
            ("own_principal", update(requests).values(principal=None), requests, own),
            (person_links.name, delete(person_links), person_links, person_links.c.request_id.in_(ids)),
            (notice_links.name, delete(notice_links), notice_links, notice_links.c.notice_id.in_(notice_ids)),
            (deliveries.name, delete(deliveries), deliveries, and_(of_shop, deliveries.c.body.is_not(None))),
            (SETTLED_DELIVERIES, delete(deliveries), deliveries, and_(of_shop, IS_NOT_RECEIPT)),
            *((table.name, delete(table), table, table.c.shop.in_(keys)) for table in SHOP_TABLES),
            (tokens.name, delete(tokens), tokens, tokens.c.shop.in_(self._session.shops.list_domains(shop))),
        ]
        if include_held_records:
            other_reviews = and_(reviews.c.shop.in_(keys), reviews.c.request_id != request_id)
            changes += [
                *((table.name, delete(table), table, table.c.shop.in_(keys)) for table in HELD_TABLES),
                (reviews.name, delete(reviews), reviews, other_reviews),
                (plans.name, delete(plans), plans, plans.c.request_id.in_(other_ids)),
            ]
        return changes

    def _build_request_end(self) -> Any:
        """Build the statement that closes requests and removes their principals."""
        values: dict[str, Any] = dict.fromkeys(("principal", "active_key", "wake_at", "lease_until"))
        values |= {"state": RequestState.DONE, "last_error": "shop_erased", "fence": requests.c.fence + 1}
        values["closed_at"] = func.coalesce(requests.c.closed_at, self._session.now())
        return update(requests).values(values)
