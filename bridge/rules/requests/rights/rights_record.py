"""Builds the record of a correction, restriction, objection or withdrawal of consent: what was asked and done, what was declined.

Pure. It stands where an erasure has its certificate, and is signed and superseded like it. Codes, counts and times: no value
that was corrected, and no person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bridge import __version__
from bridge.model import (
    CorrectionParticulars,
    Event,
    Fact,
    ObjectionParticulars,
    Particulars,
    PrivacyRequest,
    RequestKind,
    Restriction,
    RestrictionParticulars,
    Task,
    TaskAction,
    WithdrawalParticulars,
)
from bridge.rules.consents.channels import list_withdrawn_channels
from bridge.rules.requests.answer_times import judge_lateness
from bridge.rules.requests.lifecycle import RequestStatus
from bridge.rules.requests.progress_codec import encode_detail
from config.merchant_file.merchant import Merchant

RIGHTS_RECORD_SCHEMA = "rights-record/1"
RIGHTS_KINDS = (RequestKind.CORRECTION, RequestKind.RESTRICTION, RequestKind.OBJECTION, RequestKind.CONSENT_WITHDRAWAL)
INVOICES_AS_ISSUED = "as issued: a correction changes no document (CGST Rules r.56(8))"
DECISION_FACTS = (Fact.OBJECTION_DECIDED, Fact.RESTRICTION_END_SET, Fact.RESTRICTION_LIFTED)


def build_rights_record(
    request: PrivacyRequest,
    tasks: Sequence[Task],
    status: RequestStatus,
    *,
    facts: Sequence[Event],
    particulars: Particulars | None,
    restrictions: Sequence[Restriction],
    merchant: Merchant,
    now: datetime,
) -> dict[str, Any]:
    """Return the record without its signature: JSON-ready, times as ISO 8601 in UTC."""
    closed_at = request.closed_at or now
    is_declined = any(encode_detail(task.progress).get("declined") for task in tasks)
    return {
        "schema": RIGHTS_RECORD_SCHEMA,
        "request_id": request.id,
        "kind": request.kind.value,
        "shop": request.shop,
        "subject": request.subject,
        "status": "in_progress" if not status.complete else "partly_fulfilled" if is_declined else "fulfilled",
        "issued_at": now.isoformat(),
        "controller": {"name": merchant.legal_name or merchant.trading_name, "contact": merchant.officer.email},
        "clock": {
            "received_at": request.received_at.isoformat(),
            "received_at_basis": request.received_at_basis,
            "due_at": request.due_at.isoformat(),
            "due_governed_by": request.due_governed_by,
            "completed_at": closed_at.isoformat() if status.complete else None,
            "answered_at": request.answered_at.isoformat() if request.answered_at else None,
            "late": judge_lateness(replace(request, closed_at=closed_at), now),
        },
        "asked": _describe_particulars(particulars),
        "done": [_describe_task(task) for task in tasks if task.action is not TaskAction.NOTIFY_PROCESSOR],
        "recipients": [_describe_task(task) for task in tasks if task.action is TaskAction.NOTIFY_PROCESSOR],
        "restrictions": [_describe_restriction(one, merchant) for one in restrictions],
        "decisions": [_describe_decision(fact) for fact in facts if fact.fact in DECISION_FACTS],
        **({} if request.kind is RequestKind.CONSENT_WITHDRAWAL else {"invoices": INVOICES_AS_ISSUED}),
        "policy": {"policy_sha256": request.policy_sha256, "software": __version__},
        "evidence": {
            "first_seq": facts[0].seq if facts else None,
            "last_seq": facts[-1].seq if facts else None,
            "head_hash": facts[-1].hash if facts else None,
        },
    }


def _describe_particulars(particulars: Particulars | None) -> dict[str, Any]:
    """Return what was asked for as names and codes; nothing once the details have expired."""
    if isinstance(particulars, CorrectionParticulars):
        return {"fields": [change.field for change in particulars.changes]}
    if isinstance(particulars, RestrictionParticulars):
        return {"ground": particulars.ground}
    if isinstance(particulars, WithdrawalParticulars):
        return {"channels": list(list_withdrawn_channels(particulars.channels))}
    return {"purposes": list(particulars.purposes)} if isinstance(particulars, ObjectionParticulars) else {}


def _describe_task(task: Task) -> dict[str, Any]:
    return {
        "system": task.system,
        "action": task.action.value,
        "state": task.state.value,
        "outcome": task.outcome.value if task.outcome else None,
        "records": task.records,
        "finished_at": task.finished_at.isoformat() if task.finished_at else None,
        "reason": task.last_error,
        **({"detail": detail} if (detail := encode_detail(task.progress)) else {}),
    }


def _describe_restriction(restriction: Restriction, merchant: Merchant) -> dict[str, Any]:
    """Return a restriction; of one purpose with how the merchant says that programs of others leave the person out."""
    return {
        "purpose": restriction.purpose or "all",
        "ground": restriction.ground,
        "orders": restriction.orders,
        "since": restriction.since.isoformat(),
        "ends_at": restriction.ends_at.isoformat() if restriction.ends_at else None,
        "lifted_at": restriction.lifted_at.isoformat() if restriction.lifted_at else None,
        **({"stopped_by": merchant.rights.stop.get(restriction.purpose, "")} if restriction.purpose else {}),
    }


def _describe_decision(fact: Event) -> dict[str, Any]:
    names = ("outcome", "purposes", "code", "ends_at", "informed_at")
    detail: Mapping[str, Any] = fact.detail
    return {"at": fact.at.isoformat(), "fact": fact.fact, **{name: detail[name] for name in names if name in detail}}
