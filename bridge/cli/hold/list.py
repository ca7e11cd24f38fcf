"""`hold list`: list what is kept, why and until when; with `--due`, what is destroyed in the next thirty days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import click

from bridge.cli.context import open_command_context
from bridge.cli.hold.hold_view import format_day, group_documents, join_list_values, legal_hold_row, make_day_sort_key
from bridge.cli.options import JSON_OPTION
from bridge.cli.printing import print_table, show
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.steps.retention.accept_policy import iterate_order_retention

DUE_DAYS = 30
DOCUMENT_GROUP_COLUMNS = ("shop", "orders", "documents", "last_day", "erasable_from", "grounds", "needs")
LEGAL_HOLD_COLUMNS = (
    "id",
    "request_id",
    "orders",
    "reference",
    "proceeding",
    "opened_at",
    "review_due_at",
    "approved_by",
)


@click.command("list")
@click.option(
    "--due", is_flag=True, help=f"Only what is destroyed in the next {DUE_DAYS} days, one line per order."
)
@JSON_OPTION
def list_holds_command(due: bool, as_json: bool) -> None:
    """List what is kept: sealed documents by their last day, legal holds by their review. It names no data subject."""
    with open_command_context() as context:
        services = context.services
        now = services.clock.now()
        today = local_day(now, services.retention.calendar)
        if due:
            rows = _list_due_documents(today, services)
        else:
            rows = group_documents(iterate_order_retention(today=today, services=services))
        with context.store.transaction() as tx:
            legal_holds = [
                legal_hold_row(each, now=now, orders=len(tx.legal_holds.list_order_keys_on_hold(each.id)))
                for each in tx.legal_holds.list_active_legal_holds()
            ]
    if due:
        show({"due_within_days": DUE_DAYS, "due": rows}, as_json, _print_due)
    else:
        show({"documents": rows, "claims": legal_holds}, as_json, _print_holds)


def _list_due_documents(today: date, services: Services) -> list[dict[str, Any]]:
    until = today + timedelta(days=DUE_DAYS)
    rows = [
        {
            "shop": shop,
            "documents": [document.id for document in documents],
            "request_id": next((each.request_id for each in documents if each.request_id), None),
            "grounds": list(retention.grounds),
            "last_day": format_day(retention.last_day),
            "erasable_from": format_day(retention.erasable_from),
        }
        for (shop, _), documents, _, retention in iterate_order_retention(today=today, services=services)
        if retention.erasable_from and retention.erasable_from <= until
    ]
    return sorted(rows, key=make_day_sort_key("erasable_from"))


def _print_due(result: Mapping[str, Any]) -> None:
    rows = ({**row, "documents": len(row["documents"])} for row in result["due"])
    print_table(rows, ("erasable_from", "shop", "documents", "request_id"), empty="Nothing is destroyed.")


def _print_holds(result: Mapping[str, Any]) -> None:
    print_table(
        map(join_list_values, result["documents"]), DOCUMENT_GROUP_COLUMNS, empty="No sealed documents."
    )
    click.echo("\nLegal holds")
    print_table(result["claims"], LEGAL_HOLD_COLUMNS, empty="none")
