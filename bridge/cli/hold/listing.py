"""`hold list`: what is held, why and until when; with `--due`, what goes in the next thirty days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import click

from bridge.bootstrap import make_services
from bridge.cli.desk import AS_JSON, desk
from bridge.cli.hold.sheet import by_day, claim_row, day, kept_row
from bridge.cli.nobell import NoBell
from bridge.cli.printing import emit, table
from bridge.ports import Services
from bridge.rules.release import Kept
from bridge.rules.retention import local_day
from bridge.steps.adopt import walk

DUE_DAYS = 30
GROUP = ("shop", "orders", "documents", "last_day", "erasable_from", "grounds", "needs")
CLAIM = ("id", "request_id", "orders", "reference", "opened_at", "review_due_at", "approved_by")


@click.command("list")
@click.option("--due", is_flag=True, help=f"Only what goes in the next {DUE_DAYS} days, one line an order.")
@AS_JSON
def list_(due: bool, as_json: bool) -> None:
    """Show what is held: sealed documents by their last day, claims by their review. No person is named."""
    with desk() as at:
        services = make_services(at.start, NoBell(), at.store)
        now = services.clock.now()
        today = local_day(now, services.retention.calendar)
        rows = _due(today, services) if due else _groups(today, services)
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
    table(({**row, **_words(row)} for row in rows), GROUP, empty="No sealed documents.")
    click.echo("\nClaims")
    table(claims, CLAIM, empty="none")


def _words(row: dict[str, Any]) -> dict[str, str]:
    return {"grounds": ", ".join(row["grounds"]), "needs": ", ".join(row["needs"]) or "-"}


def _groups(today: date, services: Services) -> list[dict[str, Any]]:
    """Orders that have shop, grounds and days in common."""
    groups: dict[tuple[str, Kept], list[int]] = {}
    for (shop, _), documents, _, kept in walk(today=today, services=services):
        count = groups.setdefault((shop, kept), [0, 0])
        count[0] += 1
        count[1] += len(documents)
    rows = [
        {
            "shop": shop,
            "orders": orders,
            "documents": documents,
            "law": kept.citation,
            "last_day": day(kept.last_day),
            "erasable_from": day(kept.erasable_from),
            "day_of_law": day(kept.day_of_law),
            "grounds": list(kept.grounds),
            "needs": list(kept.needs),
        }
        for (shop, kept), (orders, documents) in groups.items()
    ]
    return sorted(rows, key=by_day("erasable_from"))


def _due(today: date, services: Services) -> list[dict[str, Any]]:
    until = today + timedelta(days=DUE_DAYS)
    rows = [
        kept_row(shop, documents, kept)
        for (shop, _), documents, _, kept in walk(today=today, services=services)
        if kept.erasable_from and kept.erasable_from <= until
    ]
    return sorted(rows, key=by_day("erasable_from"))
