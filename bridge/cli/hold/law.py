"""`hold changes`, `accept`: what another retention file moves, and a person's word that it may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, get_operator, open_command_context
from bridge.cli.hold.claims import REASON_OPTION
from bridge.cli.hold.hold_view import exit_on_invalid_hold, format_day, join_list_values, make_day_sort_key
from bridge.cli.null_queue import NullQueue
from bridge.cli.printing import print_json, print_table
from bridge.rules.retention.release import ReleaseDayChange
from bridge.steps.retention import accept_policy
from bridge.steps.retention.accept_policy import PolicyChange

CHANGE_COLUMNS = ("moved", "orders", "old_day", "new_day", "grounds")
MAX_AGE_COLUMNS = ("moved", "category", "what", "old", "new")


@click.command()
@JSON_OPTION
def changes(as_json: bool) -> None:
    """Show what would go earlier or later under the loaded retention file than under the accepted one.

    Documents by their day; categories of which an age or a hold comes nearer.
    """
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        with at.store.transaction() as tx:
            accepted = tx.retention_policies.find_accepted_policy()
        found = accept_policy.count_policy_changes(services=services)
        ages = [
            {"moved": ReleaseDayChange.EARLIER, **asdict(one)}
            for one in accept_policy.find_earlier_ages(accepted, services)
        ]
        loaded = services.retention
    in_force = accepted is not None and accepted.sha256 == loaded.sha256
    if as_json:
        print_json(
            {
                "policy_id": loaded.policy_id,
                "loaded_sha256": loaded.sha256,
                "accepted_sha256": accepted.sha256 if accepted else None,
                "in_force": in_force,
                "changes": _change_rows(found),
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
    print_table(
        map(join_list_values, _change_rows(found)), CHANGE_COLUMNS, empty="No document has a day yet."
    )
    if ages:
        click.echo()
        print_table(ages, MAX_AGE_COLUMNS, empty="")


@click.command()
@REASON_OPTION
@JSON_OPTION
def accept(reason: str, as_json: bool) -> None:
    """Accept the loaded retention file: documents get its days, and go when they have come."""
    with open_command_context() as at, exit_on_invalid_hold():
        services = make_services(at.configuration, NullQueue(), at.store)
        with at.store.transaction() as tx:
            ages = accept_policy.find_earlier_ages(tx.retention_policies.find_accepted_policy(), services)
        found = accept_policy.accept_policy(actor=get_operator(), reason=reason, services=services)
    counts = {how.value: orders for how, orders in accept_policy.count_by_direction(found).items()}
    told = {"policy_id": services.retention.policy_id, "sha256": services.retention.sha256}
    if as_json:
        print_json({**told, "accepted": True, **counts, "earlier_ages": len(ages)})
    else:
        click.echo(
            f"{told['policy_id']} ({told['sha256'][:16]}) is in force: {counts['earlier']} orders go earlier,"
            f" {counts['later']} later, {counts['same']} as before; {len(ages)} ages and holds come nearer."
        )


def _change_rows(found: Mapping[PolicyChange, int]) -> list[dict[str, Any]]:
    rows = [
        {
            "moved": change.direction,
            "orders": orders,
            "old_day": format_day(change.old_day),
            "new_day": format_day(change.new_day),
            "grounds": list(change.grounds),
        }
        for change, orders in found.items()
    ]
    return sorted(rows, key=lambda row: (row["moved"], make_day_sort_key("new_day")(row)))
