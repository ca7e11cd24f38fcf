"""One request as it is shown and written: everything but the person."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from bridge.cli.context import exit_with_error
from bridge.model import PrivacyRequest, Task
from bridge.store.sql import SqlTx

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
    "complete",
    "last_error",
)


def find_request_or_exit(tx: SqlTx, request_id: str) -> PrivacyRequest:
    """The request; ends the command with 1 where there is none."""
    request = tx.requests.get_request(request_id)
    if request is None:
        exit_with_error(f"There is no request {request_id}. `dsr list` shows them.")
    return request


def _task_row(task: Task) -> dict[str, Any]:
    """A task as shown: its cursor may name a person's things and stays sealed."""
    return {
        "id": task.id,
        "system": task.system,
        "action": task.action,
        "state": task.state,
        "attempts": task.attempts,
        "records": task.records,
        "outcome": task.outcome,
        "last_error": task.last_error,
        "gaps": [asdict(gap) for gap in task.gaps],
        "detail": dict(task.detail),
        "wake_at": task.wake_at,
        "expected_by": task.expected_by,
        "finished_at": task.finished_at,
    }


def list_request_holds(tx: SqlTx, request: PrivacyRequest) -> list[dict[str, Any]]:
    """What is held of the request's person just now: sealed documents by their day, claims."""
    orders = [(request.shop, key) for key in tx.legal_holds.find_order_keys_of_request(request)]
    groups: dict[tuple[date | None, tuple[str, ...]], int] = {}
    for documents in tx.vault_orders.group_documents_by_order(orders).values():
        for one in documents:
            key = (one.erasable_from, one.grounds)
            groups[key] = groups.get(key, 0) + 1
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
    claims = [
        {
            "category": "legal_claim",
            "what": f"{claim.id} {claim.reference}",
            "action": "restrict",
            "grounds": [{"ground": "legal_claim"}],
            "until": None,
            "review_due_at": claim.review_due_at.isoformat(),
        }
        for claim in tx.legal_holds.list_active_legal_holds(
            shop=request.shop,
            request_id=request.id,
            subject=request.subject,
            order_keys=[key for _, key in orders],
        )
    ]
    return [*sealed, *claims]


def describe_request(tx: SqlTx, request: PrivacyRequest) -> dict[str, Any]:
    """Everything that is shown of a request: clocks, tasks, holds, facts."""
    certificate = tx.packages.find_certificate(request.id)
    return {
        **{name: getattr(request, name) for name in REQUEST_COLUMNS},
        "subject": request.subject,
        "external_ref": request.external_ref,
        "received_at_basis": request.received_at_basis,
        "webhook_received_at": request.webhook_received_at,
        "clocks": dict(request.clocks),
        "policy_sha256": request.policy_sha256,
        "retention_sha256": request.retention_sha256,
        "orders_named": len(request.principal.order_ids),
        "tasks": [_task_row(task) for task in tx.requests.list_tasks(request.id)],
        "holds": [*(certificate or {}).get("kept", []), *list_request_holds(tx, request)],
        "facts": [asdict(event) for event in tx.evidence.list_facts_of_request(request.id)],
    }
