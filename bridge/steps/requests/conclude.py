"""Concludes a run of a request: it is answered or certified, closed, or left waiting, by where its tasks stand.

Package or certificate, state and facts are stored in one transaction, so that the answer says what was read; a package
is built before it, since building takes seconds and a writer of SQLite would hold up every webhook. A request is closed
when the data subject can be answered; it stays `waiting` while a processor must still answer, and its certificate says
so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bridge.errors import ConcurrentChange
from bridge.model import (
    Document,
    Event,
    Fact,
    Lease,
    PlanLine,
    PrivacyRequest,
    RefundState,
    RequestKind,
    RequestState,
    Task,
    TaskState,
)
from bridge.rules.erasure.certificate import build_certificate
from bridge.rules.erasure.remaining_data import list_remaining_data
from bridge.rules.evidence.chain import encode_canonical_json
from bridge.rules.requests.answer_times import judge_lateness
from bridge.rules.requests.lifecycle import CERTIFIED_KINDS, RequestStatus, assess_request_status, list_ready_tasks
from bridge.rules.requests.rights.rights_record import RIGHTS_KINDS, build_rights_record
from bridge.rules.retention.consent_evidence import list_kept_consents, plan_kept_consents
from bridge.services import Services
from bridge.steps.access.package import AccessPackage, build_access_package, save_access_package
from bridge.steps.erasure.held.held_lines import list_held_lines
from bridge.steps.letters.queue_answers import queue_closing_letter, queue_supplement
from bridge.steps.operations.log_life import log_conclusion

if TYPE_CHECKING:
    from bridge.store import Tx


FIELDS_OF_ISSUE = ("issued_at", "number", "supersedes", "evidence", "signature")
MAX_BUILDS = 3  # of one package: its tasks may change while it is built, by an operator's answer


def conclude_request(
    request_id: str,
    lease: Lease,
    *,
    has_changed: bool,
    gave_way: bool = False,
    is_waiting: bool = False,
    services: Services,
) -> None:
    """Update the state of a request and release its lease.

    `has_changed` says that a task changed in what is reported: only then is a package or certificate made anew. A
    request that `gave_way` is due again at once. So is one with a task that is ready, unless it `is_waiting` for somebody
    before anything runs: a request that joined it, or a replay, has opened that task again since its turn.
    Raises LeaseLost, StoreUnavailable, and ConcurrentChange where the tasks changed at each try.
    """
    for _ in range(MAX_BUILDS):
        with _build_due_document(request_id, has_changed, services) as due, services.store.transaction() as tx:
            tx.requests.verify_lease(lease)
            if due.state != _read_state(request_id, tx):
                continue
            before = tx.requests.get_request(request_id)
            is_due = gave_way or (not is_waiting and _has_opened_task(due.state[0], services))
            status = _record_conclusion(before, lease, due, is_due, tx, services)
        if before is not None and status is not None:
            tasks, _ = due.state
            log_conclusion(before, status, tasks, late=judge_lateness(before, services.clock.now()))
        return
    raise ConcurrentChange


@dataclass(frozen=True, kw_only=True, slots=True)
class _DueDocument:
    """What a request's tasks and facts are, and the package or certificate that is due and was built from them."""

    state: tuple[list[Task], list[Event]]
    package: AccessPackage | None = None
    certificate: dict[str, Any] | None = None


def _read_state(request_id: str, tx: Tx) -> tuple[list[Task], list[Event]]:
    return tx.tasks.list_tasks(request_id), tx.evidence.list_facts_of_request(request_id)


def _has_opened_task(tasks: Sequence[Task], services: Services) -> bool:
    """Return whether a task is ready that waits for no day: one that waits has its own wake-up time."""
    return any(task.state is TaskState.PENDING for task in list_ready_tasks(tasks, services.clock.now()))


