"""What is shown of a request, by commands and by the API: everything but the data subject."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bridge.model import IdentityCheck, PrivacyRequest, Task
from bridge.rules.desk.deadline_warnings import compute_hours_left, is_acknowledgement_awaited
from bridge.rules.requests.answer_times import find_fulfilled_at, is_late
from bridge.rules.requests.progress_codec import encode_detail
from bridge.steps.identity.marked_minors import list_marked_minors

if TYPE_CHECKING:
    from bridge.store import Tx

LATE = "late"  # where a request stands whose day has passed without an answer
REQUEST_COLUMNS = (
    "id",
    "shop",
    "kind",
    "source",
    "state",
    "received_at",
    "acknowledge_due_at",
    "due_at",
    "due_governed_by",
    "closed_at",
    "handed_over_at",
    "answered_at",
    "answer_basis",
    "complete",
    "ending",
    "last_error",
)

MAIL_FIELDS = ("id", "kind", "state", "arrived_at")
LETTER_FIELDS = ("id", "kind", "number", "state", "created_at", "sent_at", "last_error")


def build_request_row(request: PrivacyRequest, *, acknowledged_at: datetime | None = None) -> dict[str, Any]:
    """Return what is shown of a request in lists and views: whether it is late counts from what reached the person.

    `standing` is its state, or `late`; the hours that are left are negative where a day has passed.
    """
    now = datetime.now(UTC)
    late, is_open = is_late(request, now), find_fulfilled_at(request) is None
    awaits_acknowledgement = is_acknowledgement_awaited(request) and acknowledged_at is None
    return {
        **_pick(request, REQUEST_COLUMNS),
        "standing": LATE if late and is_open else request.state.value,
        "hours_left": compute_hours_left(request.due_at, now) if is_open else None,
        "acknowledge_hours_left": (
            compute_hours_left(request.acknowledge_due_at, now) if awaits_acknowledgement else None
        ),
        "late": late,
    }


def _task_row(task: Task) -> dict[str, Any]:
    """Return a task as it is shown. What its progress holds of a person stays sealed."""
    names = ("id", "system", "action", "state", "attempts", "records", "outcome", "last_error")
    return {
        **_pick(task, names),
        **({"customer": task.customer} if task.customer else {}),
        "gaps": [asdict(gap) for gap in task.gaps],
        "detail": encode_detail(task.progress),
        **_pick(task, ("wake_at", "expected_by", "finished_at")),
    }


def _describe_identity(check: IdentityCheck | None) -> dict[str, Any] | None:
    """Return the last doubt about who asks and how it ended, without the proof."""
    names = ("doubt", "times_asked", "asked_at", "reminded_at", "failed_at", "method", "decided_at")
    return _pick(check, names) if check else None


def list_request_holds(tx: Tx, request: PrivacyRequest) -> list[dict[str, Any]]:
    """Return what is kept of the data subject now: sealed documents grouped by their day, and legal holds."""
    orders = [(request.shop, key) for key in tx.legal_holds.find_order_keys_of_request(request)]
    groups = Counter(
        (document.erasable_from, document.grounds)
        for documents in tx.vault_orders.group_documents_by_order(orders).values()
        for document in documents
    )
    sealed = [
        {
            "category": "invoice_document",
            "what": f"{count} sealed documents",
            "action": "seal",
            "grounds": [{"ground": ground} for ground in grounds],
            "until": (day - timedelta(days=1)).isoformat() if day else None,
        }
        for (day, grounds), count in groups.items()
    ]
    legal_holds = [
        {
            "category": "legal_claim",
            "what": f"{legal_hold.id} {legal_hold.reference}",
            "action": "restrict",
            "grounds": [{"ground": "legal_claim"}],
            "until": None,
            "review_due_at": legal_hold.review_due_at.isoformat(),
        }
        for legal_hold in tx.legal_holds.list_active_legal_holds(
            shop=request.shop, request_id=request.id, subject=request.subject, order_keys=[key for _, key in orders]
        )
    ]
    return [*sealed, *legal_holds]


def describe_request(tx: Tx, request: PrivacyRequest) -> dict[str, Any]:
    """Return everything that is shown of a request: clocks, tasks, holds, facts."""
    certificate = tx.packages.find_certificate(request.id)
    return {
        **build_request_row(request),
        "shop": tx.shop_names.directory.find_current_name(request.shop),
        **_pick(request, ("subject", "external_ref", "received_at_basis", "webhook_received_at")),
        "clocks": dict(request.clocks),
        **_pick(request, ("policy_sha256", "retention_sha256")),
        "orders_named": len(request.principal.order_ids),
        "tasks": [_task_row(task) for task in tx.tasks.list_tasks(request.id)],
        "letters": [_pick(letter, LETTER_FIELDS) for letter in tx.person_letters.list_letters(request.id)],
        "holds": [*(certificate or {}).get("kept", []), *list_request_holds(tx, request)],
        "mails": [_pick(mail, MAIL_FIELDS) for mail in tx.mails.list_mails(request.id)],
        "minor": request.id in list_marked_minors([request.id], tx),
        "identity": _describe_identity(tx.identity_checks.find_check(request.id)),
        "restrictions": [asdict(one) for one in tx.restrictions.list_restrictions(request.id)],
        "facts": [asdict(event) for event in tx.evidence.list_facts_of_request(request.id)],
    }


def _pick(record: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}
