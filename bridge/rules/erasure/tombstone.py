"""Lists what an earlier erasure left: which sealed documents and bank details, under which law, until which day.

Pure: the records, the day and the retention file are given. Opens nothing, and decides no release.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from bridge.model import ErasureRecord
from bridge.rules.erasure.plan import find_legal_last_day, group_sealed_documents, plan_bank_details
from bridge.rules.erasure.platform_fields import CONSENT_CATEGORY
from bridge.rules.requests.deadlines import add_months_to_date
from bridge.rules.retention.consent_evidence import KEPT_CONSENTS, calculate_consent_retention
from bridge.rules.retention.release import INVOICE_CATEGORY
from bridge.rules.retention.statutory_last_days import local_day

if TYPE_CHECKING:
    from bridge.model import ConsentEvent, Document, LegalHold, RefundAccount
    from config.retention_file.retention import Retention

SUPPRESSION_CATEGORY = "suppression"  # of the retention file


@dataclass(frozen=True, kw_only=True, slots=True)
class RemainingData:
    """One kind of data that is still kept. `until` is the last day of the duty, None where nobody can say yet.

    `erasable_from` is the first day on which nothing keeps it; `grounds` are the ids of what keeps it today: where there
    is none, it may be destroyed.
    """

    category: str
    what: str
    count: int
    laws: tuple[str, ...]
    grounds: tuple[str, ...]
    until: date | None
    erasable_from: date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PriorErasureSummary:
    """One earlier erasure. `removed` counts rows by table; `finished` is False while orders wait for an invoice copy.

    `codes_until` is the last day of the suppression keys, None where the retention file names no age. `platform_waits`
    says that the platform has not confirmed its own erasure, `platform_waits_until` for how long that is awaited.
    """

    erasure: ErasureRecord
    finished: bool
    removed: Mapping[str, int]
    rests: tuple[RemainingData, ...]
    codes_until: date | None
    platform_waits: bool = False
    platform_waits_until: date | None = None


def group_remaining_data(
    documents: Mapping[str, Sequence[Document]],
    legal_holds: Mapping[str, Sequence[LegalHold]],
    refunds: Sequence[RefundAccount],
    legally_held_refund_ids: Collection[str],
    *,
    retention: Retention,
    now: datetime,
) -> tuple[RemainingData, ...]:
    """Return what is still kept, in groups: sealed documents first, then bank details of refunds.

    `documents` and `legal_holds` are by order.
    """
    sealed = [
        RemainingData(
            category=INVOICE_CATEGORY,
            what=what,
            count=count,
            laws=tuple(dict.fromkeys(hold.citation for hold in keeping.holds)),
            grounds=tuple(hold.ground for hold in keeping.holds),
            until=find_legal_last_day(keeping),
            erasable_from=keeping.erasable_from,
        )
        for what, keeping, count in group_sealed_documents(documents, legal_holds, retention=retention, now=now)
    ]
    today = local_day(now, retention.calendar)
    bank_details = [
        RemainingData(
            category=line.category,
            what=line.what,
            count=line.count,
            laws=(line.law,) if line.law else (),
            grounds=line.hold_ids,
            until=line.until,
            erasable_from=line.until + timedelta(days=1) if line.until else None if line.hold_ids else today,
        )
        for line in plan_bank_details(refunds, legally_held_refund_ids, retention=retention, now=now)
    ]
    return (*sealed, *bank_details)


def summarise_kept_consents(
    events: Sequence[ConsentEvent], closed_at: datetime, *, retention: Retention, now: datetime
) -> tuple[RemainingData, ...]:
    """Return the consents that are kept as proof of an earlier erasure."""
    kept = calculate_consent_retention(closed_at, retention=retention, now=now)
    summary = RemainingData(
        category=CONSENT_CATEGORY,
        what=KEPT_CONSENTS,
        count=len(events),
        laws=tuple(dict.fromkeys(hold.citation for hold in kept.list_governing_first())),
        grounds=kept.grounds,
        until=kept.last_day,
        erasable_from=kept.erasable_from if kept.holds else local_day(now, retention.calendar),
    )
    return (summary,)


def compute_suppression_end(erased_at: datetime, retention: Retention) -> date | None:
    """Return the last day of the suppression keys, by the age in the retention file; None where it names none."""
    category = retention.categories.get(SUPPRESSION_CATEGORY)
    months = category.max_age.get("months") if category else None
    return add_months_to_date(local_day(erased_at, retention.calendar), months) if isinstance(months, int) else None
