"""What the bridge itself remembers of a person's earlier erasures: suppression keys, and what is still sealed.

Reads in the caller's transaction, by pseudonyms and ids; opens no document and no bank details.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.model import Action, RefundState, TaskState
from bridge.rules.erasure.plan import TABLES
from bridge.rules.erasure.tombstone import Earlier, codes_until, rests

if TYPE_CHECKING:
    from bridge.model import Document, Erasure, PrivacyRequest
    from bridge.ports import Services, Tx


def earlier(request: PrivacyRequest, *, tx: Tx, services: Services) -> tuple[Earlier, ...]:
    """Her earlier erasures, newest first; a document is told of once. Raises StoreUnavailable."""
    seen: set[str] = set()
    return tuple(
        _earlier(erasure, request.shop, seen, tx, services)
        for erasure in tx.index.erasures(request.shop, request.principal)
    )


def _earlier(erasure: Erasure, shop: str, seen: set[str], tx: Tx, services: Services) -> Earlier:
    documents: dict[str, list[Document]] = {}
    # by her orders too: a restored backup may know the erasure by its keys only
    for document in (
        *tx.documents.of_request(erasure.request_id),
        *tx.documents.linked(shop, erasure.order_keys),
    ):
        if document.id not in seen:
            seen.add(document.id)
            documents.setdefault(document.order_key, []).append(document)
    claims = tx.legal_claims.on({(shop, order_key) for order_key in documents})
    refunds = [
        account
        for account in tx.refunds.of_request(erasure.request_id)
        if account.state is not RefundState.ERASED
    ]
    own = [task for task in tx.requests.tasks(erasure.request_id) if task.action is Action.ERASE]
    return Earlier(
        erasure=erasure,
        finished=all(task.state is TaskState.DONE for task in own),
        removed={table: task.detail[table] for task in own for table in TABLES if task.detail.get(table)},
        rests=rests(
            documents,
            {order_key: its for (_, order_key), its in claims.items()},
            refunds,
            tx.refunds.claimed(refunds),
            retention=services.retention,
            now=services.clock.now(),
        ),
        codes_until=codes_until(erasure.erased_at, services.retention),
    )
