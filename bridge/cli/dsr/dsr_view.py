"""How a request is found and shown: with everything but the data subject."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.cli.printing import select_fields
from bridge.cli.shared.ids import exit_with_unknown_id
from bridge.model import IdentityCheck, PrivacyRequest, Task
from bridge.rules.requests.answer_times import is_late
from bridge.rules.requests.progress_codec import encode_detail
from bridge.store import Tx

REQUEST_KINDS = ("access", "erasure", "shop_erasure")
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
    "last_error",
)


def build_request_row(request: PrivacyRequest) -> dict[str, Any]:
    """Return what is shown of a request in lists and views: whether it is late counts from what reached the person."""
    return {**select_fields(request, REQUEST_COLUMNS), "late": is_late(request, datetime.now(UTC))}


def find_request_or_exit(tx: Tx, request_id: str) -> PrivacyRequest:
    """Return the request; exit with 1 if there is none."""
    request = tx.requests.get_request(request_id)
    return request or exit_with_unknown_id("req", request_id)


def _task_row(task: Task) -> dict[str, Any]:
    """Return a task as it is shown. What its progress holds of a person stays sealed."""
    names = ("id", "system", "action", "state", "attempts", "records", "outcome", "last_error")
    return {
        **select_fields(task, names),
        **({"customer": task.customer} if task.customer else {}),
        "gaps": [asdict(gap) for gap in task.gaps],
        "detail": encode_detail(task.progress),
        **select_fields(task, ("wake_at", "expected_by", "finished_at")),
    }


def _describe_identity(check: IdentityCheck | None) -> dict[str, Any] | None:
    """Return the last doubt about who asks and how it ended, without the proof."""
    names = ("doubt", "times_asked", "asked_at", "reminded_at", "failed_at", "method", "decided_at")
    return select_fields(check, names) if check else None


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
        **select_fields(request, ("subject", "external_ref", "received_at_basis", "webhook_received_at")),
        "clocks": dict(request.clocks),
        **select_fields(request, ("policy_sha256", "retention_sha256")),
        "orders_named": len(request.principal.order_ids),
        "identity": _describe_identity(tx.identity_checks.find_check(request.id)),
        "tasks": [_task_row(task) for task in tx.tasks.list_tasks(request.id)],
        "holds": [*(certificate or {}).get("kept", []), *list_request_holds(tx, request)],
        "facts": [asdict(event) for event in tx.evidence.list_facts_of_request(request.id)],
    }
