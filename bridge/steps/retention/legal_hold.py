"""Claim: a dispute holds back what belongs to it until a person says that it is over.

Held are sealed documents beyond their day, bank details of a refund, and records at processors that were not told
yet (proof of delivery). The bridge's own index is not: nobody needs it in court. Each verb is one transaction
with its fact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bridge.errors import PayloadInvalid
from bridge.model import Entry, Fact, Kind, LegalClaim, Proceeding
from bridge.ports import Services, Tx
from bridge.rules.refunds.settlement import first_moment
from bridge.rules.retention.holds import local_day
from bridge.rules.retention.release import CLAIM as GROUND
from bridge.steps.notices.pause_items import CLAIM, hold_back, let_go
from bridge.steps.retention.expire_documents import date_anew

REVIEW_DAYS = 90  # P-63; a file that does not say keeps it


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A claim with what it holds just now. `new` is False where the same one lived already."""

    claim: LegalClaim
    orders: int
    documents: int
    entries: int
    new: bool = True


def hold_person(
    request_id: str, *, reference: str, actor: str, reason: str, services: Services, kind: str = ""
) -> Held:
    """Hold what belongs to a request's person, as far as it is known. Twice is once.

    Raises PayloadInvalid: `request_unknown`, `names_no_person`.
    """
    with services.store.transaction() as tx:
        request = tx.requests.get(request_id)
        if request is None:
            raise PayloadInvalid("request_unknown")
        if request.kind is Kind.SHOP_ERASURE or not request.subject:
            raise PayloadInvalid("names_no_person")
        claim = _new(request.shop, reference, kind, actor, services)
        claim = replace(claim, request_id=request_id, subject=request.subject)
        return _opened(claim, tx.legal_claims.orders_of(request), reason, tx=tx, services=services)


def hold_order(
    shop: str,
    order_id: str,
    *,
    reference: str,
    actor: str,
    reason: str,
    services: Services,
    kind: str = "",
) -> Held:
    """Hold what belongs to one order; `kind` names a proceeding. Twice is once. Raises PayloadInvalid `order_unreadable`."""
    with services.store.transaction() as tx:
        key = tx.legal_claims.key_of(shop, order_id)
        if not key:
            raise PayloadInvalid("order_unreadable")
        claim = _new(shop, reference, kind, actor, services)
        return _opened(claim, [key], reason, tx=tx, services=services)


def review(claim_id: str, *, actor: str, reason: str, services: Services) -> LegalClaim:
    """Somebody looked: it lives on. Returns it as it stands. Raises PayloadInvalid as `release_claim`."""
    with services.store.transaction() as tx:
        claim = _living(claim_id, tx)
        due_at = _next_review(services.clock.now(), services)
        tx.legal_claims.reviewed(claim_id, actor=actor, due_at=due_at)
        _tell(Fact.HOLD_REVIEWED, claim, tx, actor, reason, review_due_at=due_at.isoformat())
        return _living(claim_id, tx)


def approve(claim_id: str, *, actor: str, reason: str, services: Services) -> LegalClaim:
    """A second person agrees that it lives beyond a year (E-09).

    Raises PayloadInvalid as `release_claim`, and `needs_another_person`.
    """
    with services.store.transaction() as tx:
        claim = _living(claim_id, tx)
        if actor == claim.opened_by:
            raise PayloadInvalid("needs_another_person")
        tx.legal_claims.approved(claim_id, actor=actor)
        _tell(Fact.HOLD_REVIEWED, claim, tx, actor, reason, approved=True)
        return _living(claim_id, tx)


