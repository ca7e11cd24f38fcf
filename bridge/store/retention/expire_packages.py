"""Destroys bodies of webhooks, access packages and details of requests whose age has ended, a bounded number of rows in each transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, not_, select, update

from bridge.model import RequestState
from bridge.rules.operations.batch_pace import BatchPace
from bridge.store.bounded_changes import change_some, delete_some
from bridge.store.schema.tables import deliveries, findings, packages, requests
from bridge.store.webhooks.inbox import HAS_FAILED, NEEDS_ACTION

if TYPE_CHECKING:
    from bridge.store.sql import SqlStore
    from bridge.store.transaction import Tx

RecordDestroyed = Callable[["Tx", str, int], None]
ROWS_PER_TRANSACTION = 200  # each has a sealed body, which is overwritten


def destroy_what_expired(
    store: SqlStore, *, keep_failed_days: int, keep_packages_days: int, on_destroyed: RecordDestroyed | None
) -> Mapping[str, int]:
    """Destroy all that reached its age, as `SqlStore.expire_bodies_and_packages` says. Return how many of each kind."""
    ages = {
        "raw_bodies": (_destroy_old_bodies, keep_failed_days),
        "packages": (_destroy_old_package, keep_packages_days),
        "request_details": (_destroy_old_details, keep_packages_days),
    }
    now, destroyed = store.now(), dict.fromkeys(ages, 0)
    for kind, (destroy, days) in ages.items():
        has_more, pace = True, BatchPace(ROWS_PER_TRANSACTION)
        while has_more:
            with store.transaction(pace) as tx:
                count, has_more = destroy(tx, now - timedelta(days=days), pace.size)
                if count and on_destroyed is not None:
                    on_destroyed(tx, kind, count)
            destroyed[kind] += count
    return destroyed


def _destroy_old_bodies(tx: Tx, before: datetime, limit: int) -> tuple[int, bool]:
    """Destroy bodies of failed and rejected webhooks from before then. Return how many, and whether there may be more.

    The body of a mandatory webhook that nobody acted on stays until somebody does.
    """
    expired = and_(deliveries.c.body.is_not(None), HAS_FAILED, not_(NEEDS_ACTION), deliveries.c.received_at < before)
    change = update(deliveries).values(body=None)
    count = change_some(tx.session.connection, change, deliveries, expired, limit=limit)
    if count:
        tx.session.mark_remnants()
    return count, count == limit


def _destroy_old_package(tx: Tx, before: datetime, limit: int) -> tuple[int, bool]:
    """Destroy one package from before then, or a part of it. Return how many ended, and whether there may be more.

    One that never left the bridge is recorded by itself. Its findings go first: while any piece of it is stored, the next
    run finds it again.
    """
    connection = tx.session.connection
    oldest = select(packages.c.request_id).where(packages.c.made_at < before).order_by(packages.c.made_at).limit(1)
    request_id = connection.scalar(oldest)
    if request_id is None:
        return 0, False
    left = limit
    left -= delete_some(connection, findings, findings.c.request_id == request_id, limit=left)
    is_pending = left and request_id in {package.request_id for package in tx.hand_overs.list_pending_packages()}
    left -= delete_some(connection, packages, packages.c.request_id == request_id, limit=left) if left else 0
    if not left:
        return 0, True
    finished = (requests.c.id == request_id, requests.c.state == RequestState.DONE)
    if connection.scalar(select(requests.c.id).where(*finished)):
        tx.request_changes.erase_principal(request_id)
    else:
        tx.tasks.reset_tasks(request_id)
    if is_pending:
        tx.hand_overs.record_lost_package(request_id, reason="expired")
    return 1, True


def _destroy_old_details(tx: Tx, before: datetime, limit: int) -> tuple[int, bool]:
    """Destroy what requests stated beside identifiers that nothing needs since then. Return as `_destroy_old_bodies`."""
    ids = tx.request_details.list_expired_details(before, limit=limit)
    for request_id in ids:
        tx.request_details.erase_details(request_id)
    return len(ids), len(ids) == limit
