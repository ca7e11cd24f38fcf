"""`hold sweep`: destroy now what the clock destroys once an hour, or show what would be destroyed on a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import name_shops, open_command_context
from bridge.cli.hold.hold_view import group_documents, join_list_values
from bridge.cli.printing import print_table, show
from bridge.cli.shared.dates import When, when_option
from bridge.cli.shared.progress import show_progress
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.steps.retention.accept_policy import is_policy_pending, iterate_order_retention
from bridge.steps.retention.expire import expire_aged_records, find_expired_categories
from bridge.steps.retention.expire_bodies import expire_bodies_and_packages
from bridge.steps.retention.expire_documents import expire_documents

EXPIRING_COLUMNS = ("shop", "orders", "documents", "erasable_from", "grounds")


@json_command(
    example="hold sweep --dry-run --as-of 2034-04-01\nhold sweep --yes",
    irreversible="What is over is destroyed now, and cannot be restored.",
)
@when_option("--as-of", ahead=True, meaning="Show another day; with --dry-run only.")
@click.option("--dry-run", is_flag=True, help="Show what would be destroyed; change nothing.")
def sweep(as_of: When | None, dry_run: bool) -> None:
    """Destroy now what is over: documents whose day has come, and what reached its age. The clock does it hourly."""
    if as_of and not dry_run:
        raise click.UsageError("--as-of changes nothing: give --dry-run with it")
    with open_command_context() as context:
        services = context.services
        if dry_run:
            today = local_day(services.clock.now(), services.retention.calendar)
            result = _preview_expiry(as_of.resolve_day(context.merchant_zone) if as_of else today, services)
        else:
            result = _expire_now(services)
    show(result, _print_expiry)


def _expire_now(services: Services) -> dict[str, Any]:
    expired = expire_bodies_and_packages(services=services)
    batches, aged = [expire_documents(services=services)], Counter[str]()
    with show_progress("Destroying") as update:
        while batches[-1].has_more:
            batches.append(expire_documents(services=services))
            update(sum(batch.destroyed for batch in batches), "documents")
        while counts := expire_aged_records(services=services):
            aged.update(counts)
            update(aged.total(), "records")
    return {
        "accepted": batches[-1].policy_accepted,
        "documents": sum(batch.destroyed for batch in batches),
        "dated": sum(batch.dated for batch in batches),
        "aged_out": dict(aged),
        "purged": dict(expired),
    }


def _preview_expiry(day: date, services: Services) -> dict[str, Any]:
    rows = group_documents(
        each
        for each in iterate_order_retention(today=day, services=services)
        if each[3].erasable_from is None or each[3].erasable_from <= day
    )
    with services.store.transaction() as tx:
        rows = name_shops(rows, tx)
        accepted = not is_policy_pending(tx, services)
        expired = find_expired_categories(day, services) if accepted else ()
        aged = {category: tx.expiry.count_expired(category, before) for category, before in expired}
    return {
        "as_of": day.isoformat(),
        "dry_run": True,
        "accepted": accepted,
        "documents": [row for row in rows if row["free"]],
        "held_back": [row for row in rows if not row["free"]],
        "aged_out": {category: count for category, count in aged.items() if count},
    }


def _print_expiry(result: Mapping[str, Any]) -> None:
    if not result["accepted"]:
        click.echo("The loaded retention file is not accepted: nothing is destroyed by it. See `hold changes`.")
    if "dry_run" in result:
        print_table(map(join_list_values, result["documents"]), EXPIRING_COLUMNS, empty="No document is destroyed.")
        for row in map(join_list_values, result["held_back"]):
            needs = f" until {row['needs']} is decided" if row["needs"] else ""
            click.echo(f"stays: {row['orders']} orders, {row['grounds']}{needs}")
    else:
        click.echo(f"{result['documents']} documents were destroyed, {result['dated']} got a day.")
    for category, count in result["aged_out"].items():
        click.echo(f"{category}: {count} records reached their age")
