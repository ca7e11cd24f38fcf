"""Builds the certificate of erasure: what was done where, what stays under which law until when, who must answer.

Pure: builds from what was recorded, and says only what is known. Holds pseudonyms, counts and dates; no person.
Words: DPV 2.2 for structure, NIST SP 800-88r2 for the method (logical and cryptographic erase).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from bridge import __version__
from bridge.model import (
    Document,
    EraseProgress,
    Event,
    Fact,
    LegalHold,
    Outcome,
    PlanLine,
    PrivacyRequest,
    RequestKind,
    ShopEraseProgress,
    Task,
    TaskAction,
    WaitReason,
)
from bridge.rules.erasure.certificate_recipients import (
    describe_consent_evidence,
    has_customer_in_doubt,
    is_platform_cancelled,
    list_platform_tasks,
    list_processor_tasks,
    list_unreachable_processors,
)
from bridge.rules.erasure.plan import (
    CUSTOMER_MERGED_AWAY,
    MAX_AGE_GROUND,
    PROOF_CATEGORIES,
    find_legal_last_day,
    group_sealed_documents,
)
from bridge.rules.erasure.remnants import describe_remnants
from bridge.rules.index.unreadable_identifiers import UNREADABLE_IDENTIFIER
from bridge.rules.requests.answer_times import judge_lateness
from bridge.rules.requests.deadlines import add_months_to_date
from bridge.rules.requests.lifecycle import FINISHED_STATES, RequestStatus
from bridge.rules.retention.citations import describe_basis
from bridge.rules.retention.holds import RetentionHold, find_retention_holds
from bridge.rules.retention.release import INVOICE_CATEGORY
from bridge.rules.retention.statutory_last_days import local_day
from bridge.rules.shops.shop_erasure import list_remaining_rows
from config.merchant_file.merchant import Merchant
from config.retention_file.retention import Retention

CERTIFICATE_SCHEMA = "erasure-certificate/5"


def build_certificate(
    request: PrivacyRequest,
    tasks: Sequence[Task],
    status: RequestStatus,
    *,
    facts: Sequence[Event],
    documents: Mapping[str, Sequence[Document]],
    legal_holds: Mapping[str, Sequence[LegalHold]],
    remaining_data: Sequence[PlanLine],
    plan: Mapping[str, Any] | None,
    merchant: Merchant,
    retention: Retention,
    now: datetime,
) -> dict[str, Any]:
    """Return the certificate without its signature: JSON-ready, times as ISO 8601 in UTC, days as dates.

    `documents` are the sealed copies that remain, `legal_holds` what keeps them besides the law, both by order;
    `remaining_data` is what else stays for a while; `plan` is what was planned before anything was changed, with what
    differed when it was carried out.
    """
    own = next((task for task in tasks if task.action is TaskAction.ERASE), None)
    erasure = own.progress if own else None
    is_cancelled = is_platform_cancelled(tasks)
    closed_at = request.closed_at or now  # a certificate that is made anew makes no request late
    certificate_status = "partly_fulfilled" if is_cancelled else _derive_certificate_status(own, status)
    return {
        "schema": CERTIFICATE_SCHEMA,
        "request_id": request.id,
        "kind": request.kind,
        "shop": request.shop,
        "subject": request.subject,
        "status": certificate_status,
        "outcome": "erased_in_part" if is_cancelled else _derive_certificate_outcome(own, status, tasks),
        **({"limited_to_known_at": cutoff} if (cutoff := _find_cutoff(request, facts)) else {}),
        **({"reason": own.last_error} if own and _is_ended_without_erasure(own) else {}),
        "issued_at": now.isoformat(),
        "controller": {
            "name": merchant.legal_name or merchant.trading_name,
            "contact": {
                "name": merchant.officer.name,
                "email": merchant.officer.email,
                "phone": merchant.officer.phone,
            },
        },
        "clock": {
            "received_at": request.received_at.isoformat(),
            "received_at_basis": request.received_at_basis,
            "acknowledge_due_at": request.acknowledge_due_at.isoformat(),
            "due_at": request.due_at.isoformat(),
            "due_governed_by": request.due_governed_by,
            "completed_at": _find_completed_at(certificate_status, tasks, closed_at),
            "answered_at": request.answered_at.isoformat() if request.answered_at else None,
            "late": judge_lateness(replace(request, closed_at=closed_at), now),
        },
        "erased": _list_erased_tables(own),
        "remnants": describe_remnants(facts),
        **({"not_searched": unsearched} if (unsearched := _list_unsearched_identifiers(own)) else {}),
        "kept": [
            *_list_sealed_documents(documents, legal_holds, retention, now),
            *(_format_remaining_line(line) for line in remaining_data),
            *_list_remaining_proofs(request, retention, closed_at),
            *(list_remaining_rows(erasure.remaining, retention) if isinstance(erasure, ShopEraseProgress) else ()),
        ],
        "plan": plan,
        "platform": list_platform_tasks(tasks),
        "consents": describe_consent_evidence(tasks),
        "processors": list_processor_tasks(tasks, merchant),
        "not_instructed": list_unreachable_processors(tasks, merchant),
        "policy": {
            "policy_sha256": request.policy_sha256,
            "retention_sha256": request.retention_sha256,
            "software": __version__,
        },
        "evidence": {
            "first_seq": facts[0].seq if facts else None,
            "last_seq": facts[-1].seq if facts else None,
            "head_hash": facts[-1].hash if facts else None,
        },
    }


def _find_cutoff(request: PrivacyRequest, facts: Sequence[Event]) -> str:
    """Return when the bytes of an erasure's webhooks first came, '' where one of them was new: it is about everything."""
    receipts = [fact.detail for fact in facts if fact.fact in (Fact.REQUEST_OPENED, Fact.REQUEST_JOINED)]
    first = [str(receipt.get("first_received_at", "")) for receipt in receipts]
    return max(first, default="") if request.kind is RequestKind.ERASURE and all(first) else ""


