"""Build and seal the access package: the copy of the data subject's personal data with a letter.

Reads findings page by page while no writer waits, then stores the sealed package in the caller's transaction;
`write_access_package` builds the same package from plain values. Never calls another system and never stores a finding or a file in the clear.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from bridge.errors import ConcurrentChange
from bridge.model import Document, ErasureRecord, Fact, PrivacyRequest, RefundState, Task, TaskAction, TaskState
from bridge.rules.erasure.plan import PERSONAL_DATA_TABLES
from bridge.rules.erasure.tombstone import (
    PriorErasureSummary,
    RemainingData,
    compute_suppression_end,
    group_remaining_data,
    summarise_kept_consents,
)
from bridge.rules.requests.progress_codec import encode_detail
from bridge.rules.retention.consent_evidence import list_kept_consents
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.steps.access.package.letter import PackageInput
from bridge.steps.access.package.own_records import OwnRecords
from bridge.steps.access.package.package import PackageManifest, write_access_package
from bridge.steps.identity.marked_minors import list_marked_minors
from bridge.steps.index import flag_sensitive_text

if TYPE_CHECKING:
    from bridge.store import Tx
    from bridge.store.access.packages import SealedPieces

__all__ = [
    "AccessPackage",
    "PackageInput",
    "PackageManifest",
    "build_access_package",
    "renew_unstated_package",
    "save_access_package",
    "write_access_package",
]


_PLATFORM_ACTIONS = (TaskAction.REQUEST_PLATFORM_ERASURE, TaskAction.POLL_PLATFORM_ERASURE)


@dataclass(frozen=True, slots=True)
class AccessPackage:
    """A built package: its sealed pieces, not stored yet, what its manifest says, and which documents it was made from."""

    pieces: SealedPieces
    manifest: PackageManifest
    opened_document_ids: tuple[str, ...] = ()


@contextmanager
def build_access_package(
    request: PrivacyRequest, tasks: Sequence[Task], *, tx: Tx, services: Services
) -> Iterator[AccessPackage]:
    """Build the request's package from what `tx` reads; it is sealed and not stored. Raises StoreUnavailable."""
    erasures = tx.erasures.list_prior_erasures(request.shop, request.principal)
    own = OwnRecords(request, erasures, tx, services)
    package = PackageInput(
        request=request,
        tasks=tasks,
        records=own.iterate_records,
        own_gaps=own.gaps,
        searches_own_records=True,
        merchant=services.merchant,
        retention=services.retention,
        prepared_at=services.clock.now(),
        prior_erasures=_describe_prior_erasures(request, erasures, tx=tx, services=services),
        signing_key_fingerprint=services.signing_key_fingerprint,
        is_minor=request.id in list_marked_minors([request.id], tx),
    )
    with closing(tx.packages.open_pieces(request.id)) as pieces:
        manifest = write_access_package(package, cast("IO[bytes]", pieces))
        yield AccessPackage(pieces, manifest, tuple(own.opened_document_ids))


def save_access_package(request: PrivacyRequest, package: AccessPackage, *, tx: Tx) -> None:
    """Store the package in place of the request's former one and record it. Raises StoreUnavailable."""
    manifest = package.manifest
    tx.packages.save_package(request.id, package.pieces)
    tx.evidence.append_fact(
        Fact.PACKAGE_SEALED,
        shop=request.shop,
        request_id=request.id,
        subject=request.subject,
        files=len(manifest.files),
        records=manifest.records,
        complete=manifest.complete,
        recipients_named=manifest.recipients_named,
        statements_missing=manifest.statements_missing,
        contacts_missing=manifest.contacts_missing,
        manifest_sha256=manifest.manifest_sha256,
    )
    if package.opened_document_ids:
        tx.evidence.append_fact(
            Fact.DOCUMENT_OPENED,
            shop=request.shop,
            request_id=request.id,
            subject=request.subject,
            documents=list(package.opened_document_ids),
            reason="number and total for the data subject's copy",
        )
    if manifest.texts_masked:
        tx.reviews.open_review(
            request.shop,
            flag_sensitive_text.BANK_DETAILS_REVIEW_KIND,
            "records of an access request: notes, attributes or metafields",
            request_id=request.id,
        )


