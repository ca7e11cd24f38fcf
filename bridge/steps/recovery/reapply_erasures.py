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
    ledger_head, destructions = ledger.read_last_head(), ledger.list_destructions()
    tombstones = filter_live_tombstones(ledger.list_tombstones(), destructions)
    with services.store.transaction() as tx:
        suppression_cutoff = _find_suppression_cutoff(tx, services)
        tombstones = [
            row for row in tombstones if suppression_cutoff is None or row.erased_at >= suppression_cutoff
        ]
        seq, head_hash = tx.ledger_state.read_head()
        reason = compare_with_ledger(ledger_head, tx)
        missing_tombstones, missing_destructions = (
            tx.ledger_state.filter_unknown_tombstones(tombstones),
            tx.ledger_state.filter_unknown_destructions(destructions),
        )
    removed: Counter[str] = Counter()
    lost_request_ids: set[str] = set()
    faults: list[str] = []
    remaining = len(missing_tombstones) + len(missing_destructions)
    if not dry_run:
        if reason and ledger_head:
            _record_restored_backup(ledger_head, seq, head_hash, reason, actor, services)
        for shop in (row for row in missing_destructions if row.kind == "shop"):
            _run_in_transaction(
                lambda tx, shop=shop: _erase_shop_again(shop, actor, tx), removed, faults, services
            )
        missing_erasures = {(row.shop, row.request_id) for row in missing_tombstones}
        for (shop_name, request_id), group in groupby(tombstones, key=lambda row: (row.shop, row.request_id)):
            if (shop_name, request_id) in missing_erasures:
                these = list(group)
                _run_in_transaction(
                    lambda tx, these=these: _erase_person_again(these, actor, lost_request_ids, tx, services),
                    removed,
                    faults,
                    services,
                )
        record_destructions = [row for row in missing_destructions if row.kind != "shop"]
        if record_destructions:
            _run_in_transaction(
                lambda tx: _destroy_records_again(record_destructions, actor, tx), removed, faults, services
            )
        with services.store.transaction() as tx:
            remaining = len(tx.ledger_state.filter_unknown_tombstones(tombstones)) + len(
                tx.ledger_state.filter_unknown_destructions(destructions)
            )
        if reason and ledger_head and not faults and not remaining:
            _open_ledger_gate(ledger_head, services)
    return RestoreReport(
        why=reason,
        seen=ledger_head,
        seq=seq,
        hash=head_hash,
        tombstones=len(missing_tombstones),
        destroyed=len(missing_destructions),
        removed=dict(removed),
        lost=sorted(lost_request_ids),
        faults=faults,
        left=remaining,
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
            removed_rows = action(tx)
    except NeedsOperator as fault:
        faults.append(describe_exception(fault))
        return
    removed.update(removed_rows)


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
        summary = f"{removed['undecided']} orders of a customer that was erased or merged after the backup"
        tx.reviews.open_review(shop, RESTORED_MERGE_REVIEW_KIND, summary, request_id=request_id)
    _record_tombstones_applied(
        tx, actor, shop, request_id, keys=len(tombstones), removed=removed, request_known=request is not None
    )
    return removed


def _destroy_records_again(destroyed: Sequence[Destruction], actor: str, tx: Tx) -> Mapping[str, int]:
    rows = tx.ledger_state.repeat_destructions(destroyed)
    _record_tombstones_applied(
        tx, actor, "", "", destroyed=dict(Counter(row.kind for row in destroyed)), removed={"destroyed": rows}
    )
    return {"destroyed": rows}


def _record_tombstones_applied(tx: Tx, actor: str, shop: str, request_id: str, **detail: Any) -> None:
    tx.evidence.append_fact(Fact.TOMBSTONES_APPLIED, shop=shop, actor=actor, request_id=request_id, **detail)


def _open_ledger_gate(ledger_head: LedgerHead, services: Services) -> None:
    """The ledger first: if we die in between, the next look finds the branch known and opens the gate."""
    with services.store.transaction() as tx:
        seq, head_hash = tx.ledger_state.read_head()
    services.ledger.append_head(
        LedgerHead(
            at=services.clock.now(),
            seq=seq,
            hash=head_hash,
            signature=services.sign(head_hash.encode()),
            restored_from=f"{ledger_head.seq}:{ledger_head.hash}",
        )
    )
    with services.store.transaction() as tx:
        tx.ledger_state.set_gate_reason("")
