"""Delete raw bodies of failed or rejected deliveries, mails, and access packages with their findings, after their age.

What a person stated beside identifiers (a contact, a complaint) is a copy that was needed to answer, like a package: it has
the same age, counted from when the request was done and its last letter had left.

The ages come from the retention file (`webhook_payload.max_age_failed`, of mails too, and `access_package.max_age`); while a changed file
is not accepted, the longer of both ages counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from bridge.model import Fact
from bridge.rules.operations.batch_pace import BatchPace
from bridge.rules.retention.max_ages import ACCESS_PACKAGE_AGE, WEBHOOK_BODY_AGE, find_expiry_days
from bridge.services import Services
from bridge.steps.retention.accept_policy import list_binding_ages

if TYPE_CHECKING:
    from bridge.store import Tx

FACT_BY_KIND = {
    "raw_bodies": Fact.RAW_BODY_DESTROYED,
    "packages": Fact.PACKAGE_DESTROYED,
    "request_details": Fact.DETAILS_DESTROYED,
}
MAILS_AT_ONCE = 200


def expire_bodies_and_packages(*, services: Services) -> Mapping[str, int]:
    """Delete what has expired. Return how many of each kind. Raises StoreUnavailable."""
    with services.store.transaction() as tx:
        ages = list_binding_ages(tx, services)
    _expire_mails(find_expiry_days(ages, WEBHOOK_BODY_AGE), services)
    return services.store.expire_bodies_and_packages(
        keep_failed_days=find_expiry_days(ages, WEBHOOK_BODY_AGE),
        keep_packages_days=find_expiry_days(ages, ACCESS_PACKAGE_AGE),
        on_destroyed=_record_destroyed,
    )


def _expire_mails(days: int, services: Services) -> None:
    """Destroy what mails say that were done with so many days ago."""
    has_more, pace = True, BatchPace(MAILS_AT_ONCE)
    while has_more:
        with services.store.transaction(pace) as tx:
            before = services.clock.now() - timedelta(days=days)
            destroyed = tx.mails.destroy_contents(handled_before=before, limit=pace.size)
            has_more = destroyed == pace.size
            if destroyed:
                tx.evidence.append_fact(Fact.MAILS_DESTROYED, shop="", count=destroyed)


def _record_destroyed(tx: Tx, kind: str, count: int) -> None:
    tx.evidence.append_fact(FACT_BY_KIND[kind], shop="", count=count)
