"""Find a data subject's earlier erasures in the bridge's own store: suppression keys and data still sealed.

Reads in the caller's transaction, by pseudonyms and ids. Opens no document and no bank details.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.model import RefundState, TaskAction, TaskState
from bridge.rules.erasure.plan import PERSONAL_DATA_TABLES
from bridge.rules.erasure.tombstone import PriorErasureSummary, compute_suppression_end, group_remaining_data

if TYPE_CHECKING:
    from bridge.model import Document, ErasureRecord, PrivacyRequest
    from bridge.services import Services
    from bridge.store import Tx


def find_prior_erasures(request: PrivacyRequest, *, tx: Tx, services: Services) -> tuple[PriorErasureSummary, ...]:
    """Return the earlier erasures of the request's data subject, newest first; each document is listed once.

    Raises StoreUnavailable.
    """
    seen_document_ids: set[str] = set()
    return tuple(
        _build_prior_erasure(erasure, request.shop, seen_document_ids, tx, services)
        for erasure in tx.erasures.list_prior_erasures(request.shop, request.principal)
    )


def _build_prior_erasure(
    erasure: ErasureRecord, shop: str, seen_document_ids: set[str], tx: Tx, services: Services
) -> PriorErasureSummary:
    documents: dict[str, list[Document]] = {}
    # by order too: a restored backup may know the erasure by its suppression keys only
    for document in (
        *tx.documents.list_documents_of_request(erasure.request_id),
        *tx.documents.list_documents_of_order_keys(shop, erasure.order_keys),
    ):
        if document.id not in seen_document_ids:
            seen_document_ids.add(document.id)
            documents.setdefault(document.order_key, []).append(document)
    holds_by_order = tx.legal_holds.find_legal_holds_by_order({(shop, order_key) for order_key in documents})
    refunds = [
        account
        for account in tx.refunds.list_refund_accounts_of_request(erasure.request_id)
        if account.state is not RefundState.ERASED
    ]
    erase_tasks = [task for task in tx.tasks.list_tasks(erasure.request_id) if task.action is TaskAction.ERASE]
    return PriorErasureSummary(
        erasure=erasure,
        finished=all(task.state is TaskState.DONE for task in erase_tasks),
        removed={
            table: task.detail[table]
            for task in erase_tasks
            for table in PERSONAL_DATA_TABLES
            if task.detail.get(table)
        },
        rests=group_remaining_data(
            documents,
            {order_key: holds for (_, order_key), holds in holds_by_order.items()},
            refunds,
            tx.refunds.find_account_ids_on_legal_hold(refunds),
            retention=services.retention,
            now=services.clock.now(),
        ),
        codes_until=compute_suppression_end(erasure.erased_at, services.retention),
    )
