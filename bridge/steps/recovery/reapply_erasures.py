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
from bridge.logs import describe_exception
from bridge.model import Destruction, Fact, LedgerHead, RequestKind, Tombstone
from bridge.ports import Services, Tx
from bridge.rules.erasure.tombstone import SUPPRESSION_CATEGORY
from bridge.rules.recovery.restored import filter_live_tombstones
from bridge.rules.retention.holds import local_day
from bridge.steps.notices.open_notice_items import open_notice_items
from bridge.steps.recovery.ledger_gate import compare_with_ledger
from bridge.steps.retention.accept_policy import is_policy_active
from bridge.steps.retention.expire import find_expired_categories

RESTORED_MERGE_REVIEW_KIND = "restored_merge"


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreReport:
    """What came back and what was done about it. `faults` and what is still `left` are for a person.

    `why` is '' where the database is the one that the ledger saw last. `lost` are requests for erasure that the
    database does not know, or cannot read, any more: who asked is erased here, but nobody goes on with what others had to be told.
    """

    why: str
    seen: LedgerHead | None
    seq: int
    hash: str
    tombstones: int
    destroyed: int
    removed: Mapping[str, int]
    lost: Sequence[str]
    faults: Sequence[str]
    left: int


def repair_restored_database(*, actor: str, services: Services, dry_run: bool = False) -> RestoreReport:
    """Compare, erase again, and open the gate. With `dry_run` only compare.

    Raises NeedsOperator where there is no ledger, LedgerUnavailable, StoreUnavailable.
    """
    ledger = services.ledger
    if not ledger.configured:
        raise NeedsOperator("BRIDGE_LEDGER_URL is not set: nothing outside the backup knows who was erased")
    seen, gone = ledger.read_last_head(), ledger.list_destructions()
    keys = filter_live_tombstones(ledger.list_tombstones(), gone)
    with services.store.transaction() as tx:
        over = _find_suppression_cutoff(tx, services)
        keys = [one for one in keys if over is None or one.erased_at >= over]
        seq, last = tx.ledger_state.read_head()
        why = compare_with_ledger(seen, tx)
        lacking, undestroyed = (
            tx.ledger_state.filter_unknown_tombstones(keys),
            tx.ledger_state.filter_unknown_destructions(gone),
        )
    removed: Counter[str] = Counter()
    lost: set[str] = set()
    faults: list[str] = []
    left = len(lacking) + len(undestroyed)
    if not dry_run:
        if why and seen:
            _record_restored_backup(seen, seq, last, why, actor, services)
        for shop in (one for one in undestroyed if one.kind == "shop"):
            _run_in_transaction(
                lambda tx, shop=shop: _erase_shop_again(shop, actor, tx), removed, faults, services
            )
        again = {(one.shop, one.request_id) for one in lacking}
        for (shop_name, request_id), group in groupby(keys, key=lambda one: (one.shop, one.request_id)):
            if (shop_name, request_id) in again:
                these = list(group)
                _run_in_transaction(
                    lambda tx, these=these: _erase_person_again(these, actor, lost, tx, services),
                    removed,
                    faults,
                    services,
                )
        others = [one for one in undestroyed if one.kind != "shop"]
        if others:
            _run_in_transaction(
                lambda tx: _destroy_records_again(others, actor, tx), removed, faults, services
            )
        with services.store.transaction() as tx:
            left = len(tx.ledger_state.filter_unknown_tombstones(keys)) + len(
                tx.ledger_state.filter_unknown_destructions(gone)
            )
        if why and seen and not faults and not left:
            _open_ledger_gate(seen, services)
    return RestoreReport(
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


def _find_suppression_cutoff(tx: Tx, services: Services) -> datetime | None:
    """The moment before which suppression keys are over; None where nobody accepted the file that says so."""
    if not is_policy_active(tx, services):
        return None
    today = local_day(services.clock.now(), services.retention.calendar)
    return dict(find_expired_categories(today, services)).get(SUPPRESSION_CATEGORY)


def _record_restored_backup(
    ledger_head: LedgerHead, seq: int, head_hash: str, reason: str, actor: str, services: Services
) -> None:
    with services.store.transaction() as tx:
        tx.ledger_state.set_gate_reason(reason)
        if not tx.ledger_state.is_restore_recorded(ledger_head):
            tx.evidence.append_fact(
                Fact.BACKUP_RESTORED,
                shop="",
                actor=actor,
                why=reason,
                database_seq=seq,
                database_hash=head_hash,
                ledger_seq=ledger_head.seq,
                ledger_hash=ledger_head.hash,
                ledger_at=ledger_head.at.isoformat(),
            )


def _run_in_transaction(action: Any, removed: Counter[str], faults: list[str], services: Services) -> None:
    """One transaction; what cannot be done is said, and stops nobody else's."""
    try:
        with services.store.transaction() as tx:
            found = action(tx)
    except NeedsOperator as fault:
        faults.append(describe_exception(fault))
        return
    removed.update(found)


def _erase_shop_again(destroyed: Destruction, actor: str, tx: Tx) -> Mapping[str, int]:
    removed = tx.index.erase_shop(destroyed.shop, request_id=destroyed.ref)
    tx.ledger_state.repeat_destructions([destroyed])
    _record_tombstones_applied(
        tx, actor, destroyed.shop, destroyed.ref, removed=dict(removed), shop_erased=True
    )
    return removed


def _erase_person_again(
    tombstones: Sequence[Tombstone], actor: str, lost_request_ids: set[str], tx: Tx, services: Services
) -> Mapping[str, int]:
    shop, request_id = tombstones[0].shop, tombstones[0].request_id
    request, parcels = None, []
    with suppress(
        KeyMissing, SealBroken
    ):  # a key that was dropped since: what nobody can read is erased unread
        request, parcels = (
            tx.requests.get_request(request_id),
            tx.index.list_parcels_by_tombstones(shop, tombstones),
        )
    removed = dict(tx.index.reapply_erasure(shop, tombstones))
    if request is None:
        lost_request_ids.add(request_id)
    elif request.kind is RequestKind.ERASURE:  # it runs again, and its carriers would no longer be found
        open_notice_items(request, request.principal, parcels, {}, tx=tx, services=services)
    if removed.get("undecided"):
        what = f"{removed['undecided']} orders of a customer that was erased or merged after the backup"
        tx.reviews.open_review(shop, RESTORED_MERGE_REVIEW_KIND, what, request_id=request_id)
    _record_tombstones_applied(
        tx, actor, shop, request_id, keys=len(tombstones), removed=removed, request_known=request is not None
    )
    return removed


def _destroy_records_again(destroyed: Sequence[Destruction], actor: str, tx: Tx) -> Mapping[str, int]:
    rows = tx.ledger_state.repeat_destructions(destroyed)
    _record_tombstones_applied(
        tx, actor, "", "", destroyed=dict(Counter(one.kind for one in destroyed)), removed={"destroyed": rows}
    )
    return {"destroyed": rows}


def _record_tombstones_applied(tx: Tx, actor: str, shop: str, request_id: str, **detail: Any) -> None:
    tx.evidence.append_fact(Fact.TOMBSTONES_APPLIED, shop=shop, actor=actor, request_id=request_id, **detail)


def _open_ledger_gate(ledger_head: LedgerHead, services: Services) -> None:
    """The ledger first: if we die in between, the next look finds the branch known and opens the gate."""
    with services.store.transaction() as tx:
        seq, last = tx.ledger_state.read_head()
    services.ledger.append_head(
        LedgerHead(
            at=services.clock.now(),
            seq=seq,
            hash=last,
            signature=services.sign(last.encode()),
            restored_from=f"{ledger_head.seq}:{ledger_head.hash}",
        )
    )
    with services.store.transaction() as tx:
        tx.ledger_state.set_gate_reason("")
