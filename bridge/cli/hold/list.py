"""`hold list`: list what is kept, why and until when; with `--due`, what is destroyed in the next thirty days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import name_shops, open_command_context
from bridge.cli.hold import hold_view as view
from bridge.cli.printing import print_table, show
from bridge.rules.retention.statutory_last_days import local_day
from bridge.steps.retention.accept_policy import iterate_order_retention

DUE_DAYS = 30
DOCUMENT_GROUP_COLUMNS = ("shop", "orders", "documents", "last_day", "erasable_from", "grounds", "needs")
HOLD_COLUMNS = ("id", "request_id", "orders", "reference", "proceeding", "opened_at", "review_due_at", "approved_by")


@json_command("list", example="hold list\nhold list --due --json")
@click.option("--due", is_flag=True, help=f"Only what is destroyed in the next {DUE_DAYS} days, one line per order.")
def list_holds_command(due: bool) -> None:
    """List what is kept: sealed documents by their last day, legal holds by their review. It names no data subject."""
    with open_command_context() as context:
        services = context.services
        now = services.clock.now()
        today = local_day(now, services.retention.calendar)
        kept_orders = iterate_order_retention(today=today, services=services)
        rows = _list_due_documents(today, kept_orders) if due else view.group_documents(kept_orders)
        with context.store.transaction() as tx:
            rows = name_shops(rows, tx)
            holds = [
                view.legal_hold_row(each, now=now, orders=len(tx.legal_holds.list_order_keys_on_hold(each.id)))
                for each in tx.legal_holds.list_active_legal_holds()
            ]
            legal_holds = name_shops(holds, tx)
    if due:
        show({"due_within_days": DUE_DAYS, "due": rows}, _print_due)
    else:
        show({"documents": rows, "claims": legal_holds}, _print_holds)


def _list_due_documents(today: date, kept_orders: Iterable[view.OrderRetention]) -> list[dict[str, Any]]:
    until = today + timedelta(days=DUE_DAYS)
    rows = [
        {
            "shop": shop,
            "documents": [document.id for document in documents],
            "request_id": next((each.request_id for each in documents if each.request_id), None),
            "grounds": list(retention.grounds),
            "last_day": view.format_day(retention.last_day),
            "erasable_from": view.format_day(retention.erasable_from),
        }
        for (shop, _), documents, _, retention in kept_orders
        if retention.erasable_from and retention.erasable_from <= until
    ]
    return sorted(rows, key=view.make_day_sort_key("erasable_from"))


def _print_due(result: Mapping[str, Any]) -> None:
    rows = ({**row, "documents": len(row["documents"])} for row in result["due"])
    print_table(rows, ("erasable_from", "shop", "documents", "request_id"), empty="Nothing is destroyed.")


def _print_holds(result: Mapping[str, Any]) -> None:
    print_table(map(view.join_list_values, result["documents"]), DOCUMENT_GROUP_COLUMNS, empty="No sealed documents.")
    click.echo("\nLegal holds")
    print_table(result["claims"], HOLD_COLUMNS, empty="none")
