"""`backfill`: import orders that are older than the bridge, with their parcels and invoice copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import CommandContext, name_shops, open_command_context
from bridge.cli.options import SHOP_HELP
from bridge.cli.printing import show
from bridge.cli.reconcile.reconcile_view import (
    DETACH_OPTION,
    begin_and_follow,
    list_chosen_shops,
    show_runs,
    warn_of_hidden_orders,
)
from bridge.cli.shared.dates import When, when_option
from bridge.model import OrderSelection, ReconciliationKind
from bridge.rules.index.reconcile import estimate_duration
from bridge.steps.index.reconcile.preview_reconciliation import read_reach
from bridge.steps.index.reconcile.run_reconciliation import EXPORT_FROM_ORDERS


@json_command(example="backfill --since 2025-04-01 --dry-run\nbackfill --since 2025-04-01 --detach")
@when_option("--since", required=True, meaning="The first day whose orders are imported.")
@click.option("--shop", help=f"{SHOP_HELP} [default: all shops of the merchant file]")
@click.option("--dry-run", is_flag=True, help="Say how many orders there are and how long it takes; import none.")
@DETACH_OPTION
def backfill(since: When, shop: str | None, dry_run: bool, detach: bool) -> None:
    """Import the orders that were placed since a day: parcels, keys of persons and parcels, and invoice copies.

    For the first installation. A worker does the work and goes on after a stop; one that failed continues if it is begun
    again for the same day. This command waits and shows on stderr how far it is.
    """
    with open_command_context() as context:
        since_at = since.resolve(context.merchant_zone)
        shops = list_chosen_shops(shop, context)
        if dry_run:
            with context.store.read() as tx:
                rows = name_shops([_count(key, since_at, context) for key in shops], tx)
        else:
            rows = begin_and_follow(shops, ReconciliationKind.BACKFILL, since_at, context, detach=detach)
    if dry_run:
        show(rows, _print_estimates)
    else:
        show_runs(rows)


def _count(shop: str, since_at: datetime, context: CommandContext) -> dict[str, Any]:
    now = context.services.clock.now()
    selection = OrderSelection(since=since_at, until=now, by_creation=True)
    reach = read_reach(shop, selection, services=context.services)
    warn_of_hidden_orders(selection, sees_all_orders=reach.sees_all_orders, now=now)
    by_export = reach.count >= EXPORT_FROM_ORDERS
    return {
        "shop": shop,
        "state": "dry_run",
        "since": since_at,
        "orders": reach.count,
        "by": "bulk operation" if by_export else "pages",
        "expected_minutes": -(-estimate_duration(reach.count, by_export=by_export).total_seconds() // 60),
        "sees_all_orders": reach.sees_all_orders,
    }


def _print_estimates(rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        minutes = f"about {row['expected_minutes']:.0f} min"
        click.echo(f"{row['shop']}: {row['orders']} orders, {minutes} by {row['by']}")