def _is_ended_without_erasure(erase_task: Task | None) -> bool:
    """Return whether an operator ended the request without erasing: the gap says what is still there."""
    return (
        erase_task is not None
        and erase_task.outcome is Outcome.RETAINED
        and erase_task.wait_reason is not WaitReason.HELD_BY_LAW
        and bool(erase_task.gaps)
    )


def _find_completed_at(status: str, tasks: Sequence[Task], closed_at: datetime) -> str | None:
    """Return when the last system was done with it; None while one must still act or answer."""
    if status == "in_progress" or any(task.state not in FINISHED_STATES for task in tasks):
        return None
    return max((closed_at, *(task.finished_at for task in tasks if task.finished_at))).isoformat()


def _derive_certificate_status(erase_task: Task | None, status: RequestStatus) -> str:
    is_nothing_found = erase_task is not None and _is_partly_searched(erase_task) and not erase_task.records
    if _is_ended_without_erasure(erase_task) or is_nothing_found:
        return "not_fulfilled"
    return "fulfilled" if status.complete else "in_progress"


def _derive_certificate_outcome(erase_task: Task | None, status: RequestStatus, tasks: Sequence[Task]) -> str:
    if erase_task is None or erase_task.outcome is None or _is_ended_without_erasure(erase_task):
        return "not_erased"
    if _is_partly_searched(erase_task):
        return "erased_in_part" if erase_task.records else "not_erased"
    if erase_task.outcome is Outcome.RETAINED:
        return "erased_in_part" if erase_task.records else "retained"
    if erase_task.outcome is Outcome.ABSENT:
        return "not_erased" if has_customer_in_doubt(tasks) else "nothing_held"
    return "erased" if status.complete else "erased_here_others_must_answer"


def _is_partly_searched(erase_task: Task) -> bool:
    return any(gap.reason == UNREADABLE_IDENTIFIER for gap in erase_task.gaps)


def _list_unsearched_identifiers(erase_task: Task | None) -> list[dict[str, str]]:
    """Return what could not be searched for, because the request names it in a form that cannot be read."""
    gaps = erase_task.gaps if erase_task else ()
    return [{"what": gap.what, "reason": gap.reason} for gap in gaps if gap.reason == UNREADABLE_IDENTIFIER]


