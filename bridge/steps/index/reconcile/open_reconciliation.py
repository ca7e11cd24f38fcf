"""Begin a reconciliation: each night by the clock, or by an operator. A worker does the work, and one per shop runs at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog

from bridge.errors import Retryable
from bridge.logs import describe_exception
from bridge.model import OrderSelection, Reconciliation, ReconciliationKind, ReconciliationProgress, ReconciliationState
from bridge.rules.index.reconcile import choose_since, find_last_night_start
from bridge.services import Services
from bridge.steps.shops.ask_installed import ask_whether_installed

log = structlog.get_logger()


def list_reconciled_shops(services: Services) -> Sequence[str]:
    """Return the keys of the shops whose orders are compared: those of the merchant file, or all known without one."""
    with services.store.read() as tx:
        directory = tx.shop_names.directory
        domains = services.merchant.shops or tuple(name.domain for name in directory.names)
        return tuple(dict.fromkeys(directory.find_key(domain) for domain in domains))


def start_nightly_reconciliations(*, services: Services) -> int:
    """Begin the comparison of each shop whose night has come. Return how many began. Raises StoreUnavailable."""
    return sum(_start_night(shop, services) for shop in list_reconciled_shops(services))


def _start_night(shop: str, services: Services) -> bool:
    now = services.clock.now()
    with services.store.transaction() as tx:
        if not tx.shop_names.directory.list_names(shop):  # the key of a shop of which nothing came is its domain
            tx.shop_names.register_domain(shop)
        first_seen_at = min(name.first_seen_at for name in tx.shop_names.directory.list_names(shop))
        last = tx.reconciliations.find_last_start(shop, ReconciliationKind.NIGHTLY) or first_seen_at
        has_open_erasure = bool(tx.shop_exits.list_open_shop_erasures(shop))
        is_running = tx.reconciliations.find_running(shop) is not None
    night = find_last_night_start(shop, now, services.merchant.clocks.timezone)
    if has_open_erasure or is_running or last >= night:
        return False
    try:
        is_installed = ask_whether_installed(shop, services)
    except Retryable as fault:  # the clock looks again within the hour
        log.warning("reconciliation.not_started", shop=shop, fault=describe_exception(fault))
        return False
    if not is_installed:
        log.info("reconciliation.not_started", shop=shop, fault="app_not_installed")
        return False
    return open_reconciliation(shop, ReconciliationKind.NIGHTLY, None, actor="clock", services=services) is not None


def open_reconciliation(
    shop: str, kind: ReconciliationKind, since: datetime | None, *, actor: str, services: Services
) -> Reconciliation | None:
    """Begin a run of a shop, by its key. Return it; None where another one of the shop runs.

    Without `since` it goes on where the last one ended, with an overlap. A backfill that failed is continued after the last
    order that it compared, if it is begun again for the same day. Raises StoreUnavailable.
    """
    now = services.clock.now()
    is_backfill = kind is ReconciliationKind.BACKFILL
    with services.store.transaction() as tx:
        since = since or choose_since(tx.reconciliations.list_completed_spans(shop), now)
        selection, progress = OrderSelection(since=since, until=now, by_creation=is_backfill), ReconciliationProgress()
        failed = tx.reconciliations.find_last_failed(shop, kind) if is_backfill else None
        if failed and failed.selection.since == since:
            selection, progress = failed.selection, ReconciliationProgress(after=failed.progress.after)
        run = Reconciliation(
            id=services.store.new_id("rcn"),
            shop=shop,
            kind=kind,
            selection=selection,
            state=ReconciliationState.RUNNING,
            actor=actor,
            started_at=now,
            progress=progress,
        )
        is_opened = tx.reconciliations.open_reconciliation(run)
    if not is_opened:
        return None
    services.queue.enqueue("reconcile", run.id)
    return run
