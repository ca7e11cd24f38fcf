"""`hold sweep`: what the clock does once an hour, now; or a look at what would go on a day."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, open_command_context
from bridge.cli.hold.hold_view import group_documents, join_list_values
from bridge.cli.null_queue import NullQueue
from bridge.cli.printing import print_json, print_table
from bridge.ports import Services
from bridge.rules.retention.holds import local_day
from bridge.steps.retention.accept_policy import is_policy_pending, iterate_order_retention
from bridge.steps.retention.expire import expire_aged_records, find_expired_categories
from bridge.steps.retention.expire_bodies import expire_bodies_and_packages
from bridge.steps.retention.expire_documents import expire_documents

EXPIRING_COLUMNS = ("shop", "orders", "documents", "erasable_from", "grounds")


@click.command()
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Look at another day; with --dry-run only.")
@click.option("--dry-run", is_flag=True, help="Show what would go; change nothing.")
@JSON_OPTION
def sweep(as_of: datetime | None, dry_run: bool, as_json: bool) -> None:
    """Destroy now what is over: documents whose day has come, and what reached its age. The clock does it hourly."""
    if as_of and not dry_run:
        raise click.UsageError("--as-of only looks: give --dry-run with it")
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        today = local_day(services.clock.now(), services.retention.calendar)
        told = (
            _preview_expiry(as_of.date() if as_of else today, services) if dry_run else _expire_now(services)
        )
    if as_json:
        print_json(told)
        return
    if not told["accepted"]:
        click.echo("The loaded retention file is not accepted: nothing goes by it. `hold changes` shows why.")
    if dry_run:
        print_table(map(join_list_values, told["documents"]), EXPIRING_COLUMNS, empty="No document goes.")
        for row in map(join_list_values, told["held_back"]):
            needs = f" until {row['needs']} is decided" if row["needs"] else ""
            click.echo(f"stays: {row['orders']} orders, {row['grounds']}{needs}")
    else:
        click.echo(f"{told['documents']} documents destroyed, {told['dated']} dated.")
    for category, count in told["aged_out"].items():
        click.echo(f"{category}: {count} records of age")


def _expire_now(services: Services) -> dict[str, Any]:
    kept_a_while = expire_bodies_and_packages(services=services)
    done = expire_documents(services=services)
    dated, destroyed = done.dated, done.destroyed
    while done.has_more:
        done = expire_documents(services=services)
        dated, destroyed = dated + done.dated, destroyed + done.destroyed
    aged: Counter[str] = Counter()
    while gone := expire_aged_records(services=services):
        aged.update(gone)
    return {
        "accepted": done.policy_accepted,
        "documents": destroyed,
        "dated": dated,
        "aged_out": dict(aged),
        "purged": dict(kept_a_while),
    }


def _preview_expiry(day: date, services: Services) -> dict[str, Any]:
    rows = group_documents(
        each
        for each in iterate_order_retention(today=day, services=services)
        if each[3].erasable_from is None or each[3].erasable_from <= day
    )
    with services.store.transaction() as tx:
        accepted = not is_policy_pending(tx, services)
        over = find_expired_categories(day, services) if accepted else ()
        aged = {category: tx.expiry.count_expired(category, before) for category, before in over}
    return {
        "as_of": day.isoformat(),
        "dry_run": True,
        "accepted": accepted,
        "documents": [row for row in rows if row["free"]],
        "held_back": [row for row in rows if not row["free"]],
        "aged_out": {category: count for category, count in aged.items() if count},
    }
