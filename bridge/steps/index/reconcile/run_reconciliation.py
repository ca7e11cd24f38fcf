"""Work on a reconciliation: read a page at the platform, fill its holes, store how far it is; then the next page.

A job works on it for some seconds, and not while others wait: privacy requests have their turn first. What one page
filled in is committed with the progress, so that a worker that dies repeats one page at most, which changes nothing.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bridge.errors import (
    ConnectorRefused,
    ConnectorThrottled,
    ConnectorUnavailable,
    CredentialRejected,
    Retryable,
    TimeLimitExceeded,
)
from bridge.logs import describe_exception
from bridge.model import Fact, HoleCounts, Lease, OrderPage, Reconciliation, ReconciliationKind, ReconciliationState
from bridge.ports import ListsOrders
from bridge.rules.requests.lifecycle import PLATFORM, compute_retry_pause_s
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.steps.index.reconcile.check_subscriptions import log_subscription_faults
from bridge.steps.index.reconcile.fill_holes import HoleLimits, fill_page
from bridge.steps.retention.expire import find_expired_categories
from bridge.steps.shops.identify_shops import identify_shops
from bridge.telemetry import report_exception

if TYPE_CHECKING:
    from bridge.store import Tx

log = structlog.get_logger()

INDEX_CATEGORY = "parcel_index"
MAX_RUN_S = 20.0  # then the job enqueues itself again, behind those that wait
MAX_ATTEMPTS = 8  # failures in a row until a person must look
SKIP_AFTER_ATTEMPTS = 3  # then orders that the platform cannot serve are counted and left
MAX_EXPORT_WAITS = 60  # of a minute each: then the orders are read by pages
EXPORT_FROM_ORDERS = 500  # ten pages: docs/reconciling.md says what was measured
SHOP_LEAVES, NOT_LISTED = "shop_leaves", "platform_lists_no_orders"


def run_reconciliation(run_id: str, *, services: Services) -> bool:
    """Work on one run for a while. Return False where it is not due or another worker has it.

    Raises LeaseLost, StoreUnavailable, TimeLimitExceeded.
    """
    with services.store.transaction() as tx:
        lease = tx.reconciliations.acquire_lease(run_id)
        run = tx.reconciliations.find_reconciliation(run_id)
    if lease is None or run is None:
        return False
    with services.store.renewing_lease(lease, "reconciliations"):
        try:
            _work(run, lease, services)
        except ConnectorThrottled as fault:
            _wait_for_platform(_reload_run(run, services), lease, fault.retry_after_s or 1.0, services)
        except ConnectorUnavailable as fault:
            _retry_or_fail(_reload_run(run, services), lease, str(fault), services)
        except (ConnectorRefused, CredentialRejected) as fault:
            _end(_reload_run(run, services), lease, ReconciliationState.FAILED, str(fault), services)
        except (Retryable, TimeLimitExceeded):
            raise
        except Exception as fault:  # noqa: BLE001 - a run that breaks each time must not go on for ever
            log.warning("reconciliation.broken", id=run.id, fault=describe_exception(fault))
            report_exception(fault, row=run.id)
            _retry_or_fail(_reload_run(run, services), lease, describe_exception(fault), services)
    return True


def read_hole_limits(shop: str, *, services: Services) -> HoleLimits:
    """Return before when orders of this shop must not come back. Raises StoreUnavailable."""
    today = local_day(services.clock.now(), services.retention.calendar)
    with services.store.read() as tx:
        return HoleLimits(
            shop_erased_at=tx.reconciliations.find_shop_erasure(shop),
            expired_before=dict(find_expired_categories(today, services)).get(INDEX_CATEGORY),
        )


def _reload_run(run: Reconciliation, services: Services) -> Reconciliation:
    """Return the run as it was last stored."""
    with services.store.read() as tx:
        return tx.reconciliations.find_reconciliation(run.id) or run


def _work(run: Reconciliation, lease: Lease, services: Services) -> None:
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, ListsOrders):
        raise ConnectorRefused(NOT_LISTED)
    with services.store.read() as tx:
        if tx.shop_exits.list_open_shop_erasures(run.shop):
            raise ConnectorRefused(SHOP_LEAVES)
    for domain in services.store.read_shop_directory().list_domains(run.shop):
        identify_shops(domain, services=services)
    run = _prepare_run(run, lease, platform, services)
    limits, deadline = (
        read_hole_limits(run.shop, services=services),
        services.clock.now() + timedelta(seconds=MAX_RUN_S),
    )
    with closing(_iterate_pages(run, lease, platform, services)) as pages:
        for page in pages:
            run = _fill(_reload_run(run, services), lease, page, limits, services)
            if page.is_last:
                _end(run, lease, ReconciliationState.DONE, "", services)
                return
            if services.queue.depth() or services.clock.now() > deadline:
                break
    with services.store.transaction() as tx:
        tx.reconciliations.release_lease(lease, run, wake_at=services.clock.now())
    services.queue.enqueue("reconcile", run.id)


def _prepare_run(run: Reconciliation, lease: Lease, platform: ListsOrders, services: Services) -> Reconciliation:
    """Read how many orders there are; of many that are imported, have the platform write a file."""
    progress = run.progress
    if progress.expected is None:
        reach = platform.read_order_reach(run.selection, shop=run.shop)
        can_export = run.kind is ReconciliationKind.BACKFILL and reach.count >= EXPORT_FROM_ORDERS
        progress = replace(progress, expected=reach.count, sees_all_orders=reach.sees_all_orders, can_export=can_export)
        run = _save(replace(run, progress=progress), lease, services)
    if progress.can_export and not progress.export:
        export = platform.start_order_export(run.selection, shop=run.shop)
        run = _save(replace(run, progress=replace(progress, export=export, can_export=bool(export))), lease, services)
    return run


def _iterate_pages(
    run: Reconciliation, lease: Lease, platform: ListsOrders, services: Services
) -> Generator[OrderPage]:
    """Yield the pages of the file, or of the list where there is none or it fails."""
    after, export = run.progress.after, run.progress.export
    skips_failed = run.attempts >= SKIP_AFTER_ATTEMPTS
    if export:
        try:
            for page in platform.read_changed_orders(
                run.selection, shop=run.shop, after=after, export=export, skips_failed=skips_failed
            ):
                yield page
                after = page.after
        except ConnectorRefused as fault:
            log.warning("reconciliation.export_failed", id=run.id, fault=describe_exception(fault))
            _save(_without_export(_reload_run(run, services)), lease, services)
        else:
            return
    yield from platform.read_changed_orders(run.selection, shop=run.shop, after=after, skips_failed=skips_failed)


def _fill(run: Reconciliation, lease: Lease, page: OrderPage, limits: HoleLimits, services: Services) -> Reconciliation:
    """Fill the holes of a page and store the progress, in one transaction; order by order where that fails."""
    try:
        return _fill_at_once(run, lease, page, limits, services)
    except (Retryable, TimeLimitExceeded):
        raise
    except Exception as fault:  # noqa: BLE001 - one order that cannot be stored must not end the rest
        log.warning("reconciliation.page_failed", id=run.id, fault=describe_exception(fault))
    for order in page.orders:
        part = replace(page, orders=(order,), after=run.progress.after, unread=0)
        try:
            run = _fill_at_once(run, lease, part, limits, services)
        except (Retryable, TimeLimitExceeded):
            raise
        except Exception as fault:  # noqa: BLE001 - see above
            log.warning("reconciliation.order_failed", id=run.id, fault=describe_exception(fault))
            report_exception(fault, row=run.id)
            run = replace(run, counts=run.counts.add(HoleCounts(orders=1, unread=1)))
    return _fill_at_once(run, lease, replace(page, orders=()), limits, services)


def _fill_at_once(
    run: Reconciliation, lease: Lease, page: OrderPage, limits: HoleLimits, services: Services
) -> Reconciliation:
    with services.store.transaction() as tx:
        tx.index.lock_shop(run.shop)  # before the lease: who erases the shop takes both in this order
        tx.reconciliations.verify_lease(lease)
        counts = run.counts.add(fill_page(run.shop, page, limits, tx=tx, services=services))
        denied = tuple(dict.fromkeys((*run.progress.denied, *page.denied)))
        progress = replace(run.progress, after=page.after, export=page.export or run.progress.export, denied=denied)
        run = replace(run, counts=counts, progress=progress, attempts=0, last_error="")
        tx.reconciliations.save_progress(lease, run)
    return run


def _save(run: Reconciliation, lease: Lease, services: Services) -> Reconciliation:
    with services.store.transaction() as tx:
        tx.reconciliations.verify_lease(lease)
        tx.reconciliations.save_progress(lease, run)
    return run


def _without_export(run: Reconciliation) -> Reconciliation:
    return replace(run, attempts=0, progress=replace(run.progress, export="", can_export=False))


def _wait_for_platform(run: Reconciliation, lease: Lease, pause_s: float, services: Services) -> None:
    """Try again after the platform's own wish; an export that is not ready after an hour is given up."""
    if run.progress.can_export:
        run = replace(run, attempts=run.attempts + 1)
        run = _without_export(run) if run.attempts > MAX_EXPORT_WAITS else run
    with services.store.transaction() as tx:
        tx.reconciliations.release_lease(lease, run, wake_at=services.clock.now() + timedelta(seconds=pause_s))


