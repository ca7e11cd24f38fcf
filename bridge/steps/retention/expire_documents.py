"""Release: sealed documents get their day, and go when it has come and nothing holds them. Asks nobody.

Decided at the moment of destroying, from what is linked, what is claimed and the retention file; the stored day
only says where to look. Nothing goes while the file waits to be accepted. Bounded a turn: the caller comes again
while there is `more`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from bridge.model import Document, Fact
from bridge.ports import OrderKey, Services, Tx
from bridge.rules.retention.holds import local_day
from bridge.rules.retention.release import Keeping, Kept
from bridge.steps.retention.accept_policy import adopt, in_force

BATCH = 100  # documents a transaction: a tenth of a second, so that webhooks never wait for it
MOST = 2_000  # documents a turn: a few seconds, so that the clock rings on
Decided = tuple[OrderKey, Sequence[Document], Kept]


@dataclass(frozen=True, kw_only=True, slots=True)
class Released:
    """One turn: documents that got a day, that were destroyed; whether more is to do, and whether it may."""

    accepted: bool
    dated: int = 0
    destroyed: int = 0
    more: bool = False


def release(*, services: Services) -> Released:
    """One turn. Raises NeedsOperator where a destroyed document is still there."""
    if not adopt(services=services):
        return Released(accepted=False)
    sha256, today = services.retention.sha256, local_day(services.clock.now(), services.retention.calendar)
    finds: tuple[Callable[[Tx], Sequence[OrderKey]], ...] = (
        lambda tx: tx.vault_orders.stale(sha256, limit=BATCH),
        lambda tx: tx.vault_orders.due(today, limit=BATCH),
    )
    dated = destroyed = 0
    for find in finds:
        while dated + destroyed < MOST:
            with services.store.transaction() as tx:
                stay, gone = _settle(find(tx), today, tx, services)
            dated, destroyed = dated + stay, destroyed + gone
            if not stay + gone:
                break
    return Released(accepted=True, dated=dated, destroyed=destroyed, more=dated + destroyed >= MOST)


def date_anew(orders: Sequence[OrderKey], *, tx: Tx, services: Services) -> int:
    """Compute the day of these orders again, where the file in force may. Returns how many documents they have."""
    today = local_day(services.clock.now(), services.retention.calendar)
    decided = _decided(orders, today, tx, services)
    if in_force(tx, services):
        _date(decided, tx, services)
    return sum(len(documents) for _, documents, _ in decided)


def _settle(orders: Sequence[OrderKey], today: date, tx: Tx, services: Services) -> tuple[int, int]:
    """Date what stays and destroy what is free. Returns how many documents of each."""
    decided = _decided(orders, today, tx, services)
    stays = [one for one in decided if not one[2].free]
    free = [one for one in decided if one[2].free]
    _date(stays, tx, services)
    gone = tx.documents.destroy([document.id for _, documents, _ in free for document in documents])
    for (shop, _), documents, kept in free:
        tx.evidence.append(
            Fact.DOCUMENT_DESTROYED,
            shop=shop,
            request_id=next((document.request_id for document in documents if document.request_id), ""),
            documents=[document.id for document in documents],
            grounds=list(kept.grounds),
            last_day=kept.last_day.isoformat() if kept.last_day else None,
            verified="re-read",
        )
    return sum(len(documents) for _, documents, _ in stays), gone


def _decided(orders: Sequence[OrderKey], today: date, tx: Tx, services: Services) -> list[Decided]:
    """What keeps each. Documents are locked before claims are read: a claim that is opened meanwhile waits."""
    known = tx.vault_orders.documents(orders, lock=True)
    claims, keeping = tx.legal_claims.on(known), Keeping(today=today, retention=services.retention)
    return [(key, documents, keeping.of(documents, claims.get(key, ()))) for key, documents in known.items()]


def _date(decided: Sequence[Decided], tx: Tx, services: Services) -> None:
    same: dict[tuple[date | None, tuple[str, ...]], list[str]] = {}
    for _, documents, kept in decided:
        ids = same.setdefault((kept.erasable_from, kept.grounds), [])
        ids.extend(document.id for document in documents)
    for (day, grounds), ids in same.items():
        tx.documents.dated(ids, erasable_from=day, grounds=grounds, law_sha256=services.retention.sha256)
