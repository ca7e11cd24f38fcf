"""Repeat the erasures and destructions that a restored backup undid, by the ledger's keys and ids.

Each erasure is a series of short transactions, each with its fact; a second run after a crash continues. The evidence
chain continues from the restored database's own head, with a fact that names the lost range; then the ledger gets the new
branch.
Suppression keys older than their retention period are not restored, although the ledger still has them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from bridge.errors import NeedsOperator
from bridge.logs import describe_exception
from bridge.model import Destruction, Fact, LedgerHead, add_row_counts
from bridge.rules.erasure.tombstone import SUPPRESSION_CATEGORY
from bridge.rules.operations.batch_pace import BatchPace
from bridge.rules.recovery.restored import filter_live_tombstones
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.steps.batches import cut_batches
from bridge.steps.evidence.sign_head import build_ledger_head
from bridge.steps.recovery.ledger_gate import compare_with_ledger
from bridge.steps.recovery.repeat_erasure import repeat_erasure
from bridge.steps.retention.accept_policy import is_policy_active
from bridge.steps.retention.expire import find_expired_categories

if TYPE_CHECKING:
    from bridge.store import Tx

RECORDS_PER_TRANSACTION = 200
ROWS_PER_TRANSACTION, LEAST_ROWS = 150, 60


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreReport:
    """What a restored backup brought back and what was repaired.

    `why` is '' if the database is the one that the ledger saw last; `seen` is the ledger's last head, `seq` and `hash`
    the database's. `kept_orders` stay because a hold keeps them, or their invoice copy is missing. `faults` and the number
    `left` need a person. `lost` are ids of erasure requests that the database
    no longer has or cannot read: the data is erased again, but their notices to processors are not continued.
    """

    why: str
    seen: LedgerHead | None
    seq: int
    hash: str
    tombstones: int
    destroyed: int
    removed: Mapping[str, int]
    kept_orders: int
    lost: Sequence[str]
    faults: Sequence[str]
    left: int


def repair_restored_database(*, actor: str, services: Services, dry_run: bool = False) -> RestoreReport:
    """Compare the database with the ledger, repeat the missing erasures and open the gate.

    With `dry_run` only compare. Raises NeedsOperator if no ledger is set, LedgerUnavailable, StoreUnavailable.
    """
    ledger = services.ledger
    if not ledger.configured:
        raise NeedsOperator("BRIDGE_LEDGER_URL is not set: no record outside the backup shows who was erased")
    ledger_head, destructions = ledger.read_last_head(), ledger.list_destructions()
    tombstones = filter_live_tombstones(ledger.list_tombstones(), destructions)
    with services.store.transaction() as tx:
        suppression_cutoff = _find_suppression_cutoff(tx, services)
        tombstones = [row for row in tombstones if suppression_cutoff is None or row.erased_at >= suppression_cutoff]
        seq, head_hash = tx.ledger_state.read_head()
        reason = compare_with_ledger(ledger_head, tx)
        missing_tombstones = tx.ledger_state.filter_unknown_tombstones(tombstones)
        missing_destructions = tx.ledger_state.filter_unknown_destructions(destructions)
    removed: Counter[str] = Counter()
    kept_orders = 0
    lost_request_ids: set[str] = set()
    faults: list[str] = []
    remaining = len(missing_tombstones) + len(missing_destructions)
    if not dry_run:
        if reason and ledger_head:
            _record_restored_backup(ledger_head, seq, head_hash, reason, actor, services)
        for erased_shop in (row for row in missing_destructions if row.kind == "shop"):
            with _noting_faults(faults):
                _erase_shop_again(erased_shop, actor, removed, services)
        missing_erasures = {(row.shop, row.request_id) for row in missing_tombstones}
        for (shop_name, request_id), group in groupby(tombstones, key=lambda row: (row.shop, row.request_id)):
            if (shop_name, request_id) in missing_erasures:
                with _noting_faults(faults):
                    kept_orders += repeat_erasure(
                        list(group), removed, lost_request_ids, actor=actor, services=services
                    )
        pace = BatchPace(RECORDS_PER_TRANSACTION)
        for batch in cut_batches([row for row in missing_destructions if row.kind != "shop"], pace):
            with _noting_faults(faults), services.store.transaction(pace) as tx:
                removed.update(_destroy_records_again(batch, actor, tx))
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
        kept_orders=kept_orders,
        lost=sorted(lost_request_ids),
        faults=faults,
        left=remaining,
    )


def _find_suppression_cutoff(tx: Tx, services: Services) -> datetime | None:
    """Return the time before which suppression keys have expired; None if the loaded retention file is not accepted."""
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


@contextmanager
def _noting_faults(faults: list[str]) -> Iterator[None]:
    """Add what needs a person to `faults`, without raising it: the rest is repeated all the same."""
    try:
        yield
    except NeedsOperator as fault:
        faults.append(describe_exception(fault))


def _erase_shop_again(destroyed: Destruction, actor: str, removed: Counter[str], services: Services) -> None:
    """Erase a shop again, some rows in each transaction, and add to `removed` how many. What ends it is recorded last."""
    request_id, _, _ = destroyed.ref.partition(".")  # as `build_shop_deletion_ref` makes it
    pace, first, is_finished = BatchPace(ROWS_PER_TRANSACTION, LEAST_ROWS), 0, False
    while not is_finished:
        with services.store.transaction(pace) as tx:
            part, first = tx.shop_eraser.erase_part(
                destroyed.shop,
                request_id=request_id,
                include_held_records=False,
                limit=pace.size,
                first=first,
                is_repeated=True,
            )
            is_finished = sum(part.values()) < pace.size
            detail: dict[str, Any] = {"shop_erased": True} if is_finished else {"unfinished": True}
            if is_finished:
                # searches all once more
                part = add_row_counts(part, tx.shop_eraser.erase_shop(destroyed.shop, request_id=request_id))
                tx.ledger_state.repeat_destructions([destroyed])
            rows = {name: count for name, count in part.items() if name}
            _record_tombstones_applied(tx, actor, destroyed.shop, request_id, removed=rows, **detail)
        removed.update(rows)


def _destroy_records_again(destroyed: Sequence[Destruction], actor: str, tx: Tx) -> Mapping[str, int]:
    removed = {"destroyed": tx.ledger_state.repeat_destructions(destroyed)}
    counts = dict(Counter(row.kind for row in destroyed))
    _record_tombstones_applied(tx, actor, "", "", destroyed=counts, removed=removed)
    return removed


def _record_tombstones_applied(tx: Tx, actor: str, shop: str, request_id: str, **detail: Any) -> None:
    tx.evidence.append_fact(Fact.TOMBSTONES_APPLIED, shop=shop, actor=actor, request_id=request_id, **detail)


def _open_ledger_gate(ledger_head: LedgerHead, services: Services) -> None:
    """Send the new branch to the ledger, then open the gate; after a crash between the two, the next check opens it."""
    with services.store.transaction() as tx:
        seq, head_hash = tx.ledger_state.read_head()
    branch = f"{ledger_head.seq}:{ledger_head.hash}"
    services.ledger.append_head(build_ledger_head(seq, head_hash, services, restored_from=branch))
    with services.store.transaction() as tx:
        tx.ledger_state.set_gate_reason("")
