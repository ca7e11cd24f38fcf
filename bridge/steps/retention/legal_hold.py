"""Open, review, approve and release legal holds: a dispute keeps the records that belong to it.

A hold keeps sealed documents after their expiry date, bank details of a refund, records at processors that were not
instructed yet (proof of delivery), and what the retention file says besides: the order in the bridge's own index, and
the customer at the platform. Each function is one transaction with its fact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from bridge.errors import PayloadInvalid
from bridge.model import Fact, LegalHold, NoticeItem, Proceeding, RequestKind
from bridge.rules.retention.release import LEGAL_HOLD_GROUND as GROUND
from bridge.rules.retention.statutory_last_days import compute_day_start, local_day
from bridge.services import Services
from bridge.steps.notices.pause_items import LEGAL_HOLD_PREFIX, pause_items, resume_items
from bridge.steps.requests.conclude import reissue_certificates
from bridge.steps.retention.expire_documents import recompute_expiry_dates

if TYPE_CHECKING:
    from bridge.store import Tx

DEFAULT_REVIEW_DAYS = 90  # P-63: applies if the retention file sets none


@dataclass(frozen=True, kw_only=True, slots=True)
class LegalHoldResult:
    """A legal hold and the number of orders, documents and notice items it keeps now.

    `is_new` is False if the same hold was active already.
    """

    legal_hold: LegalHold
    orders: int
    documents: int
    items: int
    is_new: bool = True


def open_person_legal_hold(
    request_id: str, *, reference: str, actor: str, reason: str, services: Services, kind: str = ""
) -> LegalHoldResult:
    """Open a hold on all known records of a request's data subject, or return the same active one.

    `kind` names a proceeding, '' is a claim. Raises PayloadInvalid: `request_unknown`, `names_no_person`.
    """
    with services.store.transaction() as tx:
        request = tx.requests.get_request(request_id)
        if request is None:
            raise PayloadInvalid("request_unknown")
        if request.kind is RequestKind.SHOP_ERASURE or not request.subject:
            raise PayloadInvalid("names_no_person")
        legal_hold = _build_legal_hold(request.shop, reference, kind, actor, services)
        legal_hold = replace(legal_hold, request_id=request_id, subject=request.subject)
        order_keys = tx.legal_holds.find_order_keys_of_request(request)
        return _open_or_find_legal_hold(legal_hold, order_keys, reason, tx=tx, services=services)


def open_order_legal_hold(
    shop: str, order_id: str, *, reference: str, actor: str, reason: str, services: Services, kind: str = ""
) -> LegalHoldResult:
    """Open a hold on the records of one order, or return the same active one.

    `kind` names a proceeding, '' is a claim. Raises PayloadInvalid `order_unreadable`.
    """
    with services.store.transaction() as tx:
        order_key = tx.legal_holds.compute_order_key(shop, order_id)
        if not order_key:
            raise PayloadInvalid("order_unreadable")
        legal_hold = _build_legal_hold(shop, reference, kind, actor, services)
        return _open_or_find_legal_hold(legal_hold, [order_key], reason, tx=tx, services=services)


def review_legal_hold(legal_hold_id: str, *, actor: str, reason: str, services: Services) -> LegalHold:
    """Record a review after which the hold continues. Return the hold.

    Raises PayloadInvalid: `claim_unknown`, `released_already`.
    """
    with services.store.transaction() as tx:
        legal_hold = _get_active_legal_hold(legal_hold_id, tx)
        due_at = _next_review_at(services.clock.now(), services)
        tx.legal_holds.record_legal_hold_review(legal_hold_id, actor=actor, due_at=due_at)
        _record_hold_fact(Fact.LEGAL_HOLD_REVIEWED, legal_hold, tx, actor, reason, review_due_at=due_at.isoformat())
        return _get_active_legal_hold(legal_hold_id, tx)


def approve_legal_hold(legal_hold_id: str, *, actor: str, reason: str, services: Services) -> LegalHold:
    """Record that a second person approves a hold of more than a year (E-09). Return the hold.

    Raises PayloadInvalid: `claim_unknown`, `released_already`, `needs_another_person`.
    """
    with services.store.transaction() as tx:
        legal_hold = _get_active_legal_hold(legal_hold_id, tx)
        if actor == legal_hold.opened_by:
            raise PayloadInvalid("needs_another_person")
        tx.legal_holds.record_legal_hold_approval(legal_hold_id, actor=actor)
        _record_hold_fact(Fact.LEGAL_HOLD_REVIEWED, legal_hold, tx, actor, reason, approved=True)
        return _get_active_legal_hold(legal_hold_id, tx)


def release_legal_hold(
    legal_hold_id: str, *, actor: str, reason: str, services: Services, disposed_on: date | None = None
) -> LegalHoldResult:
    """Release a hold: its notice items resume, and its documents expire with the next run of `expire_documents`.

    A proceeding needs the day of its final disposal: the books are kept for a year after it (CGST Act s.36 proviso).
    Raises PayloadInvalid: `claim_unknown`, `released_already`, `disposal_needed`, `no_proceeding`, `disposal_to_come`.
    """
    calendar = services.retention.calendar
    with services.store.transaction() as tx:
        legal_hold = _get_active_legal_hold(legal_hold_id, tx)
        if bool(legal_hold.kind) != bool(disposed_on):
            raise PayloadInvalid("disposal_needed" if legal_hold.kind else "no_proceeding")
        if disposed_on and disposed_on > local_day(services.clock.now(), calendar):
            raise PayloadInvalid("disposal_to_come")
        order_keys = tx.legal_holds.list_order_keys_on_hold(legal_hold_id)
        disposed_at = compute_day_start(disposed_on, services.retention) if disposed_on else None
        tx.legal_holds.record_legal_hold_release(legal_hold_id, actor=actor, disposed_at=disposed_at)
        items = _find_items_under_hold(legal_hold, order_keys, tx)
        item_count = resume_items(items, LEGAL_HOLD_PREFIX + legal_hold_id, tx=tx, services=services)
        for order_key in order_keys:
            tx.notice_items.decide_anew(order_key)
        orders = [(legal_hold.shop, order_key) for order_key in order_keys]
        documents = recompute_expiry_dates(orders, tx=tx, services=services)
        detail: dict[str, object] = {"documents": documents, "entries": item_count}
        if disposed_on:
            detail |= {"kind": legal_hold.kind, "disposed_on": disposed_on.isoformat()}
        tx.tasks.wake_held_tasks(legal_hold.shop)
        _record_hold_fact(Fact.LEGAL_HOLD_RELEASED, legal_hold, tx, actor, reason, **detail)
        _reissue_certificates(legal_hold, order_keys, items, tx, services)
    return LegalHoldResult(legal_hold=legal_hold, orders=len(order_keys), documents=documents, items=item_count)


def _build_legal_hold(shop: str, reference: str, kind: str, actor: str, services: Services) -> LegalHold:
    now = services.clock.now()
    return LegalHold(
        id=services.store.new_id("clm"),
        shop=shop,
        request_id="",
        subject="",
        order_key="",
        reference=reference,
        opened_by=actor,
        opened_at=now,
        review_due_at=_next_review_at(now, services),
        kind=Proceeding(kind) if kind else "",
    )


def _open_or_find_legal_hold(
    legal_hold: LegalHold, order_keys: Sequence[str], reason: str, *, tx: Tx, services: Services
) -> LegalHoldResult:
    active_holds = tx.legal_holds.list_active_legal_holds(
        shop=legal_hold.shop, request_id=legal_hold.request_id, order_keys=() if legal_hold.request_id else order_keys
    )
    for active_hold in active_holds:
        if all(getattr(active_hold, name) == getattr(legal_hold, name) for name in ("reference", "request_id", "kind")):
            order_count = len(tx.legal_holds.list_order_keys_on_hold(active_hold.id))
            return LegalHoldResult(legal_hold=active_hold, orders=order_count, documents=0, items=0, is_new=False)
    tx.legal_holds.open_legal_hold(legal_hold, order_keys)
    items = _find_items_under_hold(legal_hold, order_keys, tx)
    item_count = pause_items(items, LEGAL_HOLD_PREFIX + legal_hold.id, tx=tx, services=services)
    for order_key in order_keys:
        tx.notice_items.decide_anew(order_key)
    orders = [(legal_hold.shop, order_key) for order_key in order_keys]
    documents = recompute_expiry_dates(orders, tx=tx, services=services)
    _record_hold_fact(
        Fact.LEGAL_HOLD_OPENED,
        legal_hold,
        tx,
        legal_hold.opened_by,
        reason,
        review_due_at=legal_hold.review_due_at.isoformat(),
        orders=len(order_keys),
        documents=documents,
        entries=item_count,
        **({"kind": legal_hold.kind} if legal_hold.kind else {}),
    )
    _reissue_certificates(legal_hold, order_keys, items, tx, services)
    return LegalHoldResult(legal_hold=legal_hold, orders=len(order_keys), documents=documents, items=item_count)


def _reissue_certificates(
    legal_hold: LegalHold, order_keys: Sequence[str], items: Sequence[NoticeItem], tx: Tx, services: Services
) -> None:
    """Make the certificates anew of the erasures whose remaining data the hold keeps or released."""
    documents = tx.documents.list_documents_of_order_keys(legal_hold.shop, order_keys)
    ids = {legal_hold.request_id, *(each.request_id for each in documents), *(item.request_id for item in items)}
    reissue_certificates(ids, tx=tx, services=services)


def _find_items_under_hold(legal_hold: LegalHold, order_keys: Sequence[str], tx: Tx) -> list[NoticeItem]:
    """Return the notice items of the hold's request and orders, each once."""
    request_items = tx.notice_items.list_items(request_id=legal_hold.request_id) if legal_hold.request_id else []
    order_items = tx.notice_items.list_items(order_keys=order_keys) if order_keys else []
    return list({item.id: item for item in [*request_items, *order_items]}.values())


def _get_active_legal_hold(legal_hold_id: str, tx: Tx) -> LegalHold:
    legal_hold = tx.legal_holds.find_legal_hold(legal_hold_id)
    if legal_hold is None:
        raise PayloadInvalid("claim_unknown")
    if legal_hold.released_at is not None:
        raise PayloadInvalid("released_already")
    return legal_hold


def _next_review_at(now: datetime, services: Services) -> datetime:
    rule = services.retention.holds.get(GROUND)
    days = rule.args.get("review_every_days", DEFAULT_REVIEW_DAYS) if rule else DEFAULT_REVIEW_DAYS
    return now + timedelta(days=days)


def _record_hold_fact(fact: Fact, legal_hold: LegalHold, tx: Tx, actor: str, reason: str, **detail: object) -> None:
    tx.evidence.append_fact(
        fact,
        shop=legal_hold.shop,
        actor=actor,
        request_id=legal_hold.request_id,
        subject=legal_hold.subject,
        claim=legal_hold.id,
        reference=legal_hold.reference,
        reason=reason,
        **detail,
    )
