"""Date sealed documents and destroy them when their retention has ended and no legal hold keeps them.

The decision is made again when a document is destroyed, from the retention file and the legal holds; the stored date
only selects candidates. Nothing is destroyed while a changed retention file is not accepted, nor of a person whose data may only be stored. Each run is bounded: the
caller repeats it while `has_more`. Calls no other system.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from bridge.model import Document, Fact, ShopOrderKey
from bridge.rules.operations.batch_pace import BatchPace
from bridge.rules.retention.release import DocumentRetention, DocumentRetentionCalculator
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.steps.retention.accept_policy import activate_or_review_policy, is_policy_active

if TYPE_CHECKING:
    from bridge.store import Tx

DOCUMENTS_PER_TRANSACTION = 100
MAX_DOCUMENTS_PER_RUN = 2_000  # a few seconds, so that the other jobs of the schedule are not late
OrderDecision = tuple[ShopOrderKey, Sequence[Document], DocumentRetention]


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentExpiryResult:
    """The result of a run: documents dated and destroyed, and whether more are waiting."""

    policy_accepted: bool
    dated: int = 0
    destroyed: int = 0
    has_more: bool = False


def expire_documents(*, services: Services) -> DocumentExpiryResult:
    """Run once. Raises NeedsOperator if a destroyed document is still there, StoreUnavailable."""
    if not activate_or_review_policy(services=services):
        return DocumentExpiryResult(policy_accepted=False)
    sha256, today = services.retention.sha256, local_day(services.clock.now(), services.retention.calendar)
    queries: tuple[Callable[[Tx, int], Sequence[ShopOrderKey]], ...] = (
        lambda tx, limit: tx.vault_orders.list_orders_with_outdated_policy(sha256, limit=limit),
        lambda tx, limit: tx.vault_orders.list_orders_with_due_documents(today, limit=limit),
    )
    dated = destroyed = 0
    for list_orders in queries:
        pace = BatchPace(DOCUMENTS_PER_TRANSACTION)
        while (left := MAX_DOCUMENTS_PER_RUN - dated - destroyed) > 0:
            with services.store.transaction(pace) as tx:
                dated_now, destroyed_now = _date_or_destroy(list_orders(tx, min(pace.size, left)), today, tx, services)
            dated, destroyed = dated + dated_now, destroyed + destroyed_now
            if not dated_now + destroyed_now:
                break
    has_more = dated + destroyed >= MAX_DOCUMENTS_PER_RUN
    return DocumentExpiryResult(policy_accepted=True, dated=dated, destroyed=destroyed, has_more=has_more)


def recompute_expiry_dates(orders: Sequence[ShopOrderKey], *, tx: Tx, services: Services) -> int:
    """Compute the expiry date of these orders' documents again and return how many documents they have.

    Save the dates only if the loaded retention file is accepted.
    """
    today = local_day(services.clock.now(), services.retention.calendar)
    decisions = _decide_orders(orders, today, tx, services)
    if is_policy_active(tx, services):
        _save_expiry_dates(decisions, tx, services)
    return sum(len(documents) for _, documents, _ in decisions)


def _date_or_destroy(orders: Sequence[ShopOrderKey], today: date, tx: Tx, services: Services) -> tuple[int, int]:
    """Date the retained documents and destroy the erasable ones. Return the number of each."""
    decisions = _decide_orders(orders, today, tx, services)
    # a person whose data may only be stored keeps also what is due
    restricted = tx.restrictions.find_restricted_orders(order for order, _, kept in decisions if kept.is_erasable)
    erasable = [decision for decision in decisions if decision[2].is_erasable and decision[0] not in restricted]
    retained = [decision for decision in decisions if decision not in erasable]
    _save_expiry_dates(retained, tx, services)
    destroyed = tx.documents.delete_documents([document.id for _, documents, _ in erasable for document in documents])
    for (shop, _), documents, document_retention in erasable:
        tx.evidence.append_fact(
            Fact.DOCUMENT_DESTROYED,
            shop=shop,
            request_id=next((document.request_id for document in documents if document.request_id), ""),
            documents=[document.id for document in documents],
            grounds=list(document_retention.grounds),
            last_day=document_retention.last_day.isoformat() if document_retention.last_day else None,
            verified="re-read",
        )
    return sum(len(documents) for _, documents, _ in retained), destroyed


def _decide_orders(orders: Sequence[ShopOrderKey], today: date, tx: Tx, services: Services) -> list[OrderDecision]:
    """Return each order's documents with their retention.

    Lock the documents before reading legal holds, so that a hold that is being opened waits.
    """
    documents_by_order = tx.vault_orders.group_documents_by_order(orders, lock=True)
    legal_holds = tx.legal_holds.find_legal_holds_by_order(documents_by_order)
    calculator = DocumentRetentionCalculator(today=today, retention=services.retention)
    return [
        (order_key, documents, calculator.calculate_retention(documents, legal_holds.get(order_key, ())))
        for order_key, documents in documents_by_order.items()
    ]


def _save_expiry_dates(decisions: Sequence[OrderDecision], tx: Tx, services: Services) -> None:
    ids_by_retention: dict[tuple[date | None, tuple[str, ...]], list[str]] = {}
    for _, documents, document_retention in decisions:
        ids = ids_by_retention.setdefault((document_retention.erasable_from, document_retention.grounds), [])
        ids.extend(document.id for document in documents)
    for (day, grounds), ids in ids_by_retention.items():
        tx.documents.record_erasable_from(ids, erasable_from=day, grounds=grounds, law_sha256=services.retention.sha256)
