"""Decide when a request was answered and whether that was late: by what reached the data subject. Pure.

A package that was sealed is no answer yet. Who asked the merchant is owed an answer: each access request, and an erasure
that was opened by hand. What Shopify has erased by webhook is fulfilled by the deed; nobody wrote to the merchant.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo

from bridge.errors import PayloadInvalid
from bridge.model import PrivacyRequest, RequestKind


def is_answer_required(request: PrivacyRequest) -> bool:
    """Return whether the request is fulfilled only when an answer reached the data subject."""
    return request.kind is RequestKind.ACCESS or (request.kind is RequestKind.ERASURE and request.source.is_merchants)


def find_fulfilled_at(request: PrivacyRequest) -> datetime | None:
    """Return when the data subject had what was asked for; None where that is open or was not recorded."""
    if request.closed_at is None:
        return None
    return request.answered_at or (None if is_answer_required(request) else request.closed_at)


def is_late(request: PrivacyRequest, now: datetime) -> bool:
    """Return whether the request was fulfilled after its deadline, or is not fulfilled and the deadline has passed."""
    return (find_fulfilled_at(request) or now) > request.due_at


def judge_lateness(request: PrivacyRequest, now: datetime) -> bool | None:
    """Return whether the request is late; None while it is not fulfilled and still can be in time."""
    return is_late(request, now) or (None if find_fulfilled_at(request) is None else False)


def resolve_delivery_time(
    given: date | datetime | None, *, ready_at: datetime, zone: tzinfo, now: datetime
) -> datetime:
    """Return when an answer reached the data subject, in UTC; without a value now.

    A day counts from its beginning where the merchant is, since laws count days, but not from before the answer was
    ready. Raises PayloadInvalid: `delivered_in_the_future`, `delivered_before_ready`.
    """
    if given is None:
        return now
    if isinstance(given, datetime):
        at = (given if given.tzinfo else given.replace(tzinfo=zone)).astimezone(UTC)
    else:
        at = datetime.combine(given, time.min, zone).astimezone(UTC)
        if given == ready_at.astimezone(zone).date():
            at = max(at, ready_at)
    if at > now:
        raise PayloadInvalid("delivered_in_the_future")
    if at < ready_at:
        raise PayloadInvalid("delivered_before_ready")
    return at
