"""`hold changes`, `accept`: what another retention file moves, and a person's word that it may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from bridge.bootstrap import make_services
from bridge.cli.context import AS_JSON, desk, operator
from bridge.cli.hold.claims import REASON
from bridge.cli.hold.hold_view import by_day, day, telling, worded
from bridge.cli.null_queue import NoBell
from bridge.cli.printing import emit, table
from bridge.rules.retention.release import Moved
from bridge.steps.retention import accept_policy
from bridge.steps.retention.accept_policy import Change

COLUMNS = ("moved", "orders", "old_day", "new_day", "grounds")
AGES = ("moved", "category", "what", "old", "new")


@click.command()
@AS_JSON
def changes(as_json: bool) -> None:
    """Show what would go earlier or later under the loaded retention file than under the accepted one.

    Documents by their day; categories of which an age or a hold comes nearer.
    """
    with desk() as at:
        services = make_services(at.start, NoBell(), at.store)
        with at.store.transaction() as tx:
            accepted = tx.law_files.accepted()
        found = accept_policy.changes(services=services)
        ages = [
            {"moved": Moved.EARLIER, **asdict(one)} for one in accept_policy.ages_nearer(accepted, services)
        ]
        loaded = services.retention
    in_force = accepted is not None and accepted.sha256 == loaded.sha256
    if as_json:
        emit(
            {
                "policy_id": loaded.policy_id,
                "loaded_sha256": loaded.sha256,
                "accepted_sha256": accepted.sha256 if accepted else None,
                "in_force": in_force,
                "changes": _rows(found),
                "ages": ages,
            }
        )
        return
    click.echo(f"loaded    {loaded.sha256[:16]}  {loaded.policy_id}")
    click.echo(
        f"accepted  {accepted.sha256[:16]}  {accepted.policy_id}, {accepted.accepted_at:%d %b %Y} by {accepted.accepted_by}\n"
        if accepted
        else "accepted  none yet: the clock adopts the loaded one\n"
    )
    table(map(worded, _rows(found)), COLUMNS, empty="No document has a day yet.")
    if ages:
        click.echo()
        table(ages, AGES, empty="")


@click.command()
@REASON
@AS_JSON
def accept(reason: str, as_json: bool) -> None:
    """Accept the loaded retention file: documents get its days, and go when they have come."""
    with desk() as at, telling():
        services = make_services(at.start, NoBell(), at.store)
        with at.store.transaction() as tx:
            ages = accept_policy.ages_nearer(tx.law_files.accepted(), services)
        found = accept_policy.accept(actor=operator(), reason=reason, services=services)
    counts = {how.value: orders for how, orders in accept_policy.counted(found).items()}
    told = {"policy_id": services.retention.policy_id, "sha256": services.retention.sha256}
    if as_json:
        emit({**told, "accepted": True, **counts, "earlier_ages": len(ages)})
    else:
        click.echo(
            f"{told['policy_id']} ({told['sha256'][:16]}) is in force: {counts['earlier']} orders go earlier,"
            f" {counts['later']} later, {counts['same']} as before; {len(ages)} ages and holds come nearer."
        )


def _rows(found: Mapping[Change, int]) -> list[dict[str, Any]]:
    rows = [
        {
            "moved": change.moved,
            "orders": orders,
            "old_day": day(change.old),
            "new_day": day(change.new),
            "grounds": list(change.grounds),
        }
        for change, orders in found.items()
    ]
    return sorted(rows, key=lambda row: (row["moved"], by_day("new_day")(row)))
