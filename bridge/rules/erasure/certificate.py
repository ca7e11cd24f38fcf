"""The certificate of erasure: what was done where, what stays under which law until when, who must answer.

Pure: builds from what was recorded. Says only what is known: a processor that nobody told is "not yet
instructed", one that was told "asked, answer pending", a platform that cannot be asked "unconfirmed". Holds
pseudonyms, counts and dates; no person.
Words: DPV 2.2 for structure, NIST SP 800-88r2 for the method (logical and cryptographic erase).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bridge import __version__
from bridge.model import (
    Document,
    Event,
    LegalHold,
    Outcome,
    PlanLine,
    PrivacyRequest,
    RequestKind,
    Task,
    TaskAction,
    TaskState,
)
from bridge.rules.erasure.plan import (
    CUSTOMER_MERGED_AWAY,
    PROOF_CATEGORIES,
    find_legal_last_day,
    group_sealed_documents,
)
from bridge.rules.requests.deadlines import add_months_to_date
from bridge.rules.requests.lifecycle import RequestProgress
from bridge.rules.retention.holds import RetentionHold, find_retention_holds
from bridge.rules.retention.release import INVOICE_CATEGORY
from bridge.rules.shops.shop_erasure import REMAINING_COUNT_PREFIX as STAYED
from bridge.rules.shops.shop_erasure import list_remaining_rows
from config.merchant_file.merchant import Merchant
from config.retention_file.retention import Retention

CERTIFICATE_SCHEMA = "erasure-certificate/3"
PLATFORM_ACTIONS = (
    TaskAction.REQUEST_PLATFORM_ERASURE,
    TaskAction.REMOVE_PLATFORM_RESIDUE,
    TaskAction.POLL_PLATFORM_ERASURE,
)


def build_certificate(
    request: PrivacyRequest,
    tasks: Sequence[Task],
    progress: RequestProgress,
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
    """The certificate without its signature; JSON-ready, moments as ISO 8601 in UTC, days as dates.

    `documents` are the sealed copies that are left of her orders, `claims` what holds them beside the law, both by
    order; `rest` is what else stays for a while; `plan` is what was planned before anything was changed, with what was different at the deed.
    """
    own = next((task for task in tasks if task.action is TaskAction.ERASE), None)
    completed = request.closed_at or now  # a certificate that is made anew never makes a request late
    return {
        "schema": CERTIFICATE_SCHEMA,
        "request_id": request.id,
        "kind": request.kind,
        "shop": request.shop,
        "subject": request.subject,
        "status": _derive_certificate_status(own, progress),
        "outcome": _derive_certificate_outcome(own, progress),
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
            "completed_at": completed.isoformat(),
            "late": completed > request.due_at,
        },
        "erased": _list_erased_tables(own),
        "kept": [
            *_list_sealed_documents(documents, legal_holds, retention, now),
            *(_format_remaining_line(line) for line in remaining_data),
            *_list_remaining_proofs(request, retention, completed),
            *list_remaining_rows(own.detail if own else {}, retention),
        ],
        "plan": plan,
        "platform": [_format_platform_task(task) for task in tasks if task.action in PLATFORM_ACTIONS],
        "processors": [
            _format_processor_task(task, merchant)
            for task in tasks
            if task.action is TaskAction.NOTIFY_PROCESSOR
        ],
        "not_instructed": _list_unreachable_processors(tasks, merchant),
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


def _is_ended_without_erasure(erase_task: Task | None) -> bool:
    """True where a person ended the request without erasing: the gap says what is still there."""
    return erase_task is not None and erase_task.outcome is Outcome.RETAINED and bool(erase_task.gaps)


def _derive_certificate_status(erase_task: Task | None, progress: RequestProgress) -> str:
    if _is_ended_without_erasure(erase_task):
        return "not_fulfilled"
    return "fulfilled" if progress.complete else "in_progress"


def _derive_certificate_outcome(erase_task: Task | None, progress: RequestProgress) -> str:
    if erase_task is None or erase_task.outcome is None or _is_ended_without_erasure(erase_task):
        return "not_erased"
    if erase_task.outcome is Outcome.RETAINED:
        return "retained"
    if erase_task.outcome is Outcome.ABSENT:
        return "nothing_held"
    return "erased" if progress.complete else "erased_here_others_must_answer"


def _list_erased_tables(erase_task: Task | None) -> list[dict[str, Any]]:
    if erase_task is None or erase_task.finished_at is None:
        return []
    return [
        {
            "system": "bridge",
            "table": table,
            "action": "erased",
            "method": "rows deleted, data key destroyed so that remnants cannot be read (NIST SP 800-88r2: logical and cryptographic erase)",
            "count": count,
            "verified_by": "re-read",
            "verified_at": erase_task.finished_at.isoformat(),
        }
        for table, count in sorted(erase_task.detail.items())
        if isinstance(count, int) and table != CUSTOMER_MERGED_AWAY and not table.startswith(STAYED)
    ]


def _list_remaining_proofs(
    request: PrivacyRequest, retention: Retention, completed_at: datetime
) -> list[dict[str, Any]]:
    """What stays in the bridge: keyed hashes and the record of the request, each with its law and last day."""
    today = completed_at.astimezone(ZoneInfo(retention.timezone)).date()
    kept = []
    for category_id, event in PROOF_CATEGORIES.items():
        category = retention.categories.get(category_id)
        if category is None or (request.kind is RequestKind.SHOP_ERASURE and category_id == "suppression"):
            continue
        holds = find_retention_holds(
            category,
            events={event: completed_at, "last_processing_at": completed_at},
            today=today,
            retention=retention,
        )
        grounds = [_format_ground(hold) for hold in holds]
        months = category.max_age.get("months")
        if not grounds and isinstance(months, int):
            last = add_months_to_date(today, months)
            grounds = [
                {
                    "ground": "max_age",
                    "law": category.basis.get("IN", ""),
                    "last_day": _format_optional_day(last),
                }
            ]
        kept.append(
            {
                "category": category.id,
                "what": category.title,
                "action": category.held_action,
                "grounds": grounds,
                "until": _find_latest_day(ground["last_day"] for ground in grounds),
            }
        )
    return kept


def _format_remaining_line(line: PlanLine) -> dict[str, Any]:
    return {
        "category": line.category,
        "what": line.what,
        "action": line.action.value,
        "count": line.count,
        "grounds": [
            {"ground": ground, "law": line.law, "last_day": _format_optional_day(line.until)}
            for ground in line.hold_ids
        ],
        "until": _format_optional_day(line.until),
    }


def _list_sealed_documents(
    documents: Mapping[str, Sequence[Document]],
    legal_holds: Mapping[str, Sequence[LegalHold]],
    retention: Retention,
    now: datetime,
) -> list[dict[str, Any]]:
    """The statutory copies: what they hold, under which law, until when, and what must be decided before they go."""
    return [
        {
            "category": INVOICE_CATEGORY,
            "what": what,
            "action": "seal",
            "count": count,
            "grounds": [_format_ground(hold) for hold in kept.holds],
            "until": _format_optional_day(find_legal_last_day(kept)),
            "erasable_from": _format_optional_day(kept.erasable_from),
            "release_needs": list(kept.release_needs),
        }
        for what, kept, count in group_sealed_documents(documents, legal_holds, retention=retention, now=now)
    ]


def _format_ground(hold: RetentionHold) -> dict[str, Any]:
    """A ground with its law; for people in the EU the ground of the GDPR, which Indian law is none of."""
    told = {"ground": hold.ground, "law": hold.citation, "last_day": _format_optional_day(hold.last_day)}
    return told | ({"gdpr_ground": hold.gdpr_ground} if hold.gdpr_ground else {})


def _format_platform_task(task: Task) -> dict[str, Any]:
    return {
        "recipient": task.system,
        "action": task.action,
        "asked_times": task.attempts,
        "answer": task.outcome or "not_asked",
        "reason": task.last_error,
        "expected_by": task.expected_by.isoformat() if task.expected_by else None,
        "answered_at": task.finished_at.isoformat() if task.finished_at else None,
    }


def _format_processor_task(task: Task, merchant: Merchant) -> dict[str, Any]:
    """One processor that had to be told: what went out, what it answered, what waits for which day and why."""
    named: Mapping[str, str] = {processor.id: processor.legal_name for processor in merchant.processors}
    told = task.detail
    letters = told.get("notices", [])
    sent = [letter for letter in letters if letter["sent_at"]]
    return {
        "recipient": named.get(task.system) or task.system,
        "system": task.system,
        "records": task.records,
        "answer": _derive_processor_answer(task, sent),
        "answers": told.get("answers", {}),
        "answer_due": task.expected_by.isoformat() if task.expected_by else None,
        "problem": task.last_error,
        "instructions": letters,
        "waiting": told.get("waits", []),
        "kept_there": told.get("kept", []),
        "read_back": told.get("read_back", {}),
    }


def _derive_processor_answer(task: Task, sent_notices: Sequence[Any]) -> str:
    """The last word: an outcome, or how far the asking is. Sent is not done."""
    if task.state in (TaskState.DONE, TaskState.FAILED) and task.outcome:
        return str(task.outcome)
    return "asked_answer_pending" if sent_notices else "not_yet_instructed"


def _list_unreachable_processors(tasks: Sequence[Task], merchant: Merchant) -> list[dict[str, str]]:
    """Recipients that no instruction can reach: the list of who was told is not whole while there are any."""
    told = {task.system for task in tasks if task.action is TaskAction.NOTIFY_PROCESSOR}
    return [
        {
            "recipient": processor.legal_name or processor.id,
            "reason": "no_erasure_channel" if processor.named else "not_named_by_the_policy",
        }
        for processor in merchant.processors
        if processor.id not in told and not (processor.named and processor.erasure_channel)
    ]


def _format_optional_day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _find_latest_day(days: Iterable[str | None]) -> str | None:
    known = list(days)
    return None if not known or None in known else max(day for day in known if day)