def _retry_or_fail(run: Reconciliation, lease: Lease, error: str, services: Services) -> None:
    run = replace(run, attempts=run.attempts + 1, last_error=error)
    if run.attempts >= MAX_ATTEMPTS:
        _end(run, lease, ReconciliationState.FAILED, error, services)
        return
    pause = timedelta(seconds=compute_retry_pause_s(run.attempts, None))
    with services.store.transaction() as tx:
        tx.reconciliations.release_lease(lease, run, wake_at=services.clock.now() + pause)


def _end(run: Reconciliation, lease: Lease, state: ReconciliationState, error: str, services: Services) -> None:
    """End the run with a fact of what it found, and look at the webhook subscriptions of a shop that was read."""
    run = replace(run, state=state, last_error=error, finished_at=services.clock.now())
    if state is ReconciliationState.DONE:  # nothing goes on after this order any more
        run = replace(run, progress=replace(run.progress, after="", export="", can_export=False))
    with services.store.transaction() as tx:
        tx.reconciliations.release_lease(lease, run, wake_at=None)
        _record_end(run, tx)
    counts = {name: count for name, count in asdict(run.counts).items() if count}
    if state is ReconciliationState.FAILED:
        log.warning("reconciliation.failed", id=run.id, shop=run.shop, fault=error, **counts)
        return
    log.info("reconciliation.done", id=run.id, shop=run.shop, holes=run.counts.holes, **counts)
    log_subscription_faults(run.shop, services=services)


def _record_end(run: Reconciliation, tx: Tx) -> None:
    tx.evidence.append_fact(
        Fact.ORDERS_RECONCILED,
        shop=run.shop,
        actor=run.actor if run.actor.startswith("operator:") else "bridge",
        reconciliation=run.id,
        kind=run.kind,
        state=run.state,
        since=run.selection.since.isoformat(),
        until=run.selection.until.isoformat(),
        sees_all_orders=run.progress.sees_all_orders,
        reason=run.last_error,
        **asdict(run.counts),
    )
