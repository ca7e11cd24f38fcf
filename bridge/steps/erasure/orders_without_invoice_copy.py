"""Spare: orders that nothing destructive may touch, for the tax books have no copy of their invoice yet.

An erasure that had to spare orders comes back for these and for nothing else: what she ordered since is a new contract.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bridge.model import DocumentKind, Outcome, Principal, PrivacyRequest, Task, TaskAction, TaskState
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx

MISSING_COPY_REVIEW_KIND = "seal_missing"
INVOICE_SEARCH_INTERVAL_H = 1  # for a copy that an operator files while something waits for it


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoiceSearchResult:
    """What the last look for copies found, by order id: never invoiced, invoiced without a copy.

    `whole` is False where the platform could not say which orders there are.
    """

    never_invoiced: frozenset[str] = frozenset()
    missing_copies: frozenset[str] = frozenset()
    is_complete: bool = True


def has_bridge_vault(services: Services) -> bool:
    """True where the copies are ours to keep; else the merchant's accounts have them, as was attested."""
    return services.retention.vault.mode == "bridge"


def find_invoice_search_task(tasks: Iterable[Task]) -> Task | None:
    """The task that looks for copies; None in a request that has none."""
    return next((task for task in tasks if task.action is TaskAction.SEAL_INVOICES), None)


def read_invoice_search(tasks: Iterable[Task]) -> InvoiceSearchResult:
    """What it found, as it rests in its cursor."""
    look = find_invoice_search_task(tasks)
    if look is None or not look.cursor:
        return InvoiceSearchResult()
    told = json.loads(look.cursor)
    return InvoiceSearchResult(
        never_invoiced=frozenset(told["none"]),
        missing_copies=frozenset(told["missing"]),
        is_complete=told["whole"],
    )


def encode_invoice_search(result: InvoiceSearchResult) -> str:
    """The same as a cursor, which is sealed where it rests."""
    return json.dumps(
        {
            "none": sorted(result.never_invoiced),
            "missing": sorted(result.missing_copies),
            "whole": result.is_complete,
        }
    )


def resolve_erasure_principal(request: PrivacyRequest, tasks: Iterable[Task]) -> Principal:
    """Whom an erasure is about now: the person; once it ran, the orders that it had to spare."""
    own = next((task for task in tasks if task.action is TaskAction.ERASE), None)
    return Principal(order_ids=tuple(json.loads(own.cursor))) if own and own.cursor else request.principal


def find_order_ids_to_erase(request: PrivacyRequest, tasks: Sequence[Task], tx: Tx) -> set[str]:
    """Ids of the orders that the erasure is about now. An id that was merged away has none: they are the kept one's."""
    who = resolve_erasure_principal(request, tasks)
    if any(task.action is TaskAction.ERASE and task.state is TaskState.DONE for task in tasks):
        return set()  # what she ordered since is a new contract
    if tx.person_lookup.is_merged(request.shop, who):
        return set()
    return set(tx.index.list_orders(request.shop, who))


def find_orders_without_invoice_copy(
    request: PrivacyRequest, tasks: Sequence[Task], *, tx: Tx, services: Services
) -> list[str]:
    """Those of them that were invoiced, as far as anybody knows, and have no copy.

    None where nobody has looked: whoever erases sees to it that somebody has.
    """
    if not has_bridge_vault(services) or find_invoice_search_task(tasks) is None:
        return []
    return filter_orders_without_invoice(
        request.shop,
        find_order_ids_to_erase(request, tasks, tx) - read_invoice_search(tasks).never_invoiced,
        tx,
    )


def has_unsearched_orders(excluded_order_ids: Collection[str], tasks: Iterable[Task]) -> bool:
    """True where one of the spared orders became known after the last look: nobody asked about it yet."""
    return bool(set(excluded_order_ids) - read_invoice_search(tasks).missing_copies)


def filter_orders_without_invoice(shop: str, order_ids: Iterable[str], tx: Tx) -> list[str]:
    """Those of the orders that no sealed invoice stands for; a credit note is no copy of its invoice."""
    wanted = set(order_ids)
    have = tx.documents.find_documents_by_order_id(shop, wanted)
    return sorted(
        order_id
        for order_id in wanted
        if not any(document.kind is DocumentKind.INVOICE for document in have.get(order_id, ()))
    )


def complete_failed_invoice_search(
    request: PrivacyRequest, tasks: Sequence[Task], *, tx: Tx, services: Services
) -> Task | None:
    """The look as done, where it had failed and every copy that it missed is there now, or is others'; else None."""
    look, seen = find_invoice_search_task(tasks), read_invoice_search(tasks)
    if look is None or look.state is not TaskState.FAILED:
        return None
    ended = replace(look, state=TaskState.DONE, last_error="")
    if not has_bridge_vault(services):
        return replace(ended, outcome=Outcome.UNCONFIRMED)
    if not seen.is_complete or filter_orders_without_invoice(request.shop, seen.missing_copies, tx):
        return None
    return replace(
        ended,
        outcome=Outcome.RETAINED,
        cursor=encode_invoice_search(replace(seen, missing_copies=frozenset())),
    )


def sync_missing_copy_review(
    request: PrivacyRequest, missing_count: int, *, tx: Tx, services: Services
) -> None:
    """A person is asked while copies are missing, and not any more when they are there. Writes evidence."""
    open_ = tx.reviews.list_reviews(kind=MISSING_COPY_REVIEW_KIND, request_id=request.id)
    if missing_count and not open_:
        once = services.store.new_id("rev")  # a person may close it, and copies may be missing again
        tx.reviews.open_review(
            request.shop,
            MISSING_COPY_REVIEW_KIND,
            f"{missing_count} orders",
            request_id=request.id,
            idempotency_key=once,
        )
    for review in () if missing_count else open_:
        tx.reviews.close_review(review.id, actor="bridge", reason="copies_are_there")
