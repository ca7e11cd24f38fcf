"""Records whose age has ended: found, deleted and searched again, a batch at a time.

Records under an active legal hold stay. Rows that another worker has locked wait for the next run, and each row is read
again after it was locked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, delete, exists, func, select, update

from bridge.errors import NeedsOperator
from bridge.store.bounded_changes import delete_some, match_keys
from bridge.store.identity.checks import IdentityCheckRows
from bridge.store.index.contact_keys import delete_orphaned_contact_keys
from bridge.store.notices.notice_items import NEXT_ITEM_VERSION
from bridge.store.retention import expired_records as expired
from bridge.store.retention.expired_records import EXPIRED_KEY_PREFIX, EXPIRED_SELECTS, IS_DISPOSED_WITH_DOCUMENTS
from bridge.store.schema.desk_tables import (
    approval_gates,
    approvals,
    deadline_warnings,
    disclosure_keys,
    disclosures,
    incident_persons,
    marketing_stops,
    nominations,
    person_letters,
    person_links,
    request_details,
    restrictions,
    two_person_approvals,
)
from bridge.store.schema.identity_tables import identity_checks
from bridge.store.schema.index_tables import customers, merges, orders, parcels, suppressions
from bridge.store.schema.notice_tables import notice_items, notice_links, notices
from bridge.store.schema.retention_tables import legal_holds, plans, reviews
from bridge.store.schema.tables import (
    certificates,
    deliveries,
    findings,
    packages,
    requests,
    superseded_certificates,
    tasks,
)
from bridge.store.session import Session

REQUESTS_AT_ONCE = 50  # each has a dozen tasks


class ExpiryRows:
    """Records whose age has ended, by the category of the retention file."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._deleters: Mapping[Any, Callable[[Sequence[Any]], None]] = {
            expired.select_expired_suppressions: lambda rows: self._delete_rows(
                suppressions, ("shop", "field", "key"), rows
            ),
            expired.select_expired_marketing_stops: lambda rows: self._delete_rows(
                marketing_stops, ("shop", "field", "channel", "key"), rows
            ),
            expired.select_expired_delivery_receipts: lambda rows: self._delete_rows(deliveries, ("shop", "id"), rows),
            expired.select_expired_closed_requests: self._reduce_requests_to_register,
            expired.select_expired_released_legal_holds: lambda rows: self._delete_rows(
                legal_holds, ("shop", "id", "order_key"), rows
            ),
            expired.select_expired_nominations: lambda rows: self._delete_rows(nominations, ("shop", "id"), rows),
            expired.select_expired_disclosures: self._delete_disclosures,
            expired.select_expired_notice_item_texts: self._clear_notice_item_texts,
            expired.select_expired_identity_proofs: self._destroy_identity_proofs,
            expired.select_expired_orders: self._delete_orders_with_parcels,
            expired.select_expired_unreported_orders: self._delete_orders_with_parcels,
            expired.select_expired_undated_orders: self._delete_orders_with_parcels,
            expired.select_expired_customers: self._delete_customers,
            expired.select_expired_merges: lambda rows: self._delete_rows(merges, ("shop", "deleted_key"), rows),
        }

    def count_expired(self, category: str, cutoff: datetime) -> int:
        """Count the records that `expire_records` would delete."""
        subqueries = (build_select(cutoff).subquery() for build_select in EXPIRED_SELECTS[category])
        counts = (select(func.count()).select_from(subquery) for subquery in subqueries)
        return sum(self._connection.scalar(rows) or 0 for rows in counts)

    def expire_records(self, category: str, cutoff: datetime, *, limit: int) -> Mapping[str, int]:
        """Delete the oldest expired records, at most about `limit`, and search again. Return how many by shop.

        Raises NeedsOperator where one is still there.
        """
        deleted: Counter[str] = Counter()
        for build_select in EXPIRED_SELECTS[category]:
            is_of_requests = build_select is expired.select_expired_closed_requests
            rows = self._lock_expired_rows(
                build_select(cutoff), min(limit, REQUESTS_AT_ONCE) if is_of_requests else limit
            )
            if rows:
                self._deleters[build_select](rows)
                deleted.update(row.shop for row in rows)
        if deleted:
            self._session.mark_remnants()
        return deleted

    def delete_parts_of_requests(self, cutoff: datetime, *, limit: int) -> int:
        """Delete at most `limit` rows that belong to expired requests, so that reducing these touches few. Return how many."""
        ids = [
            row.id for row in self._lock_expired_rows(expired.select_expired_closed_requests(cutoff), REQUESTS_AT_ONCE)
        ]
        for table in (notice_items, reviews, findings, packages) if ids else ():
            of_requests = table.c.request_id.in_(ids)
            if table is notice_items:
                count = self._delete_some_items(of_requests, limit)
            else:
                count = delete_some(self._connection, table, of_requests, limit=limit)
            if count:
                self._session.mark_remnants()
                return count
        return 0

    def _delete_some_items(self, where: Any, limit: int) -> int:
        """Delete at most `limit` notice items, with the notices that list no other."""
        rows = self._connection.execute(
            select(notice_items.c.id, notice_items.c.notice_id).where(where).limit(limit)
        ).all()
        self._connection.execute(delete(notice_items).where(notice_items.c.id.in_([row.id for row in rows])))
        self._delete_empty_notices({row.notice_id for row in rows} - {""})
        return len(rows)

    def _delete_empty_notices(self, notice_ids: AbstractSet[str]) -> None:
        """Delete those of these notices that list no item any more, with their links."""
        if not notice_ids:
            return
        without_items = and_(notices.c.id.in_(notice_ids), ~exists().where(notice_items.c.notice_id == notices.c.id))
        deletion = delete(notices).where(without_items).returning(notices.c.id)
        deleted_notices = self._connection.execute(deletion).scalars().all()
        self._connection.execute(delete(notice_links).where(notice_links.c.notice_id.in_(deleted_notices)))

    def _lock_expired_rows(self, query: Select[Any], limit: int) -> Sequence[Any]:
        """Lock first, then read again: only the second statement sees what was committed in between."""
        unlocked = query.limit(limit).with_for_update(skip_locked=True)
        rows = self._connection.execute(unlocked).all()
        if not rows or self._connection.dialect.name != "postgresql":  # SQLite has one writer
            return rows
        key_columns = [column for column in query.selected_columns if column.name != "data_key_id"]
        return self._connection.execute(query.where(match_keys(key_columns, rows))).all()

    def _delete_rows(self, table: Any, key_columns: Sequence[str], rows: Sequence[Any]) -> None:
        named = match_keys([table.c[name] for name in key_columns], rows)
        self._connection.execute(delete(table).where(named))
        self._raise_if_rows_remain(table, named)

    def _raise_if_rows_remain(self, table: Any, *conditions: Any) -> None:
        if self._connection.scalar(select(func.count()).select_from(table).where(*conditions)):
            raise NeedsOperator(f"rows of {table.name} that expired are still there")

    def _delete_disclosures(self, rows: Sequence[Any]) -> None:
        of_disclosures = disclosure_keys.c.disclosure_id.in_([row.id for row in rows])
        self._connection.execute(delete(disclosure_keys).where(of_disclosures))
        self._delete_rows(disclosures, ("shop", "id"), rows)

    def _clear_notice_item_texts(self, rows: Sequence[Any]) -> None:
        named = notice_items.c.id.in_([row.id for row in rows])
        self._connection.execute(
            update(notice_items).where(named).values(doc=None, clues="", version=NEXT_ITEM_VERSION)
        )
        self._raise_if_rows_remain(notice_items, named, notice_items.c.doc.is_not(None))

    def _destroy_identity_proofs(self, rows: Sequence[Any]) -> None:
        request_ids = [row.request_id for row in rows]
        IdentityCheckRows(self._session).destroy_proofs(request_ids)
        stored = (identity_checks.c.request_id.in_(request_ids), identity_checks.c.doc.is_not(None))
        self._raise_if_rows_remain(identity_checks, *stored)

    def _delete_orders_with_parcels(self, rows: Sequence[Any]) -> None:
        of_orders = match_keys([parcels.c.shop, parcels.c.order_key], rows)
        keys = {(row.shop, row.data_key_id) for row in rows}
        keys |= set(self._connection.execute(select(parcels.c.shop, parcels.c.data_key_id).where(of_orders)))
        self._connection.execute(delete(parcels).where(of_orders))
        self._delete_rows(orders, ("shop", "order_key"), rows)
        self._raise_if_rows_remain(parcels, of_orders)
        self._delete_contact_keys(rows)
        self._destroy_data_keys(keys)

    def _delete_customers(self, rows: Sequence[Any]) -> None:
        self._delete_rows(customers, ("shop", "customer_key"), rows)
        self._delete_contact_keys(rows)

    def _delete_contact_keys(self, rows: Sequence[Any]) -> None:
        """Delete the further contact keys of orders or customers; the second column of a row is its key."""
        for shop in sorted({row.shop for row in rows}):
            delete_orphaned_contact_keys(self._connection, shop, [row[1] for row in rows if row.shop == shop])

    def _reduce_requests_to_register(self, rows: Sequence[Any]) -> None:
        """Delete all of a request but its line in the register: kind, days, lateness. The evidence chain stays complete."""
        ids = [row.id for row in rows]
        desk_tables = (request_details, person_letters, person_links, identity_checks, approval_gates, approvals)
        tables = (tasks, certificates, superseded_certificates, plans, findings, packages, notice_items, reviews)
        of_request = (*tables, *desk_tables, restrictions, incident_persons, two_person_approvals, deadline_warnings)
        conditions: dict[Any, Any] = {table: table.c.request_id.in_(ids) for table in of_request}
        holds_of_requests = legal_holds.c.request_id.in_(ids)
        conditions[legal_holds] = and_(holds_of_requests, ~IS_DISPOSED_WITH_DOCUMENTS)
        notice_id_query = select(notice_items.c.notice_id).where(conditions[notice_items]).distinct()
        notice_ids = {notice_id for notice_id in self._connection.scalars(notice_id_query) if notice_id}
        for table, condition in conditions.items():
            self._connection.execute(delete(table).where(condition))
            self._raise_if_rows_remain(table, condition)
        self._connection.execute(update(legal_holds).where(holds_of_requests).values(subject=""))
        self._delete_empty_notices(notice_ids)
        blanks = {"principal": None, "subject": "", "active_key": None, "external_ref": "", "data_key_id": ""}
        expired = requests.c.id.in_(ids)
        self._connection.execute(
            update(requests).where(expired).values(**blanks, once_key=EXPIRED_KEY_PREFIX + requests.c.id)
        )
        self._raise_if_rows_remain(requests, expired, requests.c.subject != "")
        self._destroy_data_keys({(row.shop, row.data_key_id) for row in rows})

    def _destroy_data_keys(self, keys: set[Any]) -> None:
        for shop in sorted({shop for shop, _ in keys}):
            self._session.destroy_unused_keys(shop, [key for at, key in keys if at == shop and key])
