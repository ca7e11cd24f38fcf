"""Restore: what a restored backup brought back is erased and destroyed again, by the ledger's keys and ids.

One transaction an erasure, with its fact; run again after dying, it goes on. The chain goes on from the restored
database's own head, with a fact that names the range that was lost; then the ledger is told of the new branch.
Keys that reached the age of the retention file in force are not taken back: the ledger does not forget them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from bridge.errors import KeyMissing, NeedsOperator, SealBroken
from bridge.logs import place
from bridge.model import Destroyed, Fact, Head, Kind, Tombstone
from bridge.ports import Services, Tx
from bridge.rules.erasure.tombstone import SUPPRESSION
from bridge.rules.recovery.restored import living
from bridge.rules.retention.holds import local_day
from bridge.steps.notices.open_notice_items import note
from bridge.steps.recovery.ledger_gate import standing
from bridge.steps.retention.accept_policy import in_force
from bridge.steps.retention.expire import over_on

REVIEW = "restored_merge"


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """What came back and what was done about it. `faults` and what is still `left` are for a person.

    `why` is '' where the database is the one that the ledger saw last. `lost` are requests for erasure that the
    database does not know, or cannot read, any more: who asked is erased here, but nobody goes on with what others had to be told.
    """

    why: str
    seen: Head | None
    seq: int
    hash: str
    tombstones: int
    destroyed: int
    removed: Mapping[str, int]
    lost: Sequence[str]
    faults: Sequence[str]
    left: int


def restore(*, actor: str, services: Services, dry_run: bool = False) -> Restored:
    """Compare, erase again, and open the gate. With `dry_run` only compare.

    Raises NeedsOperator where there is no ledger, LedgerUnavailable, StoreUnavailable.
    """
    ledger = services.ledger
    if not ledger.configured:
        raise NeedsOperator("BRIDGE_LEDGER_URL is not set: nothing outside the backup knows who was erased")
    seen, gone = ledger.last_head(), ledger.destroyed()
    keys = living(ledger.tombstones(), gone)
    with services.store.transaction() as tx:
        over = _over_before(tx, services)
        keys = [one for one in keys if over is None or one.erased_at >= over]
        seq, last = tx.restoring.head()
        why = standing(seen, tx)
        lacking, undestroyed = tx.restoring.lacking(keys), tx.restoring.undestroyed(gone)
    removed: Counter[str] = Counter()
    lost: set[str] = set()
    faults: list[str] = []
    left = len(lacking) + len(undestroyed)
    if not dry_run:
        if why and seen:
            _recorded(seen, seq, last, why, actor, services)
        for shop in (one for one in undestroyed if one.kind == "shop"):
            _tried(lambda tx, shop=shop: _shop(shop, actor, tx), removed, faults, services)
        again = {(one.shop, one.request_id) for one in lacking}
        for (shop_name, request_id), group in groupby(keys, key=lambda one: (one.shop, one.request_id)):
            if (shop_name, request_id) in again:
                these = list(group)
                _tried(
                    lambda tx, these=these: _person(these, actor, lost, tx, services),
                    removed,
                    faults,
                    services,
                )
        others = [one for one in undestroyed if one.kind != "shop"]
        if others:
            _tried(lambda tx: _papers(others, actor, tx), removed, faults, services)
        with services.store.transaction() as tx:
            left = len(tx.restoring.lacking(keys)) + len(tx.restoring.undestroyed(gone))
        if why and seen and not faults and not left:
            _open(seen, services)
    return Restored(
        why=why,
        seen=seen,
        seq=seq,
        hash=last,
        tombstones=len(lacking),
        destroyed=len(undestroyed),
        removed=dict(removed),
        lost=sorted(lost),
        faults=faults,
        left=left,
    )


def _over_before(tx: Tx, services: Services) -> datetime | None:
    """The moment before which suppression keys are over; None where nobody accepted the file that says so."""
    if not in_force(tx, services):
        return None
    today = local_day(services.clock.now(), services.retention.calendar)
    return dict(over_on(today, services)).get(SUPPRESSION)


def _recorded(seen: Head, seq: int, last: str, why: str, actor: str, services: Services) -> None:
    with services.store.transaction() as tx:
        tx.restoring.bar(why)
        if not tx.restoring.recorded(seen):
            tx.evidence.append(
                Fact.BACKUP_RESTORED,
                shop="",
                actor=actor,
                why=why,
                database_seq=seq,
                database_hash=last,
                ledger_seq=seen.seq,
                ledger_hash=seen.hash,
                ledger_at=seen.at.isoformat(),
            )


def _tried(deed: Any, removed: Counter[str], faults: list[str], services: Services) -> None:
    """One transaction; what cannot be done is said, and stops nobody else's."""
    try:
        with services.store.transaction() as tx:
            found = deed(tx)
    except NeedsOperator as fault:
        faults.append(place(fault))
        return
    removed.update(found)


def _shop(gone: Destroyed, actor: str, tx: Tx) -> Mapping[str, int]:
    removed = tx.index.erase_shop(gone.shop, request_id=gone.ref)
    tx.restoring.destroy([gone])
    _applied(tx, actor, gone.shop, gone.ref, removed=dict(removed), shop_erased=True)
    return removed


def _person(
    these: Sequence[Tombstone], actor: str, lost: set[str], tx: Tx, services: Services
) -> Mapping[str, int]:
    shop, request_id = these[0].shop, these[0].request_id
    request, parcels = None, []
    with suppress(
        KeyMissing, SealBroken
    ):  # a key that was dropped since: what nobody can read is erased unread
        request, parcels = tx.requests.get(request_id), tx.index.parcels_under(shop, these)
    removed = dict(tx.index.erase_keys(shop, these))
    if request is None:
        lost.add(request_id)
    elif request.kind is Kind.ERASURE:  # it runs again, and its carriers would no longer be found
        note(request, request.principal, parcels, {}, tx=tx, services=services)
    if removed.get("undecided"):
        what = f"{removed['undecided']} orders of a customer that was erased or merged after the backup"
        tx.reviews.open(shop, REVIEW, what, request_id=request_id)
    _applied(tx, actor, shop, request_id, keys=len(these), removed=removed, request_known=request is not None)
    return removed


def _papers(gone: Sequence[Destroyed], actor: str, tx: Tx) -> Mapping[str, int]:
    rows = tx.restoring.destroy(gone)
    _applied(
        tx, actor, "", "", destroyed=dict(Counter(one.kind for one in gone)), removed={"destroyed": rows}
    )
    return {"destroyed": rows}


def _applied(tx: Tx, actor: str, shop: str, request_id: str, **detail: Any) -> None:
    tx.evidence.append(Fact.TOMBSTONES_APPLIED, shop=shop, actor=actor, request_id=request_id, **detail)


def _open(seen: Head, services: Services) -> None:
    """The ledger first: if we die in between, the next look finds the branch known and opens the gate."""
    with services.store.transaction() as tx:
        seq, last = tx.restoring.head()
    services.ledger.put_head(
        Head(
            at=services.clock.now(),
            seq=seq,
            hash=last,
            signature=services.sign(last.encode()),
            restored_from=f"{seen.seq}:{seen.hash}",
        )
    )
    with services.store.transaction() as tx:
        tx.restoring.bar("")