def renew_unstated_package(request_id: str, *, services: Services) -> None:
    """Build the package anew where the merchant's file left something unsaid when it was sealed; else do nothing.

    Raises StoreUnavailable, and ConcurrentChange where the request's tasks changed meanwhile.
    """
    with ExitStack() as stack:
        with services.store.read() as tx:
            request, tasks = tx.requests.get_request(request_id), tx.tasks.list_tasks(request_id)
            if request is None or not _is_package_unstated(request_id, tx):
                return
            package = stack.enter_context(build_access_package(request, tasks, tx=tx, services=services))
        with services.store.transaction() as tx:
            if tasks != tx.tasks.list_tasks(request_id) or not tx.packages.filter_kept_packages([request_id]):
                raise ConcurrentChange
            save_access_package(request, package, tx=tx)


def _is_package_unstated(request_id: str, tx: Tx) -> bool:
    facts = tx.evidence.list_facts_of_request(request_id)
    sealed = [event.detail for event in facts if event.fact == Fact.PACKAGE_SEALED]
    is_unstated = bool(sealed and (sealed[-1].get("statements_missing") or sealed[-1].get("contacts_missing")))
    return is_unstated and bool(tx.packages.filter_kept_packages([request_id]))


def _describe_prior_erasures(
    request: PrivacyRequest, erasures: Sequence[ErasureRecord], *, tx: Tx, services: Services
) -> tuple[PriorErasureSummary, ...]:
    """Return the earlier erasures of the request's data subject, newest first; each document is listed once.

    Reads by pseudonyms and ids; opens no document and no bank details.
    """
    seen_document_ids: set[str] = set()
    return tuple(_build_prior_erasure(erasure, request.shop, seen_document_ids, tx, services) for erasure in erasures)


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
    accounts = tx.refunds.list_refund_accounts_of_request(erasure.request_id)
    refunds = [account for account in accounts if account.state is not RefundState.ERASED]
    all_tasks = tx.tasks.list_tasks(erasure.request_id)
    tasks = [task for task in all_tasks if task.action is TaskAction.ERASE]
    waits = [task for task in all_tasks if task.action in _PLATFORM_ACTIONS and task.state is not TaskState.DONE]
    zone = services.retention.calendar
    return PriorErasureSummary(
        erasure=erasure,
        finished=all(task.state is TaskState.DONE for task in tasks),
        removed={
            table: count
            for task in tasks
            for table in PERSONAL_DATA_TABLES
            if (count := encode_detail(task.progress).get(table))
        },
        rests=group_remaining_data(
            documents,
            {order_key: holds for (_, order_key), holds in holds_by_order.items()},
            refunds,
            tx.refunds.find_account_ids_on_legal_hold(refunds),
            retention=services.retention,
            now=services.clock.now(),
        )
        + _summarise_consents(erasure, all_tasks, tx, services),
        codes_until=compute_suppression_end(erasure.erased_at, services.retention),
        platform_waits=bool(waits),
        platform_waits_until=max(
            (local_day(task.expected_by, zone) for task in waits if task.expected_by), default=None
        ),
    )


def _summarise_consents(
    erasure: ErasureRecord, tasks: Sequence[Task], tx: Tx, services: Services
) -> tuple[RemainingData, ...]:
    """Return the consents that the erasure keeps as proof, from the day on which its request was closed."""
    events = list_kept_consents(tasks)
    if not events:
        return ()
    closed_at = tx.requests.read_request_row(erasure.request_id).closed_at or erasure.erased_at
    return summarise_kept_consents(events, closed_at, retention=services.retention, now=services.clock.now())
