"""`hold list`: what is held, why and until when; with `--due`, what goes in the next thirty days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import click

from bridge.bootstrap import make_services
from bridge.cli.context import AS_JSON, desk
from bridge.cli.hold.hold_view import by_day, claim_row, day, grouped, worded
from bridge.cli.null_queue import NoBell
from bridge.cli.printing import emit, table
from bridge.ports import Services
from bridge.rules.retention.holds import local_day
from bridge.steps.retention.accept_policy import walk

DUE_DAYS = 30
GROUP = ("shop", "orders", "documents", "last_day", "erasable_from", "grounds", "needs")
CLAIM = ("id", "request_id", "orders", "reference", "proceeding", "opened_at", "review_due_at", "approved_by")


@click.command("list")
@click.option("--due", is_flag=True, help=f"Only what goes in the next {DUE_DAYS} days, one line an order.")
@AS_JSON
def list_(due: bool, as_json: bool) -> None:
    """Show what is held: sealed documents by their last day, claims by their review. No person is named."""
    with desk() as at:
        services = make_services(at.start, NoBell(), at.store)
        now = services.clock.now()
        today = local_day(now, services.retention.calendar)
        rows = _due(today, services) if due else grouped(walk(today=today, services=services))
        with at.store.transaction() as tx:
            claims = [
                claim_row(claim, now=now, orders=len(tx.legal_claims.orders(claim.id)))
                for claim in tx.legal_claims.living()
            ]
    if as_json:
        emit({"due_within_days": DUE_DAYS, "due": rows} if due else {"documents": rows, "claims": claims})
        return
    if due:
        shown = ({**row, "documents": len(row["documents"])} for row in rows)
        table(shown, ("erasable_from", "shop", "documents", "request_id"), empty="Nothing goes.")
        return
    table(map(worded, rows), GROUP, empty="No sealed documents.")
    click.echo("\nClaims")
    table(claims, CLAIM, empty="none")


def _due(today: date, services: Services) -> list[dict[str, Any]]:
    until = today + timedelta(days=DUE_DAYS)
    rows = [
        {
            "shop": shop,
            "documents": [document.id for document in documents],
            "request_id": next((each.request_id for each in documents if each.request_id), None),
            "grounds": list(kept.grounds),
            "last_day": day(kept.last_day),
            "erasable_from": day(kept.erasable_from),
        }
        for (shop, _), documents, _, kept in walk(today=today, services=services)
        if kept.erasable_from and kept.erasable_from <= until
    ]
    return sorted(rows, key=by_day("erasable_from"))
