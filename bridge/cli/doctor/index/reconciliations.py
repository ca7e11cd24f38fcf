"""Check the comparisons with Shopify's orders: when each shop was last compared, what was found, what failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.model import CheckResult, Reconciliation, ReconciliationKind, ReconciliationState
from bridge.rules.index.reconcile import OVERDUE_AFTER
from bridge.steps.index.reconcile.open_reconciliation import list_reconciled_shops

NEVER_COMPARED = (
    "orders were never compared with Shopify: the clock does it each night, `python -m bridge reconcile` now"
)
OVERDUE = "the clock, a worker or Shopify's token is missing; then `python -m bridge reconcile`"


@end_without_database
def check_reconciliations(context: CommandContext) -> Iterator[CheckResult]:
    """Yield for each shop its last comparison, and the runs that failed or go on."""
    with context.store.read() as tx:
        latest = tx.reconciliations.list_latest()
        name = tx.shop_names.directory.find_current_name
    now = datetime.now(UTC)
    for shop in list_reconciled_shops(context.services):
        imports = [run for run in latest if run.shop == shop and run.kind is ReconciliationKind.BACKFILL]
        compared = [run for run in latest if run.shop == shop and run.kind is not ReconciliationKind.BACKFILL]
        done = [run for run in compared if run.state is ReconciliationState.DONE]
        yield _check_last(f"{name(shop)} orders compared", done[-1] if done else None, now)
        yield from _check_unfinished(name(shop), "reconcile", compared)
        yield from _check_unfinished(name(shop), "backfill", imports)
        yield from _check_hidden_orders(name(shop), imports)


def _check_unfinished(shop: str, command: str, runs: Sequence[Reconciliation]) -> Iterator[CheckResult]:
    """Yield the newest of these runs where it failed or goes on."""
    for run in runs[-1:]:
        if run.state is ReconciliationState.FAILED:
            detail = f"{run.last_error}; put it right, then `python -m bridge {command}`"
            yield CheckResult(name=f"{shop} {command}", ok=False, detail=detail)
        if run.state is ReconciliationState.RUNNING:
            detail = f"runs: {run.counts.orders} of {run.progress.expected or '?'} orders, {run.counts.holes} holes"
            yield CheckResult(name=f"{shop} {command}", ok=None, detail=detail)


def _check_last(name: str, run: Reconciliation | None, now: datetime) -> CheckResult:
    if run is None or run.finished_at is None:
        return CheckResult(name=name, ok=None, detail=NEVER_COMPARED)
    hours = int((now - run.finished_at).total_seconds() // 3600)
    detail = f"{hours} h ago: {run.counts.orders} orders, {run.counts.holes} holes filled"
    if run.counts.unread or run.progress.denied:
        what = ", ".join(run.progress.denied) or f"{run.counts.unread} orders"
        return CheckResult(name=name, ok=False, detail=f"{detail}; not read: {what}")
    is_overdue = now - run.finished_at > OVERDUE_AFTER
    return CheckResult(name=name, ok=not is_overdue, detail=f"{detail}; {OVERDUE}" if is_overdue else detail)


def _check_hidden_orders(shop: str, imports: Sequence[Reconciliation]) -> Iterator[CheckResult]:
    if imports and not imports[-1].progress.sees_all_orders:
        detail = "only the last 60 days: grant read_all_orders, then `python -m bridge backfill` again"
        yield CheckResult(name=f"{shop} orders imported", ok=False, detail=detail)
