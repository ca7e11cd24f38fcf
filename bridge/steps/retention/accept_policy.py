"""Compare a changed retention file with the accepted one, and accept it or open a review. Calls no other system.

If no document and no category would expire earlier, the bridge accepts the file itself. Otherwise nothing is destroyed
by the new file and no stored date changes until an operator accepts it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from bridge.errors import PayloadInvalid
from bridge.model import AcceptedPolicy, Document, Fact, LegalHold, ShopOrderKey
from bridge.rules.retention import release
from bridge.rules.retention.max_ages import MaxAges, ShortenedRetention, collect_max_ages, find_shortened_retention
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx

ORDERS_PER_PAGE = 500
POLICY_REVIEW_KIND = "law_file_changed"


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A change of the release day that several orders share: the day before and after, and the grounds after it."""

    direction: release.ReleaseDayChange
    old_day: date | None
    new_day: date | None
    grounds: tuple[str, ...]


PolicyChanges = Mapping[PolicyChange, int]  # number of orders by change


def iterate_order_retention(
    *, today: date, services: Services
) -> Iterator[tuple[ShopOrderKey, Sequence[Document], Sequence[LegalHold], release.DocumentRetention]]:
    """Yield each order with its documents, its legal holds and its retention on `today`.

    Reads one page of orders per transaction. Raises StoreUnavailable.
    """
    calculator = release.DocumentRetentionCalculator(today=today, retention=services.retention)
    last_order: ShopOrderKey | None = None
    while True:
        with services.store.read() as tx:
            orders = tx.vault_orders.list_orders_after(last_order, limit=ORDERS_PER_PAGE)
            documents_by_order = tx.vault_orders.group_documents_by_order(orders)
            legal_holds = tx.legal_holds.find_legal_holds_by_order(orders)
        for order_key, documents in documents_by_order.items():
            order_holds = legal_holds.get(order_key, ())
            yield order_key, documents, order_holds, calculator.calculate_retention(documents, order_holds)
        if len(orders) < ORDERS_PER_PAGE:
            return
        last_order = orders[-1]


def count_policy_changes(*, services: Services) -> PolicyChanges:
    """Count orders by the change of their release day under the loaded file; undated documents do not count."""
    today = local_day(services.clock.now(), services.retention.calendar)
    changes: Counter[PolicyChange] = Counter()
    for _, documents, _, document_retention in iterate_order_retention(today=today, services=services):
        days = [document.erasable_from for document in documents if document.law_sha256]
        if days:
            old_day = None if None in days else max(day for day in days if day)
            new_day = document_retention.erasable_from
            direction = release.compare_release_days(old_day, new_day, today=today)
            changes[PolicyChange(direction, old_day, new_day, document_retention.grounds)] += 1
    return changes


def find_earlier_ages(accepted_policy: AcceptedPolicy | None, services: Services) -> Sequence[ShortenedRetention]:
    """Return the maximum ages that are shorter under the loaded file than under the accepted one."""
    if accepted_policy is None:
        return []
    return find_shortened_retention(accepted_policy.ages, collect_max_ages(services.retention))


def is_policy_active(tx: Tx, services: Services) -> bool:
    """Return True if the loaded file is the accepted one."""
    accepted = tx.retention_policies.find_accepted_policy()
    return accepted is not None and accepted.sha256 == services.retention.sha256


def is_policy_pending(tx: Tx, services: Services) -> bool:
    """Return True if a file other than the loaded one is accepted; False before the first acceptance."""
    return tx.retention_policies.find_accepted_policy() is not None and not is_policy_active(tx, services)


def list_binding_ages(tx: Tx, services: Services) -> Sequence[MaxAges]:
    """Return the ages of the loaded and of the accepted file: a record may expire only after both."""
    accepted = tx.retention_policies.find_accepted_policy()
    return [collect_max_ages(services.retention), *([accepted.ages] if accepted is not None else [])]


