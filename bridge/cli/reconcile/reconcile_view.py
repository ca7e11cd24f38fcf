"""How `reconcile` and `backfill` begin runs, follow them, and print them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import click

from bridge.cli.context import CommandContext, exit_with_error, name_shops
from bridge.cli.printing import print_table, show
from bridge.cli.shared.dates import format_time
from bridge.model import HoleCounts, OrderSelection, Reconciliation, ReconciliationKind, ReconciliationState
from bridge.rules.index.reconcile import VISIBLE_DAYS
from bridge.steps.index.reconcile.open_reconciliation import list_reconciled_shops, open_reconciliation

POLL_S = 1.0
SILENT_POLLS = 60  # without any progress: then the command says that it waits for a worker
RUN_COLUMNS = ("shop", "state", "orders", "missing", "outdated", "parcels", "documents", "erased", "unread", "reason")
DETACH_OPTION = click.option("--detach", is_flag=True, help="Return at once; a worker goes on, and `doctor` shows it.")
NO_WORKER = "Nothing has moved for a minute: is a worker running? Press Ctrl-C to leave; the work goes on by itself."
OLD_ORDERS_HIDDEN = (
    f"Shopify shows this app only the orders of the last {VISIBLE_DAYS} days: it lacks the scope read_all_orders."
    " Older orders are not read, and each access package says so."
)


def list_chosen_shops(shop: str | None, context: CommandContext) -> Sequence[str]:
    """Return the key of this shop, or those of all shops. Raises UsageError."""
    if shop:
        context.require_known_shop(shop)
        return [context.resolve_shop(shop)]
    shops = list_reconciled_shops(context.services)
    if not shops:
        raise click.UsageError("--shop is needed: the merchant file names no shop")
    return shops


def begin_and_follow(
    shops: Iterable[str], kind: ReconciliationKind, since: datetime | None, context: CommandContext, *, detach: bool
) -> list[dict[str, Any]]:
    """Begin a run of each shop, or find the one that runs, and wait for their ends unless `detach`."""
    runs = [_begin(shop, kind, since, context) for shop in shops]
    if not detach:
        runs = [_follow(run, context) for run in runs]
    with context.store.read() as tx:
        return name_shops([describe_run(run) for run in runs], tx)


def _begin(shop: str, kind: ReconciliationKind, since: datetime | None, context: CommandContext) -> Reconciliation:
    run = open_reconciliation(shop, kind, since, actor=context.operator, services=context.services)
    if run is not None:
        return run
    with context.store.read() as tx:
        running = tx.reconciliations.find_running(shop)
    if running is None or running.kind is not kind:
        exit_with_error(f"{shop}: another comparison of its orders runs; `doctor` shows it. Try again once it is done.")
    click.echo(f"{shop}: one runs already since {format_time(running.started_at)}; it is followed.", err=True)
    return running


def _follow(run: Reconciliation, context: CommandContext) -> Reconciliation:
    shown, silent = run, 0
    while run.state is ReconciliationState.RUNNING:
        time.sleep(POLL_S)
        with context.store.read() as tx:
            run = tx.reconciliations.find_reconciliation(run.id) or run
        silent = 0 if run.counts != shown.counts else silent + 1
        if silent == SILENT_POLLS:
            click.echo(NO_WORKER, err=True)
        if run.counts != shown.counts:
            report_counts(run.shop, run.counts, run.progress.expected)
            shown = run
    warn_of_hidden_orders(run.selection, sees_all_orders=run.progress.sees_all_orders, now=run.started_at)
    return run


def warn_of_hidden_orders(selection: OrderSelection, *, sees_all_orders: bool, now: datetime) -> None:
    """Print on stderr that old orders are hidden, where the selection reaches back so far."""
    if not sees_all_orders and selection.since < now - timedelta(days=VISIBLE_DAYS):
        click.echo(OLD_ORDERS_HIDDEN, err=True)


def report_counts(shop: str, counts: HoleCounts, expected: int | None) -> None:
    """Print on stderr how far a run is."""
    of_all = f" of {expected}" if expected else ""
    click.echo(f"{shop}: {counts.orders}{of_all} orders compared, {counts.holes} holes", err=True)


def describe_run(run: Reconciliation) -> dict[str, Any]:
    """Return a run as `--json` shows it."""
    return {
        "id": run.id,
        "shop": run.shop,
        "kind": run.kind,
        "state": run.state,
        "since": run.selection.since,
        "until": run.selection.until,
        "expected": run.progress.expected,
        "sees_all_orders": run.progress.sees_all_orders,
        "denied": list(run.progress.denied),
        "reason": run.last_error,
        **asdict(run.counts),
    }


def show_runs(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the runs; exit with 1 where one failed."""
    show(rows, lambda shown: print_table(shown, RUN_COLUMNS, empty="No shop."))
    if any(row["state"] == ReconciliationState.FAILED for row in rows):
        sys.exit(1)
