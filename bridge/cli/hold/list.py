"""`hold list`: what is held, why and until when; with `--due`, what goes in the next thirty days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, open_command_context
from bridge.cli.hold.hold_view import (
    format_day,
    group_documents,
    join_list_values,
    legal_hold_row,
    make_day_sort_key,
)
from bridge.cli.null_queue import NullQueue
from bridge.cli.printing import print_json, print_table
from bridge.ports import Services
from bridge.rules.retention.holds import local_day
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
@click.option("--due", is_flag=True, help=f"Only what goes in the next {DUE_DAYS} days, one line an order.")
@JSON_OPTION
def list_holds_command(due: bool, as_json: bool) -> None:
    """Show what is held: sealed documents by their last day, claims by their review. No person is named."""
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        now = services.clock.now()
        today = local_day(now, services.retention.calendar)
        rows = (
            _list_due_documents(today, services)
            if due
            else group_documents(iterate_order_retention(today=today, services=services))
        )
        with at.store.transaction() as tx:
            claims = [
                legal_hold_row(claim, now=now, orders=len(tx.legal_holds.list_order_keys_on_hold(claim.id)))
                for claim in tx.legal_holds.list_active_legal_holds()
            ]
    if as_json:
        print_json(
            {"due_within_days": DUE_DAYS, "due": rows} if due else {"documents": rows, "claims": claims}
        )
        return
    if due:
        shown = ({**row, "documents": len(row["documents"])} for row in rows)
        print_table(shown, ("erasable_from", "shop", "documents", "request_id"), empty="Nothing goes.")
        return
    print_table(map(join_list_values, rows), DOCUMENT_GROUP_COLUMNS, empty="No sealed documents.")
    click.echo("\nClaims")
    print_table(claims, LEGAL_HOLD_COLUMNS, empty="none")


def _list_due_documents(today: date, services: Services) -> list[dict[str, Any]]:
    until = today + timedelta(days=DUE_DAYS)
    rows = [
        {
            "shop": shop,
            "documents": [document.id for document in documents],
            "request_id": next((each.request_id for each in documents if each.request_id), None),
            "grounds": list(kept.grounds),
            "last_day": format_day(kept.last_day),
            "erasable_from": format_day(kept.erasable_from),
        }
        for (shop, _), documents, _, kept in iterate_order_retention(today=today, services=services)
        if kept.erasable_from and kept.erasable_from <= until
    ]
    return sorted(rows, key=make_day_sort_key("erasable_from"))
