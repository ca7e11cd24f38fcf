"""Finds orders that were invoiced and have no sealed copy: nothing destructive may touch them. Calls no system."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model import (
    DocumentKind,
    InvoiceSearchResult,
    Outcome,
    PrivacyRequest,
    SealProgress,
    Task,
    TaskAction,
    TaskState,
    get_progress,
)
from bridge.services import Services
from bridge.steps.task_results import finish_task

if TYPE_CHECKING:
    from bridge.store import Tx

MISSING_COPY_REVIEW_KIND = "seal_missing"
INVOICE_SEARCH_INTERVAL_H = 1  # for a copy that an operator files while a task waits for it


def has_bridge_vault(services: Services) -> bool:
    """Return whether the bridge keeps the invoice copies; else the merchant's accounts have them, as was attested."""
    return services.retention.vault.mode == "bridge"


def find_invoice_search_task(tasks: Iterable[Task]) -> Task | None:
    """Return the task that searches for invoice copies, None in a request that has none."""
    return next((task for task in tasks if task.action is TaskAction.SEAL_INVOICES), None)


def read_invoice_search(tasks: Iterable[Task]) -> InvoiceSearchResult:
    """Return what the last search found; an empty result before the first."""
    task = find_invoice_search_task(tasks)
    search = get_progress(task, SealProgress).search if task else None
    return search or InvoiceSearchResult()


def filter_orders_without_invoice(shop: str, order_ids: Iterable[str], tx: Tx) -> list[str]:
    """Return those of the orders that have no sealed invoice; a credit note is no copy of its invoice."""
    wanted = set(order_ids)
    documents = tx.documents.find_documents_by_order_id(shop, wanted)
    return sorted(
        order_id
        for order_id in wanted
        if not any(document.kind is DocumentKind.INVOICE for document in documents.get(order_id, ()))
    )


def complete_failed_invoice_search(
    request: PrivacyRequest, tasks: Sequence[Task], *, tx: Tx, services: Services
) -> Task | None:
    """Return the failed search as done where all copies that it missed are sealed by now, or are not the bridge's to keep.

    None where it did not fail, or copies are still missing.
    """
    task, search = find_invoice_search_task(tasks), read_invoice_search(tasks)
    if task is None or task.state is not TaskState.FAILED:
        return None
    if not has_bridge_vault(services):
        return finish_task(task, Outcome.UNCONFIRMED, task.finished_at)
    if not search.is_complete or filter_orders_without_invoice(request.shop, search.missing_copies, tx):
        return None
    progress = SealProgress(search=replace(search, missing_copies=frozenset()))
    return finish_task(replace(task, progress=progress), Outcome.RETAINED, task.finished_at)


def sync_missing_copy_review(request: PrivacyRequest, missing_count: int, *, tx: Tx, services: Services) -> None:
    """Open a review while copies are missing, and close it when none is. Writes evidence."""
    reviews = tx.reviews.list_reviews(kind=MISSING_COPY_REVIEW_KIND, request_id=request.id)
    if missing_count and not reviews:
        tx.reviews.open_review(
            request.shop,
            MISSING_COPY_REVIEW_KIND,
            f"{missing_count} orders",
            request_id=request.id,
            # a new key each time: an operator may close it, and copies may be missing again
            idempotency_key=services.store.new_id("rev"),
        )
    for review in () if missing_count else reviews:
        tx.reviews.close_review(review.id, actor="bridge", reason="copies_are_there")
