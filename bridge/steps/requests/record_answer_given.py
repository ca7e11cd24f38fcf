"""Records that a request was acknowledged, its answer left the bridge, reached the data subject, or was given up. Calls nobody.

Erasures of the same shop that wait for a package look again at once.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bridge.errors import PayloadInvalid
from bridge.model import AnswerBasis, Fact, LetterKind, PrivacyRequest, RequestKind
from bridge.rules.requests.answer_times import resolve_delivery_time
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_request_ids
from bridge.steps.letters.dismiss_letter import ANSWERING_LETTERS, dismiss_unsent_letters
from bridge.steps.requests.conclude import reissue_certificates

if TYPE_CHECKING:
    from bridge.store import Tx


def record_package_release(
    request: PrivacyRequest, *, actor: str, reason: str, size_bytes: int, sha256: str, tx: Tx, channel: str = ""
) -> None:
    """Record that the package left the bridge in the clear, why, and by which channel where the bridge itself handed it over.

    Where it goes from an operator, `record_delivery` says.
    """
    tx.hand_overs.record_hand_over(request.id, tx.session.now())
    tx.hand_overs.wake_waiting_erasures(request.shop)
    by = {"channel": channel} if channel else {}
    _record_answer_fact(Fact.PACKAGE_RELEASED, request, actor, tx, reason=reason, bytes=size_bytes, sha256=sha256, **by)


def record_receipt_acknowledgement(
    request_id: str, *, channel: str, on: date | datetime | None, actor: str, services: Services
) -> tuple[datetime, bool]:
    """Record that the receipt of a request was acknowledged. Return when, and whether that was late.

    Raises PayloadInvalid: `request_unknown`, `names_no_person`, `delivered_in_the_future`, `delivered_before_ready` (before the receipt).
    """
    zone = ZoneInfo(services.merchant.clocks.timezone)
    with services.store.transaction() as tx:
        request = _get_request_of_person(request_id, tx)
        at = resolve_delivery_time(on, ready_at=request.received_at, zone=zone, now=services.clock.now())
        save_acknowledgement(request, at, channel=channel, actor=actor, tx=tx)
        dismiss_unsent_letters(request, (LetterKind.ACKNOWLEDGEMENT,), tx=tx, actor=actor)
    return at, at > request.acknowledge_due_at


def save_acknowledgement(request: PrivacyRequest, at: datetime, *, channel: str, actor: str = "bridge", tx: Tx) -> None:
    """Store that the receipt of a request was acknowledged, in the caller's transaction."""
    late = at > request.acknowledge_due_at
    _record_answer_fact(
        Fact.RECEIPT_ACKNOWLEDGED, request, actor, tx, channel=channel, acknowledged_at=at.isoformat(), late=late
    )


def record_delivery(
    request_id: str, *, channel: str, on: date | datetime | None, actor: str, services: Services
) -> tuple[datetime, bool]:
    """Record that the answer reached the data subject, by which means and when. Return when, and whether that was late.

    Raises PayloadInvalid: `request_unknown`, `names_no_person`, `not_answered_yet`, `delivered_in_the_future`,
    `delivered_before_ready`.
    """
    zone = ZoneInfo(services.merchant.clocks.timezone)
    with services.store.transaction() as tx:
        request = _get_request_of_person(request_id, tx)
        if request.closed_at is None:
            raise PayloadInvalid("not_answered_yet")
        now = services.clock.now()
        at = resolve_delivery_time(on, ready_at=request.closed_at, zone=zone, now=now)
        package_ready_at = tx.hand_overs.find_package_ready_at(request_id)
        if package_ready_at and at.astimezone(zone).date() == package_ready_at.astimezone(zone).date():
            at = max(at, package_ready_at)
        woken = save_delivery(request, at, channel=channel, actor=actor, tx=tx, services=services)
        dismiss_unsent_letters(request, ANSWERING_LETTERS, tx=tx, actor=actor)
    enqueue_request_ids(woken, services)
    return at, at > request.due_at


def save_delivery(
    request: PrivacyRequest, at: datetime, *, channel: str, actor: str = "bridge", tx: Tx, services: Services
) -> list[str]:
    """Store that the answer reached the data subject, in the caller's transaction. Return the requests that waited for it."""
    tx.hand_overs.record_hand_over(request.id, at, answered_at=at, basis=AnswerBasis.DELIVERED)
    woken = tx.hand_overs.wake_waiting_erasures(request.shop)
    _record_answer_fact(
        Fact.ANSWER_DELIVERED,
        request,
        actor,
        tx,
        channel=channel,
        delivered_at=at.isoformat(),
        late=at > request.due_at,
    )
    reissue_certificates([request.id], tx=tx, services=services)
    return woken


def waive_answer(request_id: str, *, actor: str, reason: str, services: Services) -> None:
    """Record that the data subject gave the answer up: nothing waits for it any more.

    Raises PayloadInvalid: `request_unknown`, `names_no_person`, `answered_already`.
    """
    with services.store.transaction() as tx:
        request = _get_request_of_person(request_id, tx)
        if request.answered_at is not None:
            raise PayloadInvalid("answered_already")
        now = services.clock.now()
        tx.hand_overs.record_hand_over(request_id, now, answered_at=now, basis=AnswerBasis.WAIVED)
        woken = tx.hand_overs.wake_waiting_erasures(request.shop)
        _record_answer_fact(Fact.ANSWER_WAIVED, request, actor, tx, reason=reason)
        dismiss_unsent_letters(request, ANSWERING_LETTERS, tx=tx, actor=actor)
    enqueue_request_ids(woken, services)


def _get_request_of_person(request_id: str, tx: Tx) -> PrivacyRequest:
    request = tx.requests.get_request(request_id)
    if request is None:
        raise PayloadInvalid("request_unknown")
    if request.kind in (RequestKind.SHOP_ERASURE, RequestKind.INCIDENT):
        raise PayloadInvalid("names_no_person")
    return request


def _record_answer_fact(fact: Fact, request: PrivacyRequest, actor: str, tx: Tx, **detail: Any) -> None:
    tx.evidence.append_fact(
        fact, shop=request.shop, actor=actor, request_id=request.id, subject=request.subject, **detail
    )
