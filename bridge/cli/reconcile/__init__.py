"""`reconcile`: compare the orders that changed at Shopify with the index, and fill in what no webhook brought."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import CommandContext, name_shops, open_command_context
from bridge.cli.options import SHOP_HELP
from bridge.cli.reconcile.reconcile_view import (
    DETACH_OPTION,
    begin_and_follow,
    list_chosen_shops,
    report_counts,
    show_runs,
)
from bridge.cli.shared.dates import When, when_option
from bridge.model import HoleCounts, OrderSelection, ReconciliationKind
from bridge.steps.index.reconcile.preview_reconciliation import build_selection, preview_reconciliation


@json_command(example="reconcile --dry-run\nreconcile --since 3d --shop your-shop.myshopify.com")
@click.option("--shop", help=f"{SHOP_HELP} [default: all shops of the merchant file]")
@when_option(
    "--since", meaning="Orders that changed since then. [default: six hours before the end of the last comparison]"
)
@click.option("--dry-run", is_flag=True, help="Say what would be filled in; change nothing. Works in this command.")
@DETACH_OPTION
def reconcile(shop: str | None, since: When | None, dry_run: bool, detach: bool) -> None:
    """Compare the orders that changed at Shopify with the index, and fill the holes.

    The clock does it each night. A worker does the work; this command waits for it and shows on stderr how far it is.
    """
    with open_command_context() as context:
        since_at = since.resolve(context.merchant_zone) if since else None
        shops = list_chosen_shops(shop, context)
        if dry_run:
            previews = [_preview(key, context, since_at) for key in shops]
            with context.store.read() as tx:
                rows = name_shops(previews, tx)
        else:
            rows = begin_and_follow(shops, ReconciliationKind.MANUAL, since_at, context, detach=detach)
    show_runs(rows)


def _preview(shop: str, context: CommandContext, since_at: datetime | None) -> dict[str, Any]:
    services = context.services
    usual = build_selection(shop, services=services)
    selection = OrderSelection(since=since_at or usual.since, until=usual.until)

    def report(counts: HoleCounts) -> None:
        report_counts(shop, counts, None)

    counts = preview_reconciliation(shop, selection, services=services, report=report)
    return {"shop": shop, "state": "dry_run", "since": selection.since, "until": selection.until, **asdict(counts)}