def activate_or_review_policy(*, services: Services) -> bool:
    """Return True if the loaded file is accepted, now or before; False if an operator has to accept it.

    Raises StoreUnavailable.
    """
    sha256 = services.retention.sha256
    with services.store.transaction() as tx:
        accepted = tx.retention_policies.find_accepted_policy()
        if accepted is not None and accepted.sha256 == sha256:
            tx.reviews.close_reviews(POLICY_REVIEW_KIND, actor="bridge", reason="the accepted file is loaded")
            return True
        if accepted is not None and _has_open_policy_review(tx, sha256):
            return False
    changes = count_policy_changes(services=services) if accepted is not None else {}
    earlier_orders = count_by_direction(changes)[release.ReleaseDayChange.EARLIER]
    ages = find_earlier_ages(accepted, services)
    with services.store.transaction() as tx:
        if not earlier_orders and not ages:
            _save_acceptance(tx, accepted, changes, actor="bridge", reason="no date becomes earlier", services=services)
            return True
        tx.reviews.close_reviews(POLICY_REVIEW_KIND, actor="bridge", reason="another file has been loaded")
        detail = _build_policy_fact_detail(accepted, changes, services)
        tx.evidence.append_fact(Fact.RETENTION_POLICY_CHANGED, shop="", **detail)
        summary = f"{sha256[:16]}: {earlier_orders} orders would be released earlier"
        if ages:
            summary += f", {len({shortened.category for shortened in ages})} categories would expire earlier"
        key = f"{sha256}|{services.clock.now().isoformat()}"
        tx.reviews.open_review("", POLICY_REVIEW_KIND, summary, idempotency_key=key)
    return False


def accept_policy(*, actor: str, reason: str, services: Services) -> PolicyChanges:
    """Record that an operator accepts the loaded file. Return the changes it causes.

    Raises PayloadInvalid `already_accepted`, StoreUnavailable.
    """
    with services.store.transaction() as tx:
        accepted = tx.retention_policies.find_accepted_policy()
    if accepted is not None and accepted.sha256 == services.retention.sha256:
        raise PayloadInvalid("already_accepted")
    changes = count_policy_changes(services=services)
    with services.store.transaction() as tx:
        _save_acceptance(tx, accepted, changes, actor=actor, reason=reason, services=services)
    return changes


def count_by_direction(changes: PolicyChanges) -> Mapping[release.ReleaseDayChange, int]:
    """Return the number of orders for each direction of change."""
    counts = dict.fromkeys(release.ReleaseDayChange, 0)
    for change, orders in changes.items():
        counts[change.direction] += orders
    return counts


def _save_acceptance(
    tx: Tx, previous: AcceptedPolicy | None, changes: PolicyChanges, *, actor: str, reason: str, services: Services
) -> None:
    retention = services.retention
    ages = collect_max_ages(retention)
    tx.retention_policies.save_accepted_policy(retention.sha256, retention.policy_id, actor=actor, ages=ages)
    tx.reviews.close_reviews(POLICY_REVIEW_KIND, actor=actor, reason=reason)
    tx.tasks.wake_held_tasks()
    detail = _build_policy_fact_detail(previous, changes, services)
    tx.evidence.append_fact(Fact.RETENTION_POLICY_ACCEPTED, shop="", actor=actor, reason=reason, **detail)


def _build_policy_fact_detail(
    previous: AcceptedPolicy | None, changes: PolicyChanges, services: Services
) -> dict[str, Any]:
    new = [change.new_day for change in changes if change.new_day]
    return {
        "policy_id": services.retention.policy_id,
        "sha256": services.retention.sha256,
        "was": previous.sha256 if previous else "",
        **{direction.value: orders for direction, orders in count_by_direction(changes).items()},
        "earlier_ages": [
            f"{shortened.category}.{shortened.what}" for shortened in find_earlier_ages(previous, services)
        ],
        "first_day": min(new).isoformat() if new else None,
        "last_day": max(new).isoformat() if new else None,
    }


def _has_open_policy_review(tx: Tx, sha256: str) -> bool:
    return any(review.what.startswith(sha256[:16]) for review in tx.reviews.list_reviews(kind=POLICY_REVIEW_KIND))