@contextmanager
def _build_due_document(request_id: str, has_changed: bool, services: Services) -> Iterator[_DueDocument]:
    """Yield what is due, built from what stands; no writer waits meanwhile."""
    with ExitStack() as stack:
        with services.store.read() as tx:
            request, due = tx.requests.get_request(request_id), _DueDocument(state=_read_state(request_id, tx))
            tasks, _ = due.state
            if request and _is_document_due(request, _assess_status(request, tasks, tx), has_changed):
                if request.kind is RequestKind.ACCESS:
                    package = stack.enter_context(build_access_package(request, tasks, tx=tx, services=services))
                    due = replace(due, package=package)
                elif request.kind in CERTIFIED_KINDS:
                    status = _assess_status(request, tasks, tx)
                    due = replace(due, certificate=_build_certificate_body(request, tasks, status, tx, services))
        yield due


def _is_document_due(request: PrivacyRequest, status: RequestStatus, has_changed: bool) -> bool:
    return status.answerable and (has_changed or request.closed_at is None)


def _assess_status(request: PrivacyRequest, tasks: list[Task], tx: Tx) -> RequestStatus:
    """Return where a request stands: it is not answered while it is doubted who asks, also where that came during its last task."""
    status = assess_request_status(tasks)
    check = tx.identity_checks.find_open_check(request.id) if request.closed_at is None else None
    if check is None or not status.answerable:
        return status
    next_at = None if check.failed_at else request.due_at if check.reminded_at else min(check.remind_at, request.due_at)
    return replace(status, state=RequestState.WAITING, answerable=False, wake_at=next_at)


def _record_conclusion(
    request: PrivacyRequest | None, lease: Lease, due: _DueDocument, is_due: bool, tx: Tx, services: Services
) -> RequestStatus | None:
    if request is None:
        return None
    tasks, _ = due.state
    status = _assess_status(request, tasks, tx)
    if due.package is not None:
        save_access_package(request, due.package, tx=tx)
    elif due.certificate is not None:
        _save_certificate(request, due.certificate, status, tx, services)
    closes = status.answerable and request.closed_at is None
    closed_at = services.clock.now() if closes else request.closed_at
    tx.requests.release_lease(
        lease,
        state=status.state,
        wake_at=services.clock.now() if is_due else status.wake_at,
        complete=status.complete if status.answerable else None,
        closed_at=closed_at,
    )
    if due.package is not None and not closes:
        queue_supplement(request, tasks, tx=tx)
    if closes and closed_at is not None:
        tx.evidence.append_fact(
            Fact.REQUEST_CLOSED,
            shop=request.shop,
            request_id=request.id,
            subject=request.subject,
            state=status.state,
            complete=status.complete,
            late=judge_lateness(replace(request, closed_at=closed_at), closed_at),
        )
        queue_closing_letter(request, tx=tx, services=services)
    return status


def issue_certificate(
    request: PrivacyRequest, tasks: list[Task], status: RequestStatus, tx: Tx, services: Services
) -> None:
    """Make the certificate from what is stored now and record it, as `_save_certificate` does."""
    _save_certificate(request, _build_certificate_body(request, tasks, status, tx, services), status, tx, services)


def _build_certificate_body(
    request: PrivacyRequest, tasks: list[Task], status: RequestStatus, tx: Tx, services: Services
) -> dict[str, Any]:
    """Return the certificate or record from what is stored now, without its number and signature."""
    if request.kind in RIGHTS_KINDS:
        return build_rights_record(
            replace(request, shop=tx.shop_names.directory.find_current_name(request.shop)),
            tasks,
            status,
            facts=tx.evidence.list_facts_of_request(request.id),
            particulars=tx.request_details.get_details(request.id, request.kind).particulars,
            restrictions=tx.restrictions.list_restrictions(request.id),
            merchant=services.merchant,
            now=services.clock.now(),
        )
    documents: dict[str, list[Document]] = {}
    for document in (
        tx.documents.list_documents(shop=request.shop)
        if request.kind is RequestKind.SHOP_ERASURE
        else tx.documents.list_documents_of_request(request.id)
    ):
        documents.setdefault(document.order_key, []).append(document)
    orders = {(request.shop, order_key) for order_key in documents}
    return build_certificate(
        replace(request, shop=tx.shop_names.directory.find_current_name(request.shop)),
        tasks,
        status,
        facts=tx.evidence.list_facts_of_request(request.id),
        documents=documents,
        legal_holds={key: holds for (_, key), holds in tx.legal_holds.find_legal_holds_by_order(orders).items()},
        remaining_data=_list_remaining_data(request, tasks, tx, services),
        plan=tx.plans.find_plan(request.id),
        merchant=services.merchant,
        retention=services.retention,
        now=services.clock.now(),
    )