def _list_erased_tables(erase_task: Task | None) -> list[dict[str, Any]]:
    """Return a line for each table that rows were removed from."""
    if erase_task is None or erase_task.finished_at is None:
        return []
    progress = erase_task.progress
    rows = progress.removed_rows if isinstance(progress, EraseProgress | ShopEraseProgress) else {}
    return [
        {
            "system": "bridge",
            "table": table,
            "action": "erased",
            "method": "rows deleted and data key destroyed (NIST SP 800-88r2: logical and cryptographic erase); what files may hold of them: `remnants`",
            "count": count,
            "verified_by": "re-read",
            "verified_at": erase_task.finished_at.isoformat(),
        }
        for table, count in sorted(rows.items())
        if table != CUSTOMER_MERGED_AWAY
    ]


def _list_remaining_proofs(request: PrivacyRequest, retention: Retention, closed_at: datetime) -> list[dict[str, Any]]:
    """Return what stays as proof: keyed hashes and the record of the request, each with its law and last day."""
    today = local_day(closed_at, retention)
    proofs = []
    for category_id, event in PROOF_CATEGORIES.items():
        category = retention.categories.get(category_id)
        if category is None or (request.kind is RequestKind.SHOP_ERASURE and category_id == "suppression"):
            continue
        holds = find_retention_holds(
            category, events={event: closed_at, "last_processing_at": closed_at}, today=today, retention=retention
        )
        grounds = [_format_ground(hold) for hold in holds]
        months = category.max_age.get("months")
        if not grounds and isinstance(months, int):
            last_day = add_months_to_date(today, months)
            grounds = [
                {
                    "ground": MAX_AGE_GROUND,
                    "law": describe_basis(category, "IN", today, retention),
                    "last_day": _format_optional_day(last_day),
                }
            ]
        proofs.append(
            {
                "category": category.id,
                "what": category.title,
                "action": category.held_action,
                "grounds": grounds,
                "until": _find_latest_day(ground["last_day"] for ground in grounds),
            }
        )
    return proofs


def _format_remaining_line(line: PlanLine) -> dict[str, Any]:
    return {
        "system": line.system,
        "category": line.category,
        "what": line.what,
        "action": line.action.value,
        "count": line.count,
        "grounds": [
            {"ground": ground, "law": law, "last_day": _format_optional_day(last_day)}
            for ground, law, last_day in line.grounds or [(ground, line.law, line.until) for ground in line.hold_ids]
        ],
        "until": _format_optional_day(line.until),
    }


def _list_sealed_documents(
    documents: Mapping[str, Sequence[Document]],
    legal_holds: Mapping[str, Sequence[LegalHold]],
    retention: Retention,
    now: datetime,
) -> list[dict[str, Any]]:
    """Return the statutory copies: what they hold, under which law, until when, and what must be decided before."""
    return [
        {
            "category": INVOICE_CATEGORY,
            "what": what,
            "action": "seal",
            "count": count,
            "grounds": [_format_ground(hold) for hold in keeping.holds],
            "until": _format_optional_day(find_legal_last_day(keeping)),
            "erasable_from": _format_optional_day(keeping.erasable_from),
            "release_needs": list(keeping.release_needs),
        }
        for what, keeping, count in group_sealed_documents(documents, legal_holds, retention=retention, now=now)
    ]


def _format_ground(hold: RetentionHold) -> dict[str, Any]:
    """Return a ground with its law, and the ground of the GDPR where there is one: Indian law is none of these."""
    ground = {"ground": hold.ground, "law": hold.citation, "last_day": _format_optional_day(hold.last_day)}
    return ground | ({"gdpr_ground": hold.gdpr_ground} if hold.gdpr_ground else {})


def _format_optional_day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _find_latest_day(days: Iterable[str | None]) -> str | None:
    """Return the latest day, None where one has no end or there is none."""
    found = list(days)
    return None if not found or None in found else max(day for day in found if day)
