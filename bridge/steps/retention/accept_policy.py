"""Adopt: another retention file shows what it moves before it moves anything (E-12). Asks nobody.

Where no order's documents would go earlier, and no category's age comes nearer, the bridge adopts it by itself;
else nothing is destroyed by it, and no stored day changes, until an operator accepts it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from bridge.errors import PayloadInvalid
from bridge.model import Document, Fact, LawFile, LegalClaim
from bridge.ports import OrderKey, Services, Tx
from bridge.rules.retention.holds import local_day
from bridge.rules.retention.max_ages import Ages, Nearer, ages_of, nearer
from bridge.rules.retention.release import Keeping, Kept, Moved, moved

PAGE = 500
REVIEW = "law_file_changed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What one move has in common: how many orders, their day before and after, what keeps them then."""

    moved: Moved
    old: date | None
    new: date | None
    grounds: tuple[str, ...]


def walk(
    *, today: date, services: Services
) -> Iterator[tuple[OrderKey, Sequence[Document], Sequence[LegalClaim], Kept]]:
    """Every order with its documents, its claims and what keeps them on that day, a page a transaction."""
    keeping = Keeping(today=today, retention=services.retention)
    last: OrderKey | None = None
    while True:
        with services.store.transaction() as tx:
            orders = tx.vault_orders.after(last, limit=PAGE)
            known, claims = tx.vault_orders.documents(orders), tx.legal_claims.on(orders)
        for key, documents in known.items():
            theirs = claims.get(key, ())
            yield key, documents, theirs, keeping.of(documents, theirs)
        if len(orders) < PAGE:
            return
        last = orders[-1]


def changes(*, services: Services) -> Mapping[Change, int]:
    """Orders by how the loaded file moves their day; documents that have no day yet move nowhere."""
    today = local_day(services.clock.now(), services.retention.calendar)
    found: Counter[Change] = Counter()
    for _, documents, _, kept in walk(today=today, services=services):
        days = [document.erasable_from for document in documents if document.law_sha256]
        if days:
            old = None if None in days else max(day for day in days if day)
            how = moved(old, kept.erasable_from, today=today)
            found[Change(moved=how, old=old, new=kept.erasable_from, grounds=kept.grounds)] += 1
    return found


def ages_nearer(accepted: LawFile | None, services: Services) -> Sequence[Nearer]:
    """What reaches its age earlier under the loaded file than under the accepted one."""
    return nearer(accepted.ages, ages_of(services.retention)) if accepted is not None else []


def in_force(tx: Tx, services: Services) -> bool:
    """True where the loaded file is the accepted one."""
    accepted = tx.law_files.accepted()
    return accepted is not None and accepted.sha256 == services.retention.sha256


def waits(tx: Tx, services: Services) -> bool:
    """True where another file is in force than the loaded one; before the first is adopted none waits."""
    return tx.law_files.accepted() is not None and not in_force(tx, services)


def ages_that_bind(tx: Tx, services: Services) -> Sequence[Ages]:
    """The loaded file's ages and, while it waits, the accepted one's: nothing may go before both let it."""
    accepted = tx.law_files.accepted()
    return [ages_of(services.retention), *([accepted.ages] if accepted is not None else [])]


def adopt(*, services: Services) -> bool:
    """True where the loaded file is in force, adopted just now or before; False where an operator must accept it."""
    sha256 = services.retention.sha256
    with services.store.transaction() as tx:
        accepted = tx.law_files.accepted()
        if accepted is not None and accepted.sha256 == sha256:
            _close(tx, actor="bridge", reason="the file in force is loaded")
            return True
        if accepted is not None and _told(tx, sha256):
            return False
    found = changes(services=services) if accepted is not None else {}
    orders, ages = counted(found)[Moved.EARLIER], ages_nearer(accepted, services)
    with services.store.transaction() as tx:
        if not orders and not ages:
            _accept(tx, accepted, found, actor="bridge", reason="no day comes nearer", services=services)
            return True
        _close(tx, actor="bridge", reason="another file is loaded since")
        tx.evidence.append(Fact.LAW_FILE_CHANGED, shop="", **_words(accepted, found, services))
        what = f"{sha256[:16]}: {orders} orders would go earlier"
        if ages:
            what += f", {len({one.category for one in ages})} categories too"
        tx.reviews.open("", REVIEW, what, once=f"{sha256}|{services.clock.now().isoformat()}")
    return False


def accept(*, actor: str, reason: str, services: Services) -> Mapping[Change, int]:
    """An operator accepts the loaded file. Returns what it moves. Raises PayloadInvalid `already_accepted`."""
    with services.store.transaction() as tx:
        accepted = tx.law_files.accepted()
    if accepted is not None and accepted.sha256 == services.retention.sha256:
        raise PayloadInvalid("already_accepted")
    found = changes(services=services)
    with services.store.transaction() as tx:
        _accept(tx, accepted, found, actor=actor, reason=reason, services=services)
    return found


def counted(found: Mapping[Change, int]) -> Mapping[Moved, int]:
    """Orders that move earlier, later, not at all."""
    counts = dict.fromkeys(Moved, 0)
    for change, orders in found.items():
        counts[change.moved] += orders
    return counts


def _accept(
    tx: Tx, was: LawFile | None, found: Mapping[Change, int], *, actor: str, reason: str, services: Services
) -> None:
    retention = services.retention
    tx.law_files.accept(retention.sha256, retention.policy_id, actor=actor, ages=ages_of(retention))
    _close(tx, actor=actor, reason=reason)
    words = _words(was, found, services)
    tx.evidence.append(Fact.LAW_FILE_ACCEPTED, shop="", actor=actor, reason=reason, **words)


def _words(was: LawFile | None, found: Mapping[Change, int], services: Services) -> dict[str, Any]:
    new = [change.new for change in found if change.new]
    return {
        "policy_id": services.retention.policy_id,
        "sha256": services.retention.sha256,
        "was": was.sha256 if was else "",
        **{how.value: orders for how, orders in counted(found).items()},
        "earlier_ages": [f"{one.category}.{one.what}" for one in ages_nearer(was, services)],
        "first_day": min(new).isoformat() if new else None,
        "last_day": max(new).isoformat() if new else None,
    }


def _told(tx: Tx, sha256: str) -> bool:
    return any(review.what.startswith(sha256[:16]) for review in tx.reviews.listed(kind=REVIEW))


def _close(tx: Tx, *, actor: str, reason: str) -> None:
    for review in tx.reviews.listed(kind=REVIEW):
        tx.reviews.close(review.id, actor=actor, reason=reason)
