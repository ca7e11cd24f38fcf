"""Compute when a request must be acknowledged and answered, by every clock that runs; the earliest governs.

Reads no clock and no table: moments and the merchant's rules are given, so a replay computes the same days.
Never resets or lengthens a clock: no "now" is used, and one more clock only brings the day closer.
Where an operator moves `received_at` back, the caller keeps the earlier of both results: two receipts hours
apart at the end of a month can both fall on its last day, each at its own time of day.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bridge.model import Deadlines, RequestKind

if TYPE_CHECKING:
    from datetime import tzinfo

    from config.merchant_file.merchant import ClockRules

POLICY_CLOCK, LAW_CLOCK, SHOPIFY_CLOCK = "policy_30_days", "law_one_month", "shopify_30_days"
CONSENT_CLOCK = "consent_24_hours"
MONTHS_PER_YEAR = 12


def compute_clocks(
    *, received_at: datetime, webhook_received_at: datetime | None, rules: ClockRules, kind: RequestKind | None = None
) -> Deadlines:
    """Return every clock of a request that reached the merchant at `received_at`.

    Acknowledging: 48 hours by law (Consumer Protection (E-Commerce) Rules 2020 r.4(5)), 72 by the
    merchant's policy (ss. 10, 16); the shorter counts. Answering:

    - `policy_30_days`: the published promise (ss. 10, 16);
    - `law_one_month`: one calendar month (SPDI Rules 2011 r.5(9), E-Commerce Rules r.4(5), GDPR Art 12(3);
      a month is a calendar month, General Clauses Act 1897 s.3(35));
    - `shopify_30_days`: counted from Shopify's webhook, where one came
      (https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance);
    - `consent_24_hours`: the withdrawal of a consent (`kind`), which ends what it allowed within a reasonable time
      (DPDP Act s.6(6)); the merchant's file says how many hours that is.

    The 90 days of DPDP Rules r.14(3) are a ceiling for grievances and lengthen nothing. Where clocks agree,
    the first in this order governs. Raises ValueError for a moment without time zone.
    """
    received = _convert_to_utc(received_at)
    hours = min(rules.ack_hours_law, rules.ack_hours_policy)
    due = {
        POLICY_CLOCK: received + timedelta(days=rules.resolve_days_policy),
        LAW_CLOCK: add_months_to_datetime(received, rules.resolve_months_law, ZoneInfo(rules.timezone)),
    }
    if webhook_received_at is not None:
        due[SHOPIFY_CLOCK] = _convert_to_utc(webhook_received_at) + timedelta(days=rules.resolve_days_shopify)
    if kind is RequestKind.CONSENT_WITHDRAWAL:
        due[CONSENT_CLOCK] = received + timedelta(hours=rules.consent_withdrawal_hours)
    governs = min(due, key=lambda rule: due[rule])  # min keeps the first of equals
    return Deadlines(
        acknowledge_due_at=received + timedelta(hours=hours),
        due_at=due[governs],
        due_governed_by=governs,
        due_by_rule=due,
    )


def add_months_to_datetime(moment: datetime, months: int, zone: tzinfo) -> datetime:
    """Return the same time of day so many calendar months later where the merchant is, in UTC.

    A day the month does not have becomes its last day. A time of day that occurs twice (clocks set back)
    is the first; one that is skipped (clocks set forward) is as far into the new time as it lay past the old.
    """
    local = _convert_to_utc(moment).astimezone(zone)
    day = add_months_to_date(local.date(), months)
    return datetime.combine(day, local.time(), tzinfo=zone).replace(fold=0).astimezone(UTC)


def add_months_to_date(day: date, months: int) -> date:
    """Return the same day so many calendar months later, or the last of that month where it has no such day."""
    year, month = divmod(day.year * MONTHS_PER_YEAR + day.month - 1 + months, MONTHS_PER_YEAR)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _convert_to_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment must carry its time zone")
    return moment.astimezone(UTC)
