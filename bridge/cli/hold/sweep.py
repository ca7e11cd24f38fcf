"""`hold sweep`: what the clock does once an hour, now; or a look at what would go on a day."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any

import click

from bridge.bootstrap import make_services
from bridge.cli.context import AS_JSON, desk
from bridge.cli.hold.hold_view import grouped, worded
from bridge.cli.null_queue import NoBell
from bridge.cli.printing import emit, table
from bridge.ports import Services
from bridge.rules.retention.holds import local_day
from bridge.steps.retention.accept_policy import waits, walk
from bridge.steps.retention.expire import age, over_on
from bridge.steps.retention.expire_bodies import purge
from bridge.steps.retention.expire_documents import release

GOES = ("shop", "orders", "documents", "erasable_from", "grounds")


@click.command()
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Look at another day; with --dry-run only.")
@click.option("--dry-run", is_flag=True, help="Show what would go; change nothing.")
@AS_JSON
def sweep(as_of: datetime | None, dry_run: bool, as_json: bool) -> None:
    """Destroy now what is over: documents whose day has come, and what reached its age. The clock does it hourly."""
    if as_of and not dry_run:
        raise click.UsageError("--as-of only looks: give --dry-run with it")
    with desk() as at:
        services = make_services(at.start, NoBell(), at.store)
        today = local_day(services.clock.now(), services.retention.calendar)
        told = _look(as_of.date() if as_of else today, services) if dry_run else _act(services)
    if as_json:
        emit(told)
        return
    if not told["accepted"]:
        click.echo("The loaded retention file is not accepted: nothing goes by it. `hold changes` shows why.")
    if dry_run:
        table(map(worded, told["documents"]), GOES, empty="No document goes.")
        for row in map(worded, told["held_back"]):
            needs = f" until {row['needs']} is decided" if row["needs"] else ""
            click.echo(f"stays: {row['orders']} orders, {row['grounds']}{needs}")
    else:
        click.echo(f"{told['documents']} documents destroyed, {told['dated']} dated.")
    for category, count in told["aged_out"].items():
        click.echo(f"{category}: {count} records of age")


def _act(services: Services) -> dict[str, Any]:
    kept_a_while = purge(services=services)
    done = release(services=services)
    dated, destroyed = done.dated, done.destroyed
    while done.more:
        done = release(services=services)
        dated, destroyed = dated + done.dated, destroyed + done.destroyed
    aged: Counter[str] = Counter()
    while gone := age(services=services):
        aged.update(gone)
    return {
        "accepted": done.accepted,
        "documents": destroyed,
        "dated": dated,
        "aged_out": dict(aged),
        "purged": dict(kept_a_while),
    }


def _look(on: date, services: Services) -> dict[str, Any]:
    rows = grouped(
        each
        for each in walk(today=on, services=services)
        if each[3].erasable_from is None or each[3].erasable_from <= on
    )
    with services.store.transaction() as tx:
        accepted = not waits(tx, services)
        over = over_on(on, services) if accepted else ()
        aged = {category: tx.ageing.count(category, before) for category, before in over}
    return {
        "as_of": on.isoformat(),
        "dry_run": True,
        "accepted": accepted,
        "documents": [row for row in rows if row["free"]],
        "held_back": [row for row in rows if not row["free"]],
        "aged_out": {category: count for category, count in aged.items() if count},
    }