def _save_certificate(
    request: PrivacyRequest, body: dict[str, Any], status: RequestStatus, tx: Tx, services: Services
) -> None:
    """Sign and record a certificate; a former one is kept, and named as superseded.

    Where the former one says the same, it stays the newest.
    """
    former = tx.packages.find_certificate(request.id)
    if former and _extract_content(former) == _extract_content(body):
        return
    superseded = tx.packages.list_superseded_certificates(request.id)
    number = former.get("number", len(superseded) + 1) + 1 if former else 1
    body |= {"number": number, "supersedes": _identify_certificate(former, number - 1) if former else None}
    signature = {"alg": "Ed25519", "canonicalisation": "RFC 8785", "value": services.sign(encode_canonical_json(body))}
    tx.packages.save_certificate(request.id, {**body, "signature": signature})
    tx.evidence.append_fact(
        Fact.CERTIFICATE_ISSUED,
        shop=request.shop,
        request_id=request.id,
        subject=request.subject,
        complete=status.complete,
        number=number,
        **({"supersedes": body["supersedes"]["sha256"]} if former else {}),
        signature=signature["value"],
    )


def _extract_content(certificate: Mapping[str, Any]) -> bytes:
    """Return what a certificate says of an erasure, as canonical JSON: without what each issue has of its own."""
    content = {name: value for name, value in certificate.items() if name not in FIELDS_OF_ISSUE}
    policy = {name: value for name, value in certificate["policy"].items() if name != "software"}
    return encode_canonical_json({**content, "policy": policy})


def reissue_certificates(request_ids: Iterable[str], *, tx: Tx, services: Services) -> None:
    """Make the certificates of these requests anew, because what they say has changed; those that have one."""
    for request_id in sorted(set(request_ids) - {""}):
        request = tx.requests.get_request(request_id)
        if request is not None and tx.packages.find_certificate(request_id) is not None:
            tasks = tx.tasks.list_tasks(request_id)
            status = assess_request_status(tasks)
            is_complete = status.complete and request.complete is not False
            issue_certificate(request, tasks, replace(status, complete=is_complete), tx, services)


def _identify_certificate(certificate: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return what names a former certificate: its number, and the SHA-256 of its canonical form without the signature."""
    unsigned = {name: value for name, value in certificate.items() if name != "signature"}
    digest = hashlib.sha256(encode_canonical_json(unsigned)).hexdigest()
    return {"number": number, "issued_at": certificate["issued_at"], "sha256": digest}


def _list_remaining_data(request: PrivacyRequest, tasks: list[Task], tx: Tx, services: Services) -> list[PlanLine]:
    if request.kind is RequestKind.SHOP_ERASURE:
        return []
    refunds = [
        account
        for account in tx.refunds.list_refund_accounts_of_request(request.id)
        if account.state is not RefundState.ERASED
    ]
    held = list_held_lines(request, tasks, tx=tx, services=services)
    now = services.clock.now()
    consents = len(list_kept_consents(tasks))
    held += plan_kept_consents(consents, request.closed_at or now, retention=services.retention, now=now)
    return held + list_remaining_data(
        refunds=refunds,
        legally_held_refund_ids=tx.refunds.find_account_ids_on_legal_hold(refunds),
        notice_items=tx.notice_items.list_items(request_id=request.id),
        principal=request.principal,
        retention=services.retention,
        now=services.clock.now(),
    )
