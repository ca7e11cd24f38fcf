"""Says how long the consents that a platform destroys are kept as proof, and what a plan and a certificate say of it. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from bridge.model import ConsentEvent, ConsentProgress, ErasureAction, PlanLine, Task, TaskAction, get_progress
from bridge.rules.erasure.platform_fields import CONSENT_CATEGORY, describe_kept
from bridge.rules.evidence.chain import encode_canonical_json
from bridge.rules.requests.lifecycle import BRIDGE
from bridge.rules.retention.category_retention import CategoryRetention, RetentionFacts, calculate_category_retention
from bridge.rules.retention.statutory_last_days import local_day

if TYPE_CHECKING:
    from config.retention_file.retention import Retention

KEPT_CONSENTS = "consents to marketing: purpose, state, day and way, sealed, with keyed hashes instead of addresses"
PROOF_OF_CONSENT = "proof_of_consent"


def is_consent_kept(retention: Retention) -> bool:
    """Return whether the retention file keeps consents as evidence."""
    category = retention.categories.get(CONSENT_CATEGORY)
    return category is not None and category.held_action == "evidence" and bool(category.holds)


def list_kept_consents(tasks: Iterable[Task]) -> tuple[ConsentEvent, ...]:
    """Return the consents that an erasure keeps."""
    kept = [get_progress(task, ConsentProgress) for task in tasks if task.action is TaskAction.KEEP_CONSENTS]
    return kept[0].events if kept else ()


def merge_consents(known: Sequence[ConsentEvent], read: Sequence[ConsentEvent]) -> ConsentProgress:
    """Return all that was ever read, each once: the platform may have destroyed what an earlier reading found."""
    events = tuple(dict.fromkeys((*known, *read)))
    digest = (
        hashlib.sha256(encode_canonical_json({"events": [asdict(event) for event in events]})).hexdigest()
        if events
        else ""
    )
    return ConsentProgress(events=events, sha256=digest)


def calculate_consent_retention(closed_at: datetime, *, retention: Retention, now: datetime) -> CategoryRetention:
    """Return what keeps the consents of an erasure that was closed then."""
    category = retention.categories.get(CONSENT_CATEGORY)
    if category is None:
        return CategoryRetention()
    facts = RetentionFacts(events={"case_closed_at": closed_at, "last_processing_at": closed_at})
    today = local_day(now, retention.calendar)
    return calculate_category_retention(category, [facts], today=today, retention=retention)


def plan_kept_consents(count: int, closed_at: datetime, *, retention: Retention, now: datetime) -> list[PlanLine]:
    """Return a line for the consents that are kept as proof; none where there are none."""
    if not count:
        return []
    kept = calculate_consent_retention(closed_at, retention=retention, now=now)
    return [
        PlanLine(
            system=BRIDGE,
            category=CONSENT_CATEGORY,
            what=KEPT_CONSENTS,
            action=ErasureAction.KEEP_AS_EVIDENCE,
            reason=PROOF_OF_CONSENT,
            count=count,
            **describe_kept(kept),
        )
    ]
