"""Decide whether the term of a request may be extended, and until when. Pure.

Only the GDPR knows it: by two further months, where the request is complex or there are many, and the person is told
within the first month (Art 12(3)). No Indian law does; where one governs alone, the answer is due when it was promised.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from bridge.errors import PayloadInvalid
from bridge.model import PrivacyRequest, RequestKind
from bridge.rules.requests.deadlines import LAW_CLOCK, POLICY_CLOCK, add_months_to_date, add_months_to_datetime

EXTENDING_REGIMES = ("EU", "UK")
FURTHER_MONTHS = 2
EXTENSION_CLOCK = "gdpr_12_3_extended"
EXTENSION_REASONS: Mapping[str, str] = MappingProxyType(
    {"complex": "The request is complex.", "many_requests": "We received many requests."}
)
RIGHTS_WITH_A_TERM = frozenset(
    {
        RequestKind.ACCESS,
        RequestKind.ERASURE,
        RequestKind.CORRECTION,
        RequestKind.RESTRICTION,
        RequestKind.OBJECTION,
        RequestKind.NOMINEE_EXERCISE,
    }
)


def compute_extended_due_time(
    request: PrivacyRequest, until: date, reason: str, regimes: Collection[str], *, now: datetime, zone: ZoneInfo
) -> datetime:
    """Return the deadline of a request that is extended until the end of this day, in UTC. Raises PayloadInvalid.

    `extension_reason_unknown`; `extension_unknown_to_law` (no regime of the person knows one, or not for this kind);
    `extended_before`; `request_closed`; `first_month_over`; `not_later` than now due; `beyond_two_months`.
    """
    if reason not in EXTENSION_REASONS:
        raise PayloadInvalid("extension_reason_unknown")
    if not set(EXTENDING_REGIMES) & set(regimes) or request.kind not in RIGHTS_WITH_A_TERM:
        raise PayloadInvalid("extension_unknown_to_law")
    if EXTENSION_CLOCK in request.clocks:
        raise PayloadInvalid("extended_before")
    if request.closed_at is not None:
        raise PayloadInvalid("request_closed")
    first_month_ends = _read_first_month(request, zone)
    if now > first_month_ends:
        raise PayloadInvalid("first_month_over")
    due_at = (datetime.combine(until, time.min, zone) + timedelta(days=1, seconds=-1)).astimezone(now.tzinfo)
    if due_at <= request.due_at:
        raise PayloadInvalid("not_later")
    if until > add_months_to_date(first_month_ends.astimezone(zone).date(), FURTHER_MONTHS):
        raise PayloadInvalid("beyond_two_months")
    return due_at


def is_beyond_promise(request: PrivacyRequest) -> bool:
    """Return whether the term was extended beyond what the merchant's policy promises."""
    promised = request.clocks.get(POLICY_CLOCK)
    return (
        EXTENSION_CLOCK in request.clocks and promised is not None and request.due_at > datetime.fromisoformat(promised)
    )


def _read_first_month(request: PrivacyRequest, zone: ZoneInfo) -> datetime:
    stored = request.clocks.get(LAW_CLOCK)
    return datetime.fromisoformat(stored) if stored else add_months_to_datetime(request.received_at, 1, zone)