def release_claim(
    claim_id: str, *, actor: str, reason: str, services: Services, disposed_on: date | None = None
) -> Held:
    """It is over: what nothing else holds goes on its way, the documents with the clock's next turn.

    A proceeding needs the day of its final disposal, from which its books are kept on (CGST Act s.36 proviso). Raises
    PayloadInvalid: `claim_unknown`, `released_already`, `disposal_needed`, `no_proceeding`, `disposal_to_come`.
    """
    calendar = services.retention.calendar
    with services.store.transaction() as tx:
        claim = _living(claim_id, tx)
        if bool(claim.kind) != bool(disposed_on):
            raise PayloadInvalid("disposal_needed" if claim.kind else "no_proceeding")
        if disposed_on and disposed_on > local_day(services.clock.now(), calendar):
            raise PayloadInvalid("disposal_to_come")
        orders = tx.legal_claims.orders(claim_id)
        disposed_at = first_moment(disposed_on, services.retention) if disposed_on else None
        tx.legal_claims.released(claim_id, actor=actor, disposed_at=disposed_at)
        entries = let_go(_entries(claim, orders, tx), CLAIM + claim_id, tx=tx, services=services)
        documents = date_anew([(claim.shop, key) for key in orders], tx=tx, services=services)
        said: dict[str, object] = {"documents": documents, "entries": entries}
        if disposed_on:
            said |= {"kind": claim.kind, "disposed_on": disposed_on.isoformat()}
        _tell(Fact.HOLD_RELEASED, claim, tx, actor, reason, **said)
    return Held(claim=claim, orders=len(orders), documents=documents, entries=entries)


def _new(shop: str, reference: str, kind: str, actor: str, services: Services) -> LegalClaim:
    now = services.clock.now()
    return LegalClaim(
        id=services.store.new_id("clm"),
        shop=shop,
        request_id="",
        subject="",
        order_key="",
        reference=reference,
        opened_by=actor,
        opened_at=now,
        review_due_at=_next_review(now, services),
        kind=Proceeding(kind) if kind else "",
    )


def _opened(claim: LegalClaim, keys: Sequence[str], reason: str, *, tx: Tx, services: Services) -> Held:
    known = tx.legal_claims.living(
        shop=claim.shop,
        request_id=claim.request_id,
        order_keys=() if claim.request_id else keys,
    )
    for same in known:
        if (same.reference, same.request_id, same.kind) == (claim.reference, claim.request_id, claim.kind):
            orders = len(tx.legal_claims.orders(same.id))
            return Held(claim=same, orders=orders, documents=0, entries=0, new=False)
    tx.legal_claims.open(claim, keys)
    entries = hold_back(_entries(claim, keys, tx), CLAIM + claim.id, tx=tx, services=services)
    documents = date_anew([(claim.shop, key) for key in keys], tx=tx, services=services)
    _tell(
        Fact.HOLD_OPENED,
        claim,
        tx,
        claim.opened_by,
        reason,
        review_due_at=claim.review_due_at.isoformat(),
        orders=len(keys),
        documents=documents,
        entries=entries,
        **({"kind": claim.kind} if claim.kind else {}),
    )
    return Held(claim=claim, orders=len(keys), documents=documents, entries=entries)


def _entries(claim: LegalClaim, order_keys: Sequence[str], tx: Tx) -> list[Entry]:
    """The records at processors of the claim's person and orders."""
    found = tx.notices.entries(request_id=claim.request_id) if claim.request_id else []
    of_orders = tx.notices.entries(order_keys=order_keys) if order_keys else []
    return list({entry.id: entry for entry in [*found, *of_orders]}.values())


def _living(claim_id: str, tx: Tx) -> LegalClaim:
    claim = tx.legal_claims.get(claim_id)
    if claim is None:
        raise PayloadInvalid("claim_unknown")
    if claim.released_at is not None:
        raise PayloadInvalid("released_already")
    return claim


def _next_review(now: datetime, services: Services) -> datetime:
    rule = services.retention.holds.get(GROUND)
    return now + timedelta(days=rule.args.get("review_every_days", REVIEW_DAYS) if rule else REVIEW_DAYS)


def _tell(fact: Fact, claim: LegalClaim, tx: Tx, actor: str, reason: str, **detail: object) -> None:
    tx.evidence.append(
        fact,
        shop=claim.shop,
        actor=actor,
        request_id=claim.request_id,
        subject=claim.subject,
        claim=claim.id,
        reference=claim.reference,
        reason=reason,
        **detail,
    )
