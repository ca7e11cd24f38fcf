"""Delete records that reached the maximum age of the retention file, without a request. Calls no other system.

`rules/retention/retention_registry.py` lists what is stored of each category and which step deletes it. Nothing is
deleted while the loaded retention file is not the accepted one. Each run is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime

from bridge.model import Fact
from bridge.rules.operations.batch_pace import BatchPace
from bridge.rules.retention import retention_registry as registry
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.steps.retention.accept_policy import activate_or_review_policy

REQUEST_CATEGORY = "request_evidence"
RECORDS_PER_BATCH = 200  # with their parcels and keys
BATCHES_PER_CATEGORY = 25  # per run
ROWS_PER_TRANSACTION = 500


def expire_aged_records(*, services: Services) -> Mapping[str, int]:
    """Run once. Return how many records of each category were deleted.

    Raises NeedsOperator if a deleted record is still there, StoreUnavailable.
    """
    if not activate_or_review_policy(services=services):
        return {}
    today = local_day(services.clock.now(), services.retention.calendar)
    deleted: dict[str, int] = {}
    for category, cutoff in find_expired_categories(today, services):
        pace = BatchPace(RECORDS_PER_BATCH)
        while (left := RECORDS_PER_BATCH * BATCHES_PER_CATEGORY - deleted.get(category, 0)) > 0:
            _delete_parts_of_requests(category, cutoff, services)
            with services.store.transaction(pace) as tx:
                deleted_by_shop = tx.expiry.expire_records(category, cutoff, limit=min(pace.size, left))
                for shop, count in sorted(deleted_by_shop.items()):
                    tx.evidence.append_fact(Fact.RECORD_EXPIRED, shop=shop, category=category, count=count)
            if not deleted_by_shop:
                break
            deleted[category] = deleted.get(category, 0) + sum(deleted_by_shop.values())
    return deleted


def _delete_parts_of_requests(category: str, cutoff: datetime, services: Services) -> None:
    """Delete the notice items and bodies of the requests that are next: one request may have thousands."""
    has_more, pace = category == REQUEST_CATEGORY, BatchPace(ROWS_PER_TRANSACTION)
    while has_more:
        with services.store.transaction(pace) as tx:
            has_more = bool(tx.expiry.delete_parts_of_requests(cutoff, limit=pace.size))


def find_expired_categories(today: date, services: Services) -> Iterator[tuple[str, datetime]]:
    """Yield each category that this step deletes, with the time before which its records have expired on `today`."""
    for name, stored in registry.CATEGORY_REGISTRY.items():
        category = services.retention.categories.get(name)
        if category is None or not isinstance(stored, registry.StoredCategory) or stored.deleted_by != "age":
            continue
        day = registry.compute_expiry_cutoff(category, stored, today=today, retention=services.retention)
        if day is not None:
            yield name, registry.compute_day_end(day, services.retention)
