"""Build the register of all requests for an auditor: by month, what is overdue, open answers, held documents.

Pure: rows in, figures out. Ids, counts, codes and days; no person, no pseudonym.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from statistics import median
from typing import Any

from bridge.model import PrivacyRequest
from bridge.rules.requests.answer_times import find_fulfilled_at, is_late
from bridge.rules.requests.decisions.extension import is_beyond_promise

REGISTER_SCHEMA = "request-register/1"
SECONDS_PER_DAY, SECONDS_PER_HOUR = 86_400, 3_600


def build_request_register(
    requests: Sequence[PrivacyRequest],
    *,
    open_answers: Mapping[str, int],
    held: Sequence[tuple[Sequence[str], date | None, int]],
    laws: Mapping[str, str],
    zone: tzinfo,
    now: datetime,
    acknowledged: Mapping[str, datetime] | None = None,
    refusals: Mapping[str, int] | None = None,
    open_work: Mapping[str, Sequence[str]] | None = None,
    contracts: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the register, JSON-ready.

    A request counts as closed, and its days end, when the data subject had what was asked for.

    `open_answers` counts the instructions that wait for each processor, `held` is (ids of holds, first day it
    may go, documents), `refusals` counts refused requests by reason code, `open_work` says by id what an unfinished request
    waits for (systems and reasons), `acknowledged` says by id when a receipt was acknowledged, `contracts` maps each processor to the
    reference of its contract, `laws` maps ids of holds to what to quote. `zone` says which month a moment is in.
    """
    months: dict[str, list[PrivacyRequest]] = {}
    for request in requests:
        months.setdefault(f"{request.received_at.astimezone(zone):%Y-%m}", []).append(request)
    return {
        "schema": REGISTER_SCHEMA,
        "made_at": now.isoformat(),
        "months": [_summarise_month(month, months[month], acknowledged or {}, now) for month in sorted(months)],
        "late": [
            _format_late_request(request, (open_work or {}).get(request.id, ()))
            for request in requests
            if is_late(request, now)
        ],
        "refusals": dict(sorted((refusals or {}).items())),
        "open_answers": dict(sorted(open_answers.items())),
        "held": _count_held_documents(held, laws),
        "contracts": {processor: describe_contract(ref) for processor, ref in sorted((contracts or {}).items())},
    }


def describe_contract(reference: str) -> str:
    """Return the reference of a processor's contract, or that nobody has recorded one."""
    return reference.strip() or "contract reference not recorded"


def _summarise_month(
    month: str, requests: Sequence[PrivacyRequest], acknowledged: Mapping[str, datetime], now: datetime
) -> dict[str, Any]:
    hours = [
        (acknowledged[request.id] - request.received_at).total_seconds() / SECONDS_PER_HOUR
        for request in requests
        if request.id in acknowledged
    ]
    days = [
        (fulfilled_at - request.received_at).total_seconds() / SECONDS_PER_DAY
        for request in requests
        if (fulfilled_at := find_fulfilled_at(request))
    ]
    return {
        "month": month,
        "requests": len(requests),
        "by_kind": dict(sorted(Counter(request.kind.value for request in requests).items())),
        "by_door": dict(sorted(Counter(request.source.value for request in requests).items())),
        "by_kind_and_door": dict(
            sorted(Counter(f"{request.kind.value} by {request.source.value}" for request in requests).items())
        ),
        "by_state": dict(sorted(Counter(request.state.value for request in requests).items())),
        "closed": len(days),
        "ready_not_delivered": sum(
            request.closed_at is not None and find_fulfilled_at(request) is None for request in requests
        ),
        "median_hours_to_acknowledge": round(median(hours), 2)
        if hours
        else None,  # of those that `dsr acknowledge` records
        "median_days_to_close": round(median(days), 2) if days else None,
        "longest_days_to_close": round(max(days), 2) if days else None,
        "late": sum(is_late(request, now) for request in requests),
        "by_ending": dict(sorted(Counter(request.ending.value for request in requests if request.ending).items())),
        "beyond_promise": sum(map(is_beyond_promise, requests)),
    }


def _format_late_request(request: PrivacyRequest, open_work: Sequence[str]) -> dict[str, Any]:
    return {
        "id": request.id,
        "kind": request.kind.value,
        "state": request.state.value,
        "due_at": request.due_at.isoformat(),
        "due_governed_by": request.due_governed_by,
        "closed_at": request.closed_at.isoformat() if request.closed_at else None,
        "answered_at": request.answered_at.isoformat() if request.answered_at else None,
        "reason": request.last_error or "; ".join(open_work) or _explain_lateness(request),
    }


def _explain_lateness(request: PrivacyRequest) -> str:
    if find_fulfilled_at(request):
        return "answered_after_its_day"
    return "answer_not_delivered" if request.closed_at else "not_finished"


def _count_held_documents(
    held_documents: Sequence[tuple[Sequence[str], date | None, int]], laws: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return documents by hold and year of release; one that several holds keep counts under each."""
    counts: Counter[tuple[str, str]] = Counter()
    for holds, erasable_from, documents in held_documents:
        year = str(erasable_from.year) if erasable_from else "undecided"
        for hold in holds or ("none",):
            counts[hold, year] += documents
    return [
        {"hold": hold, "law": laws.get(hold, ""), "release_year": year, "documents": count}
        for (hold, year), count in sorted(counts.items())
    ]
