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
    Action,
    Document,
    Event,
    Kind,
    LegalClaim,
    Outcome,
    Planned,
    PrivacyRequest,
    Task,
    TaskState,
)
from bridge.rules.erasure.plan import MERGED, PROOFS, last_day, sealed
from bridge.rules.requests.deadlines import shift_months
from bridge.rules.requests.lifecycle import Standing
from bridge.rules.retention.holds import Hold, holds_on
from bridge.rules.retention.release import CATEGORY
from bridge.rules.shops.shop_erasure import KEPT as STAYED
from bridge.rules.shops.shop_erasure import kept_rows
from config.merchant_file.merchant import Merchant
from config.retention_file.retention import Retention

SCHEMA = "erasure-certificate/3"
AT_PLATFORM = (Action.ASK, Action.REDACT, Action.FOLLOW)


def certificate(
    request: PrivacyRequest,
    tasks: Sequence[Task],
    stands: Standing,
    *,
    facts: Sequence[Event],
    documents: Mapping[str, Sequence[Document]],
    claims: Mapping[str, Sequence[LegalClaim]],
    rest: Sequence[Planned],
    plan: Mapping[str, Any] | None,
    merchant: Merchant,
    retention: Retention,
    now: datetime,
) -> dict[str, Any]:
    """The certificate without its signature; JSON-ready, moments as ISO 8601 in UTC, days as dates.

    `documents` are the sealed copies that are left of her orders, `claims` what holds them beside the law, both by
    order; `rest` is what else stays for a while; `plan` is what was planned before anything was changed, with what was different at the deed.
    """
    own = next((task for task in tasks if task.action is Action.ERASE), None)
    completed = request.closed_at or now  # a certificate that is made anew never makes a request late
    return {
        "schema": SCHEMA,
        "request_id": request.id,
        "kind": request.kind,
        "shop": request.shop,
        "subject": request.subject,
        "status": _status(own, stands),
        "outcome": _outcome(own, stands),
        **({"reason": own.last_error} if own and _given_up(own) else {}),
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
        "erased": _erased(own),
        "kept": [
            *_sealed(documents, claims, retention, now),
            *(_restricted(line) for line in rest),
            *_kept(request, retention, completed),
            *kept_rows(own.detail if own else {}, retention),
        ],
        "plan": plan,
        "platform": [_platform(task) for task in tasks if task.action in AT_PLATFORM],
        "processors": [_processor(task, merchant) for task in tasks if task.action is Action.INSTRUCT],
        "not_instructed": _untold(tasks, merchant),
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


def _given_up(own: Task | None) -> bool:
    """True where a person ended the request without erasing: the gap says what is still there."""
    return own is not None and own.outcome is Outcome.RETAINED and bool(own.gaps)


def _status(own: Task | None, stands: Standing) -> str:
    if _given_up(own):
        return "not_fulfilled"
    return "fulfilled" if stands.complete else "in_progress"


def _outcome(own: Task | None, stands: Standing) -> str:
    if own is None or own.outcome is None or _given_up(own):
        return "not_erased"
    if own.outcome is Outcome.RETAINED:
        return "retained"
    if own.outcome is Outcome.ABSENT:
        return "nothing_held"
    return "erased" if stands.complete else "erased_here_others_must_answer"


def _erased(own: Task | None) -> list[dict[str, Any]]:
    if own is None or own.finished_at is None:
        return []
    return [
        {
            "system": "bridge",
            "table": table,
            "action": "erased",
            "method": "rows deleted, data key destroyed so that remnants cannot be read (NIST SP 800-88r2: logical and cryptographic erase)",
            "count": count,
            "verified_by": "re-read",
            "verified_at": own.finished_at.isoformat(),
        }
        for table, count in sorted(own.detail.items())
        if isinstance(count, int) and table != MERGED and not table.startswith(STAYED)
    ]


def _kept(request: PrivacyRequest, retention: Retention, completed: datetime) -> list[dict[str, Any]]:
    """What stays in the bridge: keyed hashes and the record of the request, each with its law and last day."""
    today = completed.astimezone(ZoneInfo(retention.timezone)).date()
    kept = []
    for category_id, event in PROOFS.items():
        category = retention.categories.get(category_id)
        if category is None or (request.kind is Kind.SHOP_ERASURE and category_id == "suppression"):
            continue
        holds = holds_on(
            category,
            events={event: completed, "last_processing_at": completed},
            today=today,
            retention=retention,
        )
        grounds = [_ground(hold) for hold in holds]
        months = category.max_age.get("months")
        if not grounds and isinstance(months, int):
            last = shift_months(today, months)
            grounds = [{"ground": "max_age", "law": category.basis.get("IN", ""), "last_day": _day(last)}]
        kept.append(
            {
                "category": category.id,
                "what": category.title,
                "action": category.held_action,
                "grounds": grounds,
                "until": _latest(ground["last_day"] for ground in grounds),
            }
        )
    return kept


def _restricted(line: Planned) -> dict[str, Any]:
    return {
        "category": line.category,
        "what": line.what,
        "action": line.deed.value,
        "count": line.count,
        "grounds": [
            {"ground": ground, "law": line.law, "last_day": _day(line.until)} for ground in line.holds
        ],
        "until": _day(line.until),
    }


def _sealed(
    documents: Mapping[str, Sequence[Document]],
    claims: Mapping[str, Sequence[LegalClaim]],
    retention: Retention,
    now: datetime,
) -> list[dict[str, Any]]:
    """The statutory copies: what they hold, under which law, until when, and what must be decided before they go."""
    return [
        {
            "category": CATEGORY,
            "what": what,
            "action": "seal",
            "count": count,
            "grounds": [_ground(hold) for hold in kept.holds],
            "until": _day(last_day(kept)),
            "erasable_from": _day(kept.erasable_from),
            "release_needs": list(kept.needs),
        }
        for what, kept, count in sealed(documents, claims, retention=retention, now=now)
    ]


def _ground(hold: Hold) -> dict[str, Any]:
    """A ground with its law; for people in the EU the ground of the GDPR, which Indian law is none of."""
    told = {"ground": hold.ground, "law": hold.citation, "last_day": _day(hold.last_day)}
    return told | ({"gdpr_ground": hold.gdpr_ground} if hold.gdpr_ground else {})


def _platform(task: Task) -> dict[str, Any]:
    return {
        "recipient": task.system,
        "action": task.action,
        "asked_times": task.attempts,
        "answer": task.outcome or "not_asked",
        "reason": task.last_error,
        "expected_by": task.expected_by.isoformat() if task.expected_by else None,
        "answered_at": task.finished_at.isoformat() if task.finished_at else None,
    }


def _processor(task: Task, merchant: Merchant) -> dict[str, Any]:
    """One processor that had to be told: what went out, what it answered, what waits for which day and why."""
    named: Mapping[str, str] = {processor.id: processor.legal_name for processor in merchant.processors}
    told = task.detail
    letters = told.get("notices", [])
    sent = [letter for letter in letters if letter["sent_at"]]
    return {
        "recipient": named.get(task.system) or task.system,
        "system": task.system,
        "records": task.records,
        "answer": _answer(task, sent),
        "answers": told.get("answers", {}),
        "answer_due": task.expected_by.isoformat() if task.expected_by else None,
        "problem": task.last_error,
        "instructions": letters,
        "waiting": told.get("waits", []),
        "kept_there": told.get("kept", []),
        "read_back": told.get("read_back", {}),
    }


def _answer(task: Task, sent: Sequence[Any]) -> str:
    """The last word: an outcome, or how far the asking is. Sent is not done."""
    if task.state in (TaskState.DONE, TaskState.FAILED) and task.outcome:
        return str(task.outcome)
    return "asked_answer_pending" if sent else "not_yet_instructed"


def _untold(tasks: Sequence[Task], merchant: Merchant) -> list[dict[str, str]]:
    """Recipients that no instruction can reach: the list of who was told is not whole while there are any."""
    told = {task.system for task in tasks if task.action is Action.INSTRUCT}
    return [
        {
            "recipient": processor.legal_name or processor.id,
            "reason": "no_erasure_channel" if processor.named else "not_named_by_the_policy",
        }
        for processor in merchant.processors
        if processor.id not in told and not (processor.named and processor.erasure_channel)
    ]


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _latest(days: Iterable[str | None]) -> str | None:
    known = list(days)
    return None if not known or None in known else max(day for day in known if day)
